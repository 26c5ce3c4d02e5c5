"""What stands in one step of 64 bytes: words and digests become questions to the filter, which are answered later. Compiled.

The filter is larger than what the processor keeps near, so each question waits for memory. Here a question only asks for its word of the filter
and is noted; `answer` looks at many of them once those words have come. What is rare (a word behind `@` or an escape, two dots side by side,
ranges of addresses) is left to `tokens`, which asks at once.

Bits of a step are bytes: bit 0 stands for the byte at its beginning. Up to eight bytes behind a step may be read.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tocsin.matching import hashing
from tocsin.matching.hashing import crossed, finish, hash_near, hash_number, place
from tocsin.matching.letters import ALNUM, AT, BACKSLASH, FEED, KINDS
from tocsin.matching.native import (
    WIDTH,
    byte,
    compiled,
    eight,
    fetch,
    first_bit,
    inlined,
    leading_zeros,
    ones,
    put,
    turned,
    where,
    word,
)
from tocsin.matching.tables import FILTER, LASTS, NEAR4, array, bit, known, last_bit
from tocsin.matching.tokens import ranges4, run

_ONE: Final = np.uint64(1)
_TOP: Final = np.uint64(1 << 63)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_LOW: Final = np.uint64(0x0F0F0F0F0F0F0F0F)
_EACH: Final = np.uint64(0x0101010101010101)


@inlined
def _ask(tables: Any, asked: Any, count: int, hashed: Any, at: int) -> int:
    """Note a question about the value at `at`; return how many there are."""
    words, size = array(tables, FILTER)
    fetch(words, place(hashed, size))
    put(asked, 2 * count, hashed)
    put(asked, 2 * count + 1, np.uint64(at))
    return count + 1


@inlined
def _between(first: int, end: int) -> Any:
    """Return bits `first` to `end`, the last excluded; `first` is less than `end`, `end` at most 64."""
    return (_ALL << np.uint64(first)) & (_ALL >> np.uint64(WIDTH - end))


@inlined
def _octet(data: Any, start: int, end: int) -> Any:
    """Return the number that one to three digits are: one multiplication adds ones, tens and hundreds. Of what is none, some number."""
    # the last digit comes to lie in the highest byte of 32 bits
    digits = (eight(data, start) << (np.uint64(8 * (4 - end + start)) & np.uint64(31))) & np.uint64(
        0x0F0F0F0F
    )
    return (digits * np.uint64(1 + (10 << 8) + (100 << 16))) >> np.uint64(24) & np.uint64(0xFF)


@inlined
def _quad(data: Any, bounds: tuple[int, int, int], dots: Any) -> int:
    """Return the dotted quad that digits and three dots are. What is none is some number: the exact rules refuse it."""
    at, begin, end = bounds
    first = at + first_bit(dots)
    dots &= dots - _ONE
    second = at + first_bit(dots)
    third = at + first_bit(dots & (dots - _ONE))
    high = _octet(data, at + begin, first) << np.uint64(24) | _octet(data, first + 1, second) << np.uint64(16)
    low = _octet(data, second + 1, third) << np.uint64(8) | _octet(data, third + 1, at + end)
    return np.int64(high | low)


@inlined
def _ask_quad(
    tables: Any, data: Any, bounds: tuple[int, int, int], dots: Any, asked: Any, count: int
) -> tuple[int, bool]:
    number = _quad(data, bounds, dots)
    count = _ask(tables, asked, count, hash_number(0, number, hashing.IPV4), bounds[0] + bounds[1])
    return count, bit(word(tables, NEAR4), number >> 16) and ranges4(tables, number)


@inlined
def _name(
    tables: Any, data: Any, bounds: tuple[int, int, int], dots: Any, asked: Any, count: int, every: bool
) -> int:
    """Ask about a word as a name, and each name above it; with `every` as a word, too."""
    at, begin, end = bounds
    last = WIDTH - 1 - leading_zeros(dots) if dots else begin - 1
    state = hash_near(hashing.START, data, at + last + 1, at + end)
    named = dots != 0 and bit(word(tables, LASTS), last_bit(state))
    if not (named or every):
        return count
    while dots:
        dots ^= _ONE << np.uint64(last)
        before = WIDTH - 1 - leading_zeros(dots) if dots else begin - 1
        state = hash_near(crossed(state), data, at + before + 1, at + last)
        if named:
            count = _ask(tables, asked, count, finish(state, hashing.DOMAIN), at + begin)
        last = before
    if named:
        count = _ask(tables, asked, count, finish(state, hashing.NAME), at + begin)
    if every:
        count = _ask(tables, asked, count, finish(state, hashing.WORD), at + begin)
    return count


@inlined
def _one_word(
    tables: Any, data: Any, bounds: tuple[int, int, int], sets: Any, asked: Any, count: int, flags: Any
) -> tuple[int, bool]:
    at, begin, end = bounds
    _, all_dots, edges, digits = sets
    mailboxes, every = flags
    whole = _between(begin, end)
    dots = all_dots & whole
    before = byte(data, at + begin - 1) if at + begin > 0 else np.uint8(0)
    if dots & (dots >> _ONE) or before == BACKSLASH or (before == AT and mailboxes):
        return count, run(tables, data, at + begin, at + end)
    while begin < end and (edges >> np.uint64(begin)) & _ONE:
        begin += 1
    while begin < end and (edges >> np.uint64(end - 1)) & _ONE:
        end -= 1
    if begin == end:
        return count, False
    whole = _between(begin, end)
    dots = all_dots & whole
    if dots == 0 and not every:
        return count, False
    bounds = (at, begin, end)
    last = WIDTH - leading_zeros(dots)  # where the last label begins, if there is another
    others = whole & ~digits
    is_name = False
    if others == dots and ones(dots) == 3:
        count, found = _ask_quad(tables, data, bounds, dots, asked, count)
        if found:
            return count, True
    elif dots and others >> np.uint64(last) == 0:  # the last label is a number
        if others != dots and others & ~edges == 0 and run(tables, data, at + begin, at + end):
            return count, True
    elif dots and others & ~edges == 0 and run(tables, data, at + begin, at + end):
        return count, True  # the last label has a dash: an address may stand before it
    else:
        is_name = True
    if is_name or every:
        count = _name(tables, data, bounds, dots, asked, count, every)
    return count, False


@inlined
def _behind(places: Any, runs: Any) -> Any:
    """Return where the runs end that begin right behind some places: adding a run's first bit carries to the place behind it."""
    return (((places << _ONE) & runs) + runs) & ~runs


