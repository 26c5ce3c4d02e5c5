"""Counting in blocks of bytes at the speed of memory; `bytes.count` takes as long for it as the whole scan."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tocsin.matching.native import (
    WIDTH,
    address,
    byte,
    compiled,
    first_bit,
    leading_zeros,
    ones,
    unlocked,
    where,
)

_FEED, _OPENING, _CLOSING, _RETURN = (np.uint8(ord(c)) for c in "\n{}\r")
_ONE: Final = np.uint64(1)
_NONE: Final = np.empty(0, np.int64)


@compiled
def _count(data: Any, letter: Any) -> int:
    address, size = np.uint64(data.ctypes.data), len(data)
    at = count = 0
    while at + WIDTH <= size:
        count += ones(where(address + np.uint64(at), letter))
        at += WIDTH
    while at < size:
        count += byte(address, at) == letter
        at += 1
    return count


def count(data: bytes | memoryview, sought: bytes) -> int:
    """Return how often some bytes, nearly always one, are in others."""
    if len(sought) != 1:
        return bytes(data).count(sought)
    return int(_count(np.frombuffer(data, np.uint8), np.uint8(sought[0])))


def feeds(data: bytes | memoryview) -> int:
    """Return how many line feeds there are."""
    return count(data, b"\n")


@compiled
def _feeds_at(data: Any, at: int, size: int) -> Any:
    """Return which of the 64 bytes from `at` on are line feeds; nothing behind the data is read."""
    if at + WIDTH <= size:
        return where(data + np.uint64(at), _FEED)
    found = np.uint64(0)
    for each in range(at, size):
        if byte(data, each) == _FEED:
            found |= _ONE << np.uint64(each - at)
    return found


@compiled
def _joined(data: Any, at: int, size: int, feeds: Any) -> int:
    """Return how many of some line feeds from `at` on stand between `}` and `{`."""
    count = 0
    while feeds:
        here = at + first_bit(feeds)
        feeds &= feeds - _ONE
        if 0 < here < size - 1:
            count += byte(data, here - 1) == _CLOSING and byte(data, here + 1) == _OPENING
    return count


@compiled
def _sort(places: Any, count: int) -> None:
    """Sort places that are nearly in order."""
    for each in range(1, count):
        place = places[each]
        before = each
        while before > 0 and places[before - 1] > place:
            places[before] = places[before - 1]
            before -= 1
        places[before] = place


@compiled
def _end(data: Any, start: int, feed: int) -> int:
    return feed - 1 if feed > start and byte(data, feed - 1) == _RETURN else feed


@compiled
def lines(data: Any, size: int, places: Any, known: int, found: Any) -> tuple[int, int, int]:
    """Find the lines in which some places are, each once, and count line feeds: in one pass, while the data is near.

    Args:
        data: address of whole lines, `size` bytes of them.
        size: how many bytes.
        places: `known` positions, sorted by this.
        known: how many.
        found: room for as many rows: start and end of a line, without what ends it, and how many lines there are before it.

    Returns:
        How many lines were found; how many line feeds there are; how many of those stand between `}` and `{`.
    """
    _sort(places, known)
    rows = feeds = joined = each = last = 0
    # of the last line found: whether its end was not seen yet, and where the next begins
    is_open, done = False, np.int64(-1)
    for at in range(0, size, WIDTH):
        bits = _feeds_at(data, at, size)
        if is_open and bits:
            feed = at + first_bit(bits)
            found[rows - 1, 1] = _end(data, found[rows - 1, 0], feed)
            is_open, done = False, feed + 1
        while each < known and places[each] < at + WIDTH:
            place = places[each]
            each += 1
            if is_open or place < done:
                continue
            shift = np.uint64(place - at)
            before = bits & ((_ONE << shift) - _ONE)
            start = at + WIDTH - leading_zeros(before) if before else last
            found[rows, 0] = start
            found[rows, 2] = feeds + ones(before)
            rows += 1
            behind = bits >> shift
            if behind:
                feed = place + first_bit(behind)
                found[rows - 1, 1] = _end(data, start, feed)
                done = feed + 1
            else:
                is_open = True
        if bits:
            feeds += ones(bits)
            joined += _joined(data, at, size, bits)
            last = at + WIDTH - leading_zeros(bits)
    if is_open:
        found[rows - 1, 1] = _end(data, found[rows - 1, 0], size)
    return rows, feeds, joined


@unlocked
def _lines(data: Any, size: int, places: Any, found: Any) -> tuple[int, int, int]:
    return lines(data, size, places, len(places), found)


def lines_at(block: bytes, places: Any) -> tuple[Any, int, int]:
    """Return what `lines` says of a block and an array of places: rows of start, end and lines before; line feeds, and those between `}` and `{`."""
    data = np.frombuffer(block, np.uint8)
    found = np.empty((len(places), 3), np.int64)
    rows, feeds, joined = _lines(address(data), len(data), places, found)
    return found[:rows], int(feeds), int(joined)


def joints(block: bytes) -> tuple[int, int]:
    """Return how many line feeds there are, and how many stand between `}` and `{`."""
    return lines_at(block, _NONE)[1:]
