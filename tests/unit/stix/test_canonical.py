from __future__ import annotations

import json
import struct
from enum import IntEnum
from pathlib import Path

import pytest

from tocsin.errors import LimitError, ParseError
from tocsin.stix.canonical import MAX_DEPTH, canonical, encode, measure, number

VECTORS = Path(__file__).parents[2] / "vectors" / "stix" / "canonical"
VALUES = json.loads((VECTORS / "values.json").read_text())
NUMBERS = json.loads((VECTORS / "numbers.json").read_text())


@pytest.mark.parametrize("name", VALUES)
def test_published_values(name):
    case = VALUES[name]
    assert canonical(json.loads(case["input"])).decode() == case["output"]


@pytest.mark.parametrize("bits", NUMBERS)
def test_published_numbers(bits):
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert number(value) == NUMBERS[bits]
    if 2**53 <= abs(value) < 1e21:  # would read back as an integer that is not exact
        with pytest.raises(ParseError):
            canonical([value])
    else:
        assert canonical([value]).decode() == f"[{NUMBERS[bits]}]"


@pytest.mark.parametrize(
    ("value", "pointer", "rule"),
    [
        ({"a": 2**53}, "/a", "json-integer"),
        ({"a": [0, -(2**53)]}, "/a/1", "json-integer"),
        (2**53, "", "json-integer"),
        ({"a/b": {"~": 2**60}}, "/a~1b/~0", "json-integer"),
        ([0, 1e17], "/1", "json-integer"),
        ({"a": -(2.0**53)}, "/a", "json-integer"),
        ([float("nan")], "/0", "json-number"),
        ({"x": {"y": float("inf")}}, "/x/y", "json-number"),
        (float("-inf"), "", "json-number"),
        ({"a": "\ud800"}, "/a", "json-surrogate"),
        ({"a": ["ok", "x\udfffy"]}, "/a/1", "json-surrogate"),
        ({"a": "\ud800", "b": 1.5}, "/a", "json-surrogate"),
        ({"\udc00": 1}, "", "json-surrogate"),
        ("\ud800", "", "json-surrogate"),
        ({"a": {1: 2}}, "/a", "json-key"),
        ({None: 2}, "", "json-key"),
        ({"a": b"bytes"}, "/a", "json-type"),
        ({"a": (1, 2)}, "/a", "json-type"),
        ({"a": {1, 2}}, "/a", "json-type"),
        (object(), "", "json-type"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_place(value, pointer, rule):
    with pytest.raises(ParseError) as caught:
        canonical(value)
    assert (caught.value.pointer, caught.value.rule) == (pointer, rule)


def test_subclasses_are_not_taken_for_what_they_look_like():
    number_like = IntEnum("number_like", "A")
    with pytest.raises(ParseError):
        canonical({"a": number_like.A})


def test_numbers_are_exact_to_the_edge():
    assert canonical([2.0**53 - 1, 1e21, -1e21]) == b"[9007199254740991,1e+21,-1e+21]"
    assert canonical([2**53 - 1, -(2**53) + 1, 0]) == b"[9007199254740991,-9007199254740991,0]"


def test_fast_and_slow_path_write_the_same():
    data = {"b": [True, False, None, {"z": "\u2028\x7f\x00/\u00e9", "a": -1}], "a": {}, "c": []}
    assert measure(data) == (True, 5)
    assert encode(data, fast=True) == encode(data, fast=False) == canonical(data)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, (True, 0)),
        ([], (True, 0)),
        ("text", (True, 0)),
        (1.5, (False, 0)),
        ({"a": 1, "b": {"c": [{"d": 1, "e": {}}]}}, (True, 5)),
        ({"a": 1.0, "b": {"c": 2}}, (False, 3)),
        ({"\u00e9": {"a": 1}}, (False, 2)),
        ([{"\u00e9": 1}, {"\u00e9": 0.5}], (False, 2)),
    ],
)
def test_measure(value, expected):
    assert measure(value, 64) == expected


def nested(depth, wrap):
    value = wrap(None)
    for _ in range(depth - 1):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}, lambda v: [] if v is None else [v]])
def test_depth_is_bounded(wrap):
    canonical(nested(MAX_DEPTH, wrap))
    with pytest.raises(LimitError, match="nested too deep at /"):
        canonical(nested(MAX_DEPTH + 1, wrap))
    with pytest.raises(LimitError):
        measure(nested(5, wrap), 4)


def test_a_very_deep_value_is_a_limit_error_not_a_crash():
    with pytest.raises(LimitError):
        canonical(nested(100_000, lambda v: {"key": v}))


def test_long_pointers_are_cut_in_messages():
    with pytest.raises(LimitError) as caught:
        canonical(nested(MAX_DEPTH + 1, lambda v: {"k" * 1000: v}))
    assert len(str(caught.value)) < 200