@inlined
def promising(words: Any, dots: Any, edges: Any, digits: Any, letters: Any) -> tuple[Any, Any]:
    """Return some byte of each word that may name something, and where four numbers with dots between them end: for all words of a step at once.

    Such words end with a dot and a label that begins with a letter and has no `_`, as no last label of the index may do otherwise; or have to be
    taken apart first, with two dots side by side or dots at their end. Times, versions and names of fields as `id.orig_h` are none of these.
    """
    labels = letters | digits | (edges & ~dots)
    names = (((dots << _ONE) & letters) + labels) & ~labels & ~words
    third = _behind(_behind(dots & (digits << _ONE), digits) & dots, digits) & dots
    quads = _behind(third, digits) & (edges | ~words)
    last = words & ~(words >> _ONE)
    odd = dots & (dots << _ONE) | last & (dots | edges & (edges << _ONE))
    return names >> _ONE | odd, quads


@inlined
def before_ipv6(hexes: Any, colons: Any) -> Any:
    """Return the colons in a step with which the first group of an IPv6 address may end, or the address begin.

    They stand behind a digit or before another colon, or where one of both is not seen; and the step holds two colons side by side, four with
    digits between, or cuts what may go on so. Times of day have fewer; an address without `::` has six or seven (RFC 4291 section 2.2).
    """
    near = hexes | colons
    first = colons & (near << _ONE | colons >> _ONE | _ONE | _TOP)
    fourth = _behind(_behind(_behind(first, hexes) & colons, hexes) & colons, hexes) & colons
    cut = ~(_ALL >> np.uint64(leading_zeros(~near | _ONE)))
    return first if fourth | first & (colons >> _ONE | cut) else np.uint64(0)


@inlined
def ask_words(
    tables: Any, data: Any, at: int, bits: Any, sets: Any, asked: Any, count: int, flags: Any
) -> tuple[int, int]:
    """Ask about words.

    `tables` and `data` are as in `kernel.scan`. The step begins at `at`, not within a word; `bits` are some byte in each word to ask about,
    none of which reaches the end of the step. `sets` are the bytes of words, dots, dots and dashes, digits; `flags` whether there are mailboxes,
    and words without a dot. Returns how many questions there are in `asked`, and where something stands that is known at once (or -1).
    """
    words = sets[0]
    place = -1
    while bits:
        shift = first_bit(bits)
        end = shift + first_bit(~(words >> np.uint64(shift)))
        begin = WIDTH - leading_zeros(~words & ((_ONE << np.uint64(shift)) - _ONE))
        bits &= _ALL << np.uint64(end)
        count, found = _one_word(tables, data, (at, begin, end), sets, asked, count, flags)
        if found and place < 0:
            place = at + begin
    return count, place


