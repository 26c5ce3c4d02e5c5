from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tocsin.errors import FormatError
from tocsin.node.unpacking import AHEAD, Unpacking


def test_everything_comes_in_order_and_the_fault_last() -> None:
    def source() -> Iterator[bytes]:
        yield b"a"
        yield b"b"
        raise FormatError("cut short")

    with Unpacking(source()) as stream:
        assert [next(stream), next(stream)] == [b"a", b"b"]
        with pytest.raises(FormatError, match="cut short"):
            next(stream)
    with Unpacking(iter(())) as stream:
        assert list(stream) == []


def test_what_is_ahead_is_bounded() -> None:
    made = 0
    enough = threading.Event()

    def source() -> Iterator[bytes]:
        nonlocal made
        for _ in range(100):
            made += 1
            if made == 6:  # one more is made than there is room for
                enough.set()
            yield bytes(AHEAD // 4)

    with Unpacking(source()) as stream:
        assert not enough.wait(0.2), "four wait, the fifth found no room"
        assert made == 5
        next(stream)
        assert enough.wait(10)
        assert sum(map(len, stream)) == 99 * (AHEAD // 4)


def test_a_piece_larger_than_the_room_comes_alone() -> None:
    with Unpacking(iter([bytes(3 * AHEAD), b"x", bytes(2 * AHEAD)])) as stream:
        assert [len(each) for each in stream] == [3 * AHEAD, 1, 2 * AHEAD]


def test_whoever_leaves_early_leaves_nobody_behind() -> None:
    closed = threading.Event()

    def source() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(AHEAD)
        finally:
            closed.set()

    before = threading.active_count()
    with Unpacking(source()) as stream:
        next(stream)
    assert closed.wait(10)
    assert threading.active_count() == before
