"""One pass over bytes: where may a value of the index stand? Compiled; see `native`.

64 bytes become sets of bits in a few instructions, and only what can matter is looked at: words with a dot, long runs of hexadecimal digits,
groups with colons, brackets that defang, escapes, names that are not ASCII. A word is hashed from its end; a last label that ends no name of
the index ends the walk. What passes the filter and the list of hashes is a place for the exact rules (`words`) to judge.

The pass may name a place for nothing; it never passes over a line in which the exact rules would find something (tests/property).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tocsin.matching.colons import colon
from tocsin.matching.letters import AT, BACKSLASH, COLON, DOT, FEED, HIGH, KINDS, SLASH, WORD
from tocsin.matching.native import WIDTH, byte, compiled, first_bit, inlined, leading_zeros, masks, unlocked
from tocsin.matching.tables import flag
from tocsin.matching.tokens import long_run, run

PLAIN: Final = 0
JSON: Final = 1
ZEEK: Final = 2

_FAR = 1024
_ONE: Final = np.uint64(1)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_TOP: Final = np.uint64(1 << 63)
# A run of 32 digits reaches 16 of them to the left or to the right of some byte whose position is a multiple of 32.
_RUN: Final = np.uint64(0xFFFF)
_TO_RUN: Final = np.uint64(48)


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


@compiled
def _line_end(data: Any, at: int, size: int) -> int:
    """Return where the line after the one at `at` begins."""
    while at + WIDTH <= size:
        feeds = masks(data + np.uint64(at))[6]
        if feeds:
            return at + first_bit(feeds) + 1
        at += WIDTH
    while at < size and byte(data, at) != FEED:
        at += 1
    return at + 1


@inlined
def _first_word(
    tables: Any, data: Any, bounds: tuple[int, int, int], words: Any, bits: Any, done: int
) -> tuple[int, int]:
    """Return where the first word is that names something (or -1), and before which position all were looked at."""
    at, start, size = bounds
    while bits:
        shift = first_bit(bits)
        here = at + shift
        if here < done:
            if done - at >= WIDTH:
                break
            bits &= _ALL << np.uint64(done - at)
            continue
        end = here + first_bit(~(words >> np.uint64(shift)))
        if end >= at + WIDTH:
            while end < size and KINDS[byte(data, end)] & WORD:
                end += 1
        others = ~words & ((_ONE << np.uint64(shift)) - _ONE)
        begin = at + WIDTH - leading_zeros(others)
        if others == 0:
            begin = at
            while begin > start and KINDS[byte(data, begin - 1)] & WORD:
                begin -= 1
        done = end
        if run(tables, data, begin, end):
            return here, done
        bits &= bits - _ONE
    return -1, done


# What is found first by one rule may stand behind what another finds; so each is told how far the others came, and the first place is taken.


@inlined
def _first_colon(tables: Any, data: Any, at: int, size: int, bits: Any, place: int) -> int:
    while bits:
        here = at + first_bit(bits)
        bits &= bits - _ONE
        if 0 <= place < here:
            break
        if colon(tables, data, here, size):
            return here
    return place


@inlined
def _first_digest(
    tables: Any, data: Any, at: int, size: int, hexes: tuple[Any, Any], place: int, done: int
) -> tuple[int, int]:
    digits, before = hexes
    for side in range(2):
        right = (digits >> np.uint64(32 * side)) & _RUN == _RUN
        left = (digits >> np.uint64(16) if side else before >> _TO_RUN) & _RUN == _RUN
        here = at + 32 * side - (0 if right else 1)
        if (right or left) and done <= here and not 0 <= place < here:
            found, done = long_run(tables, data, here, size)
            if found:
                return here, done
    return place, done


@inlined
def _first_mark(data: Any, at: int, size: int, escapes: int, bits: Any, place: int) -> int:
    """As the others, for brackets and backslashes."""
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
def _first_foreign(data: Any, at: int, size: int, bits: Any, place: int, done: int) -> tuple[int, int]:
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


@compiled
def scan(
    tables: Any, data: Any, size: int, start: int, escapes: int, pad: Any, places: Any
) -> tuple[int, int]:
    """Write to `places` where something may stand, at most one place a line; return how many, and how far the pass came.

    Args:
        tables: address of what `Tables.described` returned.
        data: address of whole lines, `size` bytes of them.
        size: how many bytes.
        start: where to begin: the beginning of a line.
        escapes: how characters are escaped in `data`.
        pad: room for one step.
        places: room for positions; the pass ends when it is full.
    """
    ipv6, digests, every = flag(tables, 0), flag(tables, 1), flag(tables, 3)
    count = 0
    at = start
    done = foreign_done = run_done = start  # positions below these were looked at
    before = before_hexes = np.uint64(0)  # colons and hexadecimal digits of the step before
    while at < size:
        if at + WIDTH <= size:
            words, dots, hexes, colons, marks, high, _ = masks(data + np.uint64(at))
        else:
            for each in range(WIDTH):
                pad[each] = byte(data, at + each) if at + each < size else 0
            words, dots, hexes, colons, marks, high, _ = masks(np.uint64(pad.ctypes.data))
        place, done = _first_word(tables, data, (at, start, size), words, words if every else dots, done)
        if ipv6:
            near = hexes | colons
            # a colon behind a digit or another colon; before another; or last, where what follows is not seen
            bits = colons & (near << _ONE | before | colons >> _ONE | _TOP)
            place = _first_colon(tables, data, at, size, bits, place)
            before = near >> np.uint64(63)
        if digests:
            place, run_done = _first_digest(tables, data, at, size, (hexes, before_hexes), place, run_done)
            before_hexes = hexes
        place = _first_mark(data, at, size, escapes, marks, place)
        if high:
            place, foreign_done = _first_foreign(data, at, size, high, place, foreign_done)
        at += WIDTH
        if place >= 0:
            places[count] = place
            count += 1
            at = _line_end(data, place, size)
            done = foreign_done = run_done = at
            before = before_hexes = np.uint64(0)
            if count == len(places):
                break
    return count, min(at, size)


@unlocked
def scan_all(tables: Any, blocks: Any, escapes: int, pad: Any, places: Any, ends: Any) -> None:
    """Scan blocks, as addresses and sizes; write places to the rows of `places`, how many and how far the pass came to `ends`."""
    for i in range(len(blocks)):
        count, at = scan(tables, blocks[i, 0], np.int64(blocks[i, 1]), 0, escapes, pad, places[i])
        ends[i, 0] = count
        ends[i, 1] = at


@unlocked
def scan_from(
    tables: Any, data: Any, size: int, start: int, escapes: int, pad: Any, places: Any
) -> tuple[int, int]:
    """As `scan`, for callers that are not compiled."""
    return scan(tables, data, size, start, escapes, pad, places)
