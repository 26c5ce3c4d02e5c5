from __future__ import annotations

import pytest

from tocsin.formats.brackets import Brackets


def end_of(text: bytes, size: int, *, strict: bool = False) -> int | None:
    brackets = Brackets(strict=strict)
    for at in range(0, len(text), size):
        stop = brackets.feed(memoryview(text[at : at + size]))
        if stop is not None:
            return at + stop
    return None


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("value", "rest"),
    [
        (b'{"a":1}', b",{}"),
        (b'{"a":"}"}', b"]"),
        (b'{"a":"\\"}"}', b"]"),
        (b'{"a":"\\\\"}', b',"}"'),
        (b'{"a":"\\\\\\""}', b',"}"'),
        (b'{"a":[{"b":["]"]}]}', b""),
        (b'[[["]"]]]', b"]]"),
        (b'"a{b"', b"}"),
        (b'"\\""', b'"'),
    ],
)
def test_finds_the_end_whatever_the_pieces(value: bytes, rest: bytes, size: int) -> None:
    assert end_of(value + rest, size) == len(value)
    assert end_of(value + rest, size, strict=True) == len(value)


@pytest.mark.parametrize("text", [b'{"a":"', b'{"a":"\\"}', b"[[]", b"{"])
def test_unfinished(text: bytes) -> None:
    assert end_of(text, 1) is None
    assert end_of(text, 100) is None


def test_depth_costs_nothing() -> None:
    deep = b'{"a":' * 200_000 + b"1" + b"}" * 200_000
    assert end_of(deep + b",", 65_536) == len(deep)


@pytest.mark.parametrize("text", [b'{"a":[}', b'{"a":1]', b'{"a": b"}', b'{"a":"b}, {"c":"d"}'])
def test_strict_tells_when_a_quote_or_bracket_is_missing(text: bytes) -> None:
    brackets = Brackets(strict=True)
    assert brackets.feed(memoryview(text)) is None
    assert brackets.mismatch
