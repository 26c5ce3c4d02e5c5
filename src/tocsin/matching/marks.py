"""What may hide a value from the scanner: brackets that defang, escapes, bytes beyond ASCII. Compiled; lines with one of them are judged by the exact rules."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tocsin.matching.letters import AT, BACKSLASH, COLON, DOT, HIGH, KINDS, SLASH, WORD
from tocsin.matching.native import byte, compiled, first_bit, inlined

PLAIN: Final = 0
JSON: Final = 1
ZEEK: Final = 2
"""How a log escapes characters: not at all, `\\u0041`, `\\x41`."""

_FAR = 1024
_ONE: Final = np.uint64(1)


@compiled
def _defanged(data: Any, at: int, size: int) -> bool:
    """Tell whether a bracket opens a defanged form: `[.]` `(dot)` `{at}` `[:]` `[://]`."""
    if at + 2 >= size:
        return False
    stop = at + 1
    letter = byte(data, stop)
    if letter == COLON or letter == SLASH:
        while stop < size and stop - at <= 3 and (byte(data, stop) == COLON or byte(data, stop) == SLASH):
            stop += 1
        return stop < size and byte(data, stop) == 93
    if letter == DOT or letter == AT:
        stop += 1
    elif letter | 32 == 97 and byte(data, at + 2) | 32 == 116:  # at
        stop += 2
    elif (
        letter | 32 == 100
        and byte(data, at + 2) | 32 == 111
        and at + 3 < size
        and byte(data, at + 3) | 32 == 116
    ):  # dot
        stop += 3
    else:
        return False
    return stop < size and (byte(data, stop) == 93 or byte(data, stop) == 41 or byte(data, stop) == 125)


@compiled
def _foreign(data: Any, at: int, size: int) -> tuple[bool, int]:
    """Tell whether a byte beyond ASCII may be in a name that has to be encoded (IDNA), and where its run ends."""
    inside = WORD | HIGH
    start = at
    while start > 0 and at - start < _FAR and KINDS[byte(data, start - 1)] & inside:
        start -= 1
    end = at
    while end < size and end - at < _FAR and KINDS[byte(data, end)] & inside:
        end += 1
    for each in range(start, end - 1):
        if byte(data, each) == DOT and byte(data, each + 1) != DOT:
            return True, end
    back = start
    while back > 0 and start - back < _FAR and byte(data, back - 1) != SLASH and byte(data, back - 1) > 32:
        back -= 1
    return back > 1 and byte(data, back - 1) == SLASH and byte(data, back - 2) == SLASH, end


@compiled
def _escape(data: Any, at: int, size: int, escapes: int) -> bool:
    if at + 1 >= size or escapes == PLAIN:
        return False
    return bool(byte(data, at + 1) == 117 if escapes == JSON else byte(data, at + 1) == 120)


@inlined
def mark_place(data: Any, at: int, size: int, escapes: int, bits: Any, place: int) -> int:
    """Return the first of some places in a step at `at`, brackets and backslashes, where something is hidden; `place` or -1, if there is none before it."""
    while bits:
        here = at + first_bit(bits)
        bits &= bits - _ONE
        if 0 <= place < here:
            break
        if (
            _escape(data, here, size, escapes)
            if byte(data, here) == BACKSLASH
            else _defanged(data, here, size)
        ):
            return here
    return place


@inlined
def foreign_place(data: Any, at: int, size: int, bits: Any, place: int, done: int) -> tuple[int, int]:
    """As `mark_place`, for bytes beyond ASCII; runs of them were looked at before `done`."""
    while bits:
        here = at + first_bit(bits)
        bits &= bits - _ONE
        if 0 <= place < here:
            break
        if here >= done:
            found, done = _foreign(data, here, size)
            if found:
                return here, done
    return place, done
