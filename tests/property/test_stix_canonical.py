"""Canonical bytes against the `rfc8785` package, a second implementation of RFC 8785."""

from __future__ import annotations

import json
import struct

import orjson
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.errors import LimitError, ParseError
from tocsin.stix.canonical import canonical, encode, measure, number

keys = st.one_of(
    st.text(max_size=6),
    st.text(alphabet='a"\\/\x00\x1f\x7f', max_size=4),
    # Where UTF-16 order and code point order part: surrogate pairs against U+E000 to U+FFFF.
    st.text(alphabet="aé\ud7ff\ue000\uffff\U00010000\U0010ffff", max_size=3),
)
texts = st.one_of(st.text(), st.text(alphabet='a"\\/\b\f\n\r\t\x00\x1f\x7f\u2028<é\U0001f600'))
floats = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70).map(float),
    st.decimals(min_value=-(10**23), max_value=10**23, places=4, allow_nan=False).map(float),
)
# Whole floats that would read back as integers beyond 2^53 are refused; see the module.
floats = floats.filter(lambda value: not 2**53 <= abs(value) < 1e21)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), floats, texts)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5)
)


@given(values)
@settings(max_examples=500)
@example({"\U00010000": 1, "\uffff": 2, "a": 1e21})
@example({"a": {"b": 1.5}, "é": []})
def test_equals_rfc8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(
    st.recursive(
        st.none() | st.booleans() | texts | st.integers(-(2**53) + 1, 2**53 - 1),
        lambda inner: st.lists(inner) | st.dictionaries(keys.filter(str.isascii), inner),
    )
)
@settings(max_examples=300)
def test_the_fast_path_is_taken_and_equals_rfc8785(value):
    fast, _ = measure(value)
    assert fast
    assert encode(value, fast=True) == encode(value, fast=False) == rfc8785.dumps(value)


@given(values)
def test_idempotent_whichever_parser_reads_it(value):
    once = canonical(value)
    assert canonical(json.loads(once)) == once
    assert canonical(orjson.loads(once)) == once


@given(st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack(">d", raw)[0]))
@settings(max_examples=1000)
def test_numbers(value):
    if value - value != 0 or 2**53 <= abs(value) < 1e21:  # NaN, infinity, inexact
        with pytest.raises(ParseError):
            canonical(value)
    else:
        assert canonical(value) == rfc8785.dumps(value)
    if value - value == 0:
        assert number(value).encode() == rfc8785.dumps(value)
        assert float(number(value)) == value


dirty = st.recursive(
    st.one_of(
        scalars,
        st.floats().filter(lambda value: not 2**53 <= abs(value) < 1e21),
        st.integers(-(2**60), 2**60),
        st.text(alphabet=st.characters(exclude_categories=())),
        st.binary(max_size=1),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(alphabet=st.characters(exclude_categories=()), max_size=2) | st.integers(),
            inner,
            max_size=3,
        )
    ),
)


def place(value, pointer):
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


@given(dirty)
@settings(max_examples=500)
def test_refuses_exactly_what_rfc8785_refuses_and_points_at_it(value):
    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(ParseError) as caught:
            canonical(value)
        found = place(value, caught.value.pointer)
        with pytest.raises((rfc8785.CanonicalizationError, UnicodeEncodeError)):
            rfc8785.dumps(found)
    else:
        assert canonical(value) == expected


def count(value):
    if isinstance(value, dict):
        return len(value) + sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, list) else 0


def depth(value):
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(values, st.integers(1, 6))
def test_measure_counts_keys_and_bounds_depth(value, most):
    if depth(value) > most:
        with pytest.raises(LimitError):
            measure(value, most)
    else:
        assert measure(value, most)[1] == count(value)