@inlined
def ask_quads(
    tables: Any, data: Any, at: int, ends: Any, sets: Any, asked: Any, count: int, mailboxes: bool
) -> tuple[int, int]:
    """As `ask_words`, about words in which four numbers end at `ends`."""
    words, all_dots, _, digits = sets
    place = -1
    while ends:
        end = first_bit(ends)
        ends &= ends - _ONE
        begin = WIDTH - leading_zeros(~words & ((_ONE << np.uint64(end)) - _ONE))
        whole = _between(begin, end)
        dots = all_dots & whole
        before = byte(data, at + begin - 1) if at + begin > 0 else np.uint8(0)
        goes_on = (words >> np.uint64(end)) & _ONE
        if (
            goes_on
            or whole & ~digits != dots
            or ones(dots) != 3
            or before == BACKSLASH
            or (before == AT and mailboxes)
        ):
            stop = end + first_bit(~(words >> np.uint64(end)))
            ends &= _ALL << np.uint64(stop)
            found = run(tables, data, at + begin, at + stop)
        else:
            count, found = _ask_quad(tables, data, (at, begin, end), dots, asked, count)
        if found and place < 0:
            place = at + begin
    return count, place


@inlined
def _half_head(data: Any, at: int) -> Any:
    """Return the number that eight hexadecimal digits are."""
    digits = turned(eight(data, at))
    values = (digits & _LOW) + ((digits >> np.uint64(6)) & _EACH) * np.uint64(9)
    values = (values | values >> np.uint64(4)) & np.uint64(0x00FF00FF00FF00FF)
    values = (values | values >> np.uint64(8)) & np.uint64(0x0000FFFF0000FFFF)
    return (values | values >> np.uint64(16)) & np.uint64(0xFFFFFFFF)


@inlined
def ask_digest(tables: Any, data: Any, start: int, length: int, asked: Any, count: int) -> int:
    """Ask about a digest: `length` hexadecimal digits that no letter or digit follows."""
    if length != 32 and length != 40 and length != 64 and length != 128:
        return count
    if (
        start > 0
        and KINDS[byte(data, start - 1)] & ALNUM
        and (start < 2 or byte(data, start - 2) != BACKSLASH)
    ):
        return count
    head = _half_head(data, start) << np.uint64(32) | _half_head(data, start + 8)
    return _ask(tables, asked, count, hash_number(length, head, hashing.DIGEST), start)


@inlined
def ask_digests(tables: Any, data: Any, at: int, bits: Any, hexes: Any, asked: Any, count: int) -> int:
    """Ask about digests in a step: `bits` are the beginnings of runs of hexadecimal digits, none of which reaches the end of the step."""
    while bits:
        shift = first_bit(bits)
        bits &= bits - _ONE
        length = first_bit(~(hexes >> np.uint64(shift)))
        start = at + shift
        if KINDS[byte(data, start + length)] & ALNUM:
            continue
        count = ask_digest(tables, data, start, length, asked, count)
        if start > 0 and byte(data, start - 1) == BACKSLASH:  # its first digit may be the letter of an escape
            count = ask_digest(tables, data, start + 1, length - 1, asked, count)
    return count


@inlined
def ask_hexes(tables: Any, data: Any, at: int, asked: Any, count: int, flags: Any) -> int:
    """Ask about a word of 64 hexadecimal digits; `flags`: whether there are digests, and words without a dot."""
    digests, every = flags
    if digests:
        count = ask_digest(tables, data, at, WIDTH, asked, count)
    if every:
        state = hash_near(hashing.START, data, at, at + WIDTH)
        count = _ask(tables, asked, count, finish(state, hashing.WORD), at)
    return count


@compiled
def line_end(data: Any, at: int, size: int) -> int:
    """Return where the line after the one at `at` begins."""
    while at + WIDTH <= size:
        feeds = where(data + np.uint64(at), np.uint8(FEED))
        if feeds:
            return at + first_bit(feeds) + 1
        at += WIDTH
    while at < size and byte(data, at) != FEED:
        at += 1
    return at + 1


@compiled
def answer(tables: Any, data: Any, size: int, asked: Any, count: int, places: Any, found: int) -> int:
    """Answer `count` questions: write to `places` where the index may know something; return how many places there are then.

    Of a line that was just written nothing is written again. Digests are asked about after the words of their step, so places go up and down.
    """
    last = end = np.int64(-1)
    for each in range(count):
        if known(tables, word(asked, 2 * each)):
            at = np.int64(word(asked, 2 * each + 1))
            if at < last or at >= end:
                places[found] = at
                found += 1
                last, end = at, np.int64(line_end(data, at, size))
    return found
