from __future__ import annotations

import re

import msgspec
import pytest

from tocsin.errors import FormatError
from tocsin.formats.window import TRAILING, Broken, Cut, TooLong, Window, skip


def window(data: bytes, size: int = 3) -> Window:
    return Window(data[at : at + size] for at in range(0, len(data), size))


def test_msgspec_says_where_a_value_ends() -> None:
    """All of this package rests on this sentence of msgspec; a new wording must fail here first."""
    with pytest.raises(msgspec.DecodeError) as raised:
        skip(b'{"a":1}  ,{')
    assert str(raised.value) == f"{TRAILING}10)"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    "value", [b'{"a":[1,-2.5e+10,true,null,"\\u00e9\\\\"]}', b"[]", b'"x"', b"-12.5e-3", b"true", b"null"]
)
def test_value(value: bytes, size: int) -> None:
    there = window(value + b" , 1", size)
    assert there.peek() == value[0]
    assert there.value(100) == value
    assert there.peek() == ord(",")
    alone = window(value, size)
    alone.peek()
    assert alone.value(100) == value
    assert alone.peek() == -1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'{"a":', Cut),
        (b'{"a":"', Cut),
        (b"tru", Cut),
        (b'{"a":1,,}', Broken),
        (b'{"a":tru}', Broken),
        (b"-", Broken),
        (b'{"a":' * 3000, Broken),
        (b'{"a":"' + b"x" * 100 + b'"}', TooLong),
        (b'{"a":"' + b"x" * 10_000, TooLong),
    ],
)
def test_value_that_cannot_be_had(text: bytes, fault: type[Exception]) -> None:
    there = window(text, 16)
    there.peek()
    with pytest.raises(fault):
        there.value(50 if fault is TooLong else 10**6)


def test_memory_stays_flat() -> None:
    there = Window(b'{"a":1},' * 1000 for _ in range(100))
    for _ in range(100_000):
        there.peek()
        there.value(100)
        there.peek()
        there.pos += 1
        assert len(there.data) < 20_000


def test_discarding_tells_digest_and_length() -> None:
    import hashlib

    there = window(b"0123456789" * 100, 7)
    there.peek()
    there.begin_discarding()
    assert there.pass_until(re.compile(b"x")) is False
    refusal = there.end_discarding().refusal("f", "r", "why")
    assert (refusal.length, refusal.digest) == (1000, hashlib.sha256(b"0123456789" * 100).hexdigest())
    assert refusal.raw == b"0123456789" * 100


def test_hold_and_seek() -> None:
    there = window(b'[{"a":1},{"b":2}]', 2)
    there.peek()
    there.pos += 1
    begin = there.hold()
    assert there.value(100) == b'{"a":1}'
    assert there.held() == b'{"a":1}'
    there.seek(begin)
    assert there.value(100) == b'{"a":1}'


def test_lines_are_counted_across_windows() -> None:
    there = window(b"1\n22\n\n333", 2)
    seen = []
    while there.peek() != -1:
        seen.append((there.line(), there.value(10)))
    assert seen == [(1, b"1"), (2, b"22"), (4, b"333")]


def test_fault_of_the_stream_ends_it() -> None:
    def chunks():
        yield b'{"a":1}'
        raise FormatError("damaged")

    there = Window(chunks())
    assert there.peek() == ord("{")
    there.pos += 7
    assert there.peek() == -1
    assert isinstance(there.fault, FormatError)
