"""One pass over bytes: where may a value of the index stand? Compiled; see `native`.

64 bytes become sets of bits in a few instructions, and only what can matter is looked at: words with a dot, long runs of hexadecimal digits,
groups with colons, brackets that defang, escapes, names that are not ASCII. A word is hashed from its end; a last label that ends no name of
the index ends the walk. What passes the filter and the list of hashes is a place for the exact rules (`words`) to judge. A step ends before a
word that its last byte is in, so that words are whole; those of 64 bytes and more are steps of their own.

The pass may name a place for nothing; it never passes over a line in which the exact rules would find something (tests/property).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tocsin.matching.colons import colon
from tocsin.matching.counting import lines
from tocsin.matching.letters import ALNUM, KINDS, WORD
from tocsin.matching.marks import foreign_place, mark_place
from tocsin.matching.native import (
    WIDTH,
    byte,
    compiled,
    fetch,
    first_bit,
    inlined,
    leading_zeros,
    masks,
    put_byte,
    unlocked,
)
from tocsin.matching.steps import (
    answer,
    ask_digests,
    ask_hexes,
    ask_quads,
    ask_words,
    before_ipv6,
    line_end,
    promising,
)
from tocsin.matching.tables import flag
from tocsin.matching.tokens import long_run, run

_ONE: Final = np.uint64(1)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_FETCHED: Final = 2048  # bytes ahead: a step is over before memory has answered, and nobody else asks in time
_BEHIND = 8  # bytes behind a step that may be read
_SHORTEST_DIGEST = 32
_MOST_ASKED: Final = 256
ROOM: Final = WIDTH // 8 + 2 * _MOST_ASKED
"""How many numbers of 64 bits a pass needs for itself."""
LEAST: Final = _MOST_ASKED + 2 * WIDTH
"""For how many places there must be room."""


@compiled
def _word_end(data: Any, at: int, size: int) -> int:
    while at < size and KINDS[byte(data, at)] & WORD:
        at += 1
    return at


@compiled
def _long_word(tables: Any, data: Any, start: int, end: int, digests: bool) -> bool:
    """Tell whether a word of 64 bytes or more names something, or has a digest in it."""
    if run(tables, data, start, end):
        return True
    begin = start
    at = start
    while digests and at <= end:
        if at == end or not KINDS[byte(data, at)] & ALNUM:
            if at - begin >= _SHORTEST_DIGEST and long_run(tables, data, begin, end)[0]:
                return True
            begin = at + 1
        at += 1
    return False


@inlined
def _colon_place(tables: Any, data: Any, at: int, size: int, bits: Any, place: int) -> int:
    """Return the first place where an address of IPv6 is; `place` or -1 as in what follows, if there is none before it."""
    while bits:
        here = at + first_bit(bits)
        bits &= bits - _ONE
        if 0 <= place < here:
            break
        if colon(tables, data, here, size):
            return here
    return place


@inlined
def _ask_step(
    tables: Any, data: Any, at: int, inside: Any, sets: Any, asked: Any, count: int, flags: Any
) -> tuple[int, int]:
    """As `ask_words`, about those words `inside` a step that may name something. `flags`: mailboxes, words without a dot, unusual last labels."""
    mailboxes, every, unusual = flags
    words, dots, edges, digits, letters = sets
    its = (words, dots, edges, digits)
    if every or unusual:
        bits = (words if every else dots) & inside
        return ask_words(tables, data, at, bits, its, asked, count, (mailboxes, every))
    bits, quads = promising(words, dots, edges, digits, letters)
    count, place = ask_words(tables, data, at, bits & inside, its, asked, count, (mailboxes, every))
    quads &= inside  # a word that ends in this step ends before its last byte
    if quads:
        count, other = ask_quads(tables, data, at, quads, its, asked, count, mailboxes)
        place = other if place < 0 else (place if other < 0 else min(place, other))
    return count, place


@inlined
def _last_place(tables: Any, data: Any, at: int, size: int, bits: Any, sets: Any) -> int:
    """As `ask_words` and `ask_digests`, for the end of the data: nothing behind it is read, and all is answered at once."""
    words, runs = sets
    place = -1
    while bits and place < 0:
        shift = first_bit(bits)
        end = shift + first_bit(~(words >> np.uint64(shift)))
        begin = WIDTH - leading_zeros(~words & ((_ONE << np.uint64(shift)) - _ONE))
        bits &= _ALL << np.uint64(end)
        if run(tables, data, at + begin, at + end):
            place = at + begin
    while runs:
        here = at + first_bit(runs)
        runs &= runs - _ONE
        if 0 <= place < here:
            break
        if long_run(tables, data, here, size)[0]:
            return here
    return place


@compiled
def _to_pad(data: Any, at: int, size: int, pad: Any) -> None:
    for each in range(WIDTH):
        put_byte(pad, each, byte(data, at + each) if at + each < size else np.uint8(0))


@inlined
def _long_runs(hexes: Any) -> Any:
    """Return the beginnings of runs of 32 digits or more."""
    runs = hexes & hexes >> _ONE
    runs &= runs >> np.uint64(2)
    runs &= runs >> np.uint64(4)
    runs &= runs >> np.uint64(8)
    runs &= runs >> np.uint64(16)
    return runs & ~(hexes << _ONE)


@compiled
def scan(
    tables: Any, data: Any, size: int, start: int, escapes: int, room: Any, places: Any
) -> tuple[int, int]:
    """Write to `places` where something may stand, a few places a line at most; return how many, and how far the pass came.

    Args:
        tables: address of what `Tables.described` returned.
        data: address of whole lines, `size` bytes of them.
        size: how many bytes.
        start: where to begin: 0, or how far another pass came.
        escapes: how characters are escaped in `data`.
        room: `ROOM` numbers of 64 bits, for the pass itself.
        places: room for positions, at least `LEAST`; the pass ends when it is full. They are in no order.
    """
    ipv6, digests, every = flag(tables, 0), flag(tables, 1), flag(tables, 3)
    flags = (flag(tables, 2), every, flag(tables, 4))
    pad = np.uint64(room.ctypes.data)
    asked = pad + np.uint64(WIDTH)
    count = found = 0
    at = start
    foreign_done = start  # runs of bytes beyond ASCII were looked at before it
    while at < size and found + LEAST <= len(places):
        near_end = at + WIDTH + _BEHIND > size
        fetch(data, (at + _FETCHED) >> 3)
        if near_end:
            _to_pad(data, at, size, pad)
        words, dots, edges, digit, hexes, colons, marks, high, letters = masks(
            pad if near_end else data + np.uint64(at)
        )
        trailing = leading_zeros(~words)
        if trailing == WIDTH:  # a word that goes on behind this step
            step = _word_end(data, at + WIDTH, size) - at
            place = -1
            if step == WIDTH and hexes == _ALL and not near_end:
                count = ask_hexes(tables, data, at, asked, count, (digests, every))
            elif _long_word(tables, data, at, at + step, digests):
                place = at
        else:
            # the next step begins with the word that this one cuts
            step = WIDTH - trailing
            inside = _ALL >> np.uint64(trailing)
            runs = _long_runs(hexes) & inside if digests else np.uint64(0)
            if near_end:
                bits = (words if every else dots) & inside
                place = _last_place(tables, data, at, size, bits, (words, runs))
            else:
                sets = (words, dots, edges, digit, letters)
                count, place = _ask_step(tables, data, at, inside, sets, asked, count, flags)
                count = ask_digests(tables, data, at, runs, hexes, asked, count)
            if ipv6:
                place = _colon_place(tables, data, at, size, before_ipv6(hexes, colons), place)
            if marks:
                place = mark_place(data, at, size, escapes, marks, place)
            if high:
                place, foreign_done = foreign_place(data, at, size, high, place, foreign_done)
        if count > _MOST_ASKED - 2 * WIDTH:
            found = answer(tables, data, size, asked, count, places, found)
            count = 0
        at += step
        if place >= 0:
            places[found] = place
            found += 1
            at = line_end(data, place, size)
    return answer(tables, data, size, asked, count, places, found), min(at, size)


@unlocked
def scan_all(tables: Any, blocks: Any, escapes: int, room: Any, places: Any, ends: Any, found: Any) -> None:
    """Scan blocks, and find the lines of what is in them.

    Args:
        tables: as in `scan`.
        blocks: address and size of each.
        escapes: as in `scan`.
        room: as in `scan`.
        places: a row for each; what `scan` writes.
        ends: a row for each: how many places, how far the pass came, and, if that is to the end, what `counting.lines` returns.
        found: for each what `counting.lines` writes.
    """
    for i in range(len(blocks)):
        data, size = blocks[i, 0], np.int64(blocks[i, 1])
        count, at = scan(tables, data, size, 0, escapes, room, places[i])
        ends[i, 0] = count
        ends[i, 1] = at
        if at == size:
            ends[i, 2], ends[i, 3], ends[i, 4] = lines(data, size, places[i], count, found[i])


@unlocked
def scan_on(tables: Any, data: Any, start: int, escapes: int, room: Any, places: Any) -> tuple[int, int]:
    """As `scan`, of an array, where there was no more room for places."""
    return scan(tables, np.uint64(data.ctypes.data), len(data), start, escapes, room, places)
