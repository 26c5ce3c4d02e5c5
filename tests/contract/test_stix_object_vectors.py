"""Objects of every type of STIX 2.1, right ones and wrong ones: each wrong one is refused at the place and by the rule it breaks."""

from __future__ import annotations

import json

import msgspec
import pytest

from mutating_objects import invalid, valid
from tocsin.errors import LimitError, ParseError
from tocsin.stix import parse
from tocsin.stix.canonical import canonical
from tocsin.stix.validation import TYPES

VALID = valid()
INVALID = invalid()
_ID = '"id":"campaign--8f0f3a43-6f7b-4b36-9c0e-0a9b0f1c2d3e"'
_HEAD = f'{{"type":"campaign","spec_version":"2.1",{_ID},"created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z"'


def test_there_is_one_of_every_type() -> None:
    assert {each["type"] for each in VALID.values()} >= set(TYPES)


@pytest.mark.parametrize("name", VALID)
def test_right(name: str) -> None:
    found = parse(json.dumps(VALID[name]).encode())
    assert found.data == VALID[name], "nothing is dropped: custom properties, extensions, unknown types"
    assert found.body == canonical(VALID[name])
    assert parse(found.body) == found
    assert found.id == VALID[name]["id"]


@pytest.mark.parametrize("wrong", INVALID, ids=lambda each: each["fault"])
def test_wrong(wrong: dict) -> None:
    with pytest.raises(ParseError) as caught:
        parse(json.dumps(wrong["object"]).encode())
    assert (caught.value.pointer, caught.value.rule) == (wrong["pointer"], wrong["rule"])


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (f'{_HEAD},"name":"a","name":"b"}}'.encode(), "duplicate-key"),
        (f'{_HEAD},"name":"a","x_in":{{"k":1,"k":1}}}}'.encode(), "duplicate-key"),
        (f'{_HEAD},"name":"a","na\\u006de":"b"}}'.encode(), "duplicate-key"),
        (f'{_HEAD},"name":"'.encode() + b'\xff"}', "utf-8"),
        (f'{_HEAD},"name":"'.encode() + b'\xed\xa0\x80"}', "utf-8"),
        (f'{_HEAD},"name":"\\ud800"}}'.encode(), "json"),
        (f'{_HEAD},"name":"a","x_num":1e400}}'.encode(), "json"),
        (f'{_HEAD},"name":"a","x_num":NaN}}'.encode(), "json"),
        (f'{_HEAD},"name":"a"'.encode(), "json"),
        (f'{_HEAD},"name":"a"}} {{}}'.encode(), "json"),
        (b"\xef\xbb\xbf{}", "json"),
        (b"[]", "json"),
        (b"", "json"),
    ],
)
def test_wrong_bytes(raw: bytes, rule: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(raw)
    assert caught.value.rule == rule


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_too_deep(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    raw = f'{_HEAD},"name":"a","x_deep":{opening * 200}1{closing * 200}}}'
    with pytest.raises(LimitError, match="deep"):
        parse(raw.encode())


def test_too_long() -> None:
    with pytest.raises(LimitError, match="bytes"):
        parse(b'{"a":"' + b"a" * (16 * 1024 * 1024) + b'"}')


def test_several_faults_are_all_told() -> None:
    wrong = VALID["campaign"] | {"name": 1, "aliases": [], "confidence": 200}
    with pytest.raises(ParseError) as caught:
        parse(msgspec.json.encode(wrong))
    assert {issue.pointer for issue in caught.value.issues} == {"/name", "/aliases", "/confidence"}
