"""Logs that are copies of what was read already: `copytruncate` copies a log and then cuts it.

A copy is another file to the system, so a folder seems to hold a new log. It is known by how it begins and by the lines up to where the other was
read. It goes on there: what the log said between the last look and the cut stands in the copy alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Final

from tocsin.store.watched import Position

BITE: Final = 4 * 1024 * 1024
"""Most bytes of one file that are read at once."""
PRINT: Final = 1024
"""Bytes of a fingerprint."""


def begins_as(opened: int, position: Position) -> bool:
    """Tell whether an open file begins as the one that a position is of."""
    return _print(opened, position.length) == position.fingerprint


def is_part(opened: int, size: int, other: int, read: int) -> bool:
    """Tell whether an open file of `size` bytes is the beginning of the `read` bytes of another: a copy on its way."""
    if not PRINT <= size < read:
        return False
    return all(os.pread(opened, PRINT, at) == os.pread(other, PRINT, at) for at in (0, size - PRINT))


def read_of(opened: int, size: int, *, cut: Sequence[Position], whole: Sequence[Position]) -> Position | None:
    """Return how far was read what an open file is a copy of.

    Args:
        opened: the file.
        size: its bytes.
        cut: how far logs were read before they were cut.
        whole: how far others were read. They must begin alike in more than a few lines: two small logs may begin with the same one.
    """
    possible = [
        each for each in (*cut, *(one for one in whole if one.length == PRINT)) if 0 < each.place <= size
    ]
    prints = {length: _print(opened, length) for length in {each.length for each in possible}}
    alike = [
        each
        for each in possible
        if prints[each.length] == each.fingerprint
        and os.pread(opened, 1, each.place - 1) == b"\n"
        and count_lines(opened, each.place) == each.line - 1
    ]
    return max(alike, key=lambda each: each.place, default=None)


def count_lines(opened: int, end: int) -> int:
    """Return how many lines end in the first `end` bytes of an open file."""
    return sum(os.pread(opened, min(BITE, end - at), at).count(b"\n") for at in range(0, end, BITE))


def _print(opened: int, length: int) -> bytes:
    begin = os.pread(opened, length, 0)
    return hashlib.sha256(begin).digest() if len(begin) == length else b""
