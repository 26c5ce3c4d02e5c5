"""One pass over bytes: where may a value of the index stand? Compiled; see `native`.

64 bytes become sets of bits in a few instructions, and only what can matter is looked at: words with a dot, long runs of hexadecimal digits,
groups with colons, brackets that defang, escapes, names that are not ASCII. A word is hashed from its end; a last label that ends no name of
the index ends the walk. What passes the filter and the list of hashes is a place for the exact rules (`words`) to judge.

The pass may name a place for nothing; it never passes over a line in which the exact rules would find something (tests/property).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from tocsin.matching import hashing
from tocsin.matching.hashing import finish, has, hash_bytes, hash_network, hash_number
from tocsin.matching.native import WIDTH, compiled, first_bit, leading_zeros, masks

PLAIN: Final = 0
JSON: Final = 1
ZEEK: Final = 2

HEX: Final = np.full(256, 255, np.uint8)
HEX[np.frombuffer(b"0123456789", np.uint8)] = range(10)
HEX[np.frombuffer(b"abcdef", np.uint8)] = range(10, 16)
HEX[np.frombuffer(b"ABCDEF", np.uint8)] = range(10, 16)

_WORD: Final = 1
_ALNUM: Final = 2
_HIGH: Final = 4
_MAILBOX: Final = 8
KINDS: Final = np.zeros(256, np.uint8)
for _byte in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789":
    KINDS[_byte] = _WORD | _ALNUM | _MAILBOX
for _byte in b"_-.":
    KINDS[_byte] = _WORD | _MAILBOX
KINDS[ord("+")] = _MAILBOX
KINDS[128:] = _HIGH

_DOT, _DASH, _AT, _COLON, _SLASH, _BACKSLASH, _FEED = (ord(c) for c in ".-@:/\\\n")
_LONGEST_NAME = 253
_LONGEST_LOCAL = 65
_LONGEST_IPV6 = 45
_FAR = 1024
_ONE: Final = np.uint64(1)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_TOP: Final = np.uint64(1 << 63)
# A run of 32 digits reaches 16 of them to the left or to the right of some byte whose position is a multiple of 32.
_RUN: Final = np.uint64(0xFFFF)
_TO_RUN: Final = np.uint64(48)


class Tables(NamedTuple):
    """What the pass asks.

    Attributes:
        filter: a Bloom filter (`hashing.has`) of all keys.
        prints: upper halves of the hashes of entries, sorted; `further` those of hosts, words and the like.
        more, added: filter and upper halves of the overlay.
        muted: hashes that are not to be told of any more, sorted.
        lasts: bit set of the hashes of last labels.
        near4: bit for each /16 of IPv4 in which there is some range; `bits4` are the prefix lengths that ranges have.
        near6: bit for each first group of IPv6 addresses and ranges; `bits6` as `bits4`.
        flags: there are IPv6 values; digests; mailboxes; and words without a dot.
    """

    filter: Any
    prints: Any
    further: Any
    more: Any
    added: Any
    muted: Any
    lasts: Any
    near4: Any
    bits4: Any
    near6: Any
    bits6: Any
    flags: Any


@compiled
def _among(prints: Any, wanted: Any) -> bool:
    low, high = 0, len(prints)
    while low < high:
        middle = (low + high) >> 1
        if prints[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low < len(prints) and prints[low] == wanted


@compiled
def known(tables: Tables, hashed: Any) -> bool:
    """Return whether a value with this hash may be in the index."""
    wanted = np.uint32(hashed >> np.uint64(32))
    found = has(tables.filter, hashed) and (_among(tables.prints, wanted) or _among(tables.further, wanted))
    if not found and len(tables.added):
        found = has(tables.more, hashed) and _among(tables.added, wanted)
    return found and (len(tables.muted) == 0 or not _among(tables.muted, hashed))


@compiled
def bit(bits: Any, position: Any) -> bool:
    """Return whether a bit of a bit set is set."""
    return bool((bits[position >> 6] >> np.uint64(position & 63)) & _ONE)


@compiled
def last_bit(state: Any) -> int:
    """Return which bit of `Tables.lasts` the hash state of a last label belongs to."""
    return np.int64(((state ^ (state >> np.uint64(29))) * hashing.START) >> np.uint64(48))


@compiled
def quad(data: Any, start: int, end: int) -> int:
    """Return the dotted quad that some bytes are, or -1; leading zeros are refused."""
    if end - start < 7 or end - start > 15:
        return -1
    number, octet, digits, dots = 0, 0, 0, 0
    for at in range(start, end):
        byte = np.int64(data[at])
        if byte == _DOT:
            if digits == 0 or dots == 3:
                return -1
            number, octet, digits, dots = number << 8 | octet, 0, 0, dots + 1
        else:
            byte -= 48
            if byte < 0 or byte > 9 or (digits > 0 and octet == 0):
                return -1
            octet, digits = octet * 10 + byte, digits + 1
            if octet > 255:
                return -1
    return -1 if digits == 0 or dots != 3 else number << 8 | octet


@compiled
def _ipv4(tables: Tables, data: Any, start: int, end: int) -> bool:
    number = quad(data, start, end)
    if number < 0:
        return False
    if known(tables, hash_number(0, number, hashing.IPV4)):
        return True
    if len(tables.bits4) and bit(tables.near4, number >> 16):
        for bits in tables.bits4:
            shift = np.int64(32) - np.int64(bits)
            if known(tables, hash_network(0, number >> shift << shift, bits, hashing.NET4)):
                return True
    return False


@compiled
def _numbers(tables: Tables, data: Any, start: int, end: int) -> bool:
    """Tell whether a word of digits, dots and dashes holds an address."""
    begin = start
    for at in range(start, end + 1):
        if at == end or data[at] == _DASH:
            if _ipv4(tables, data, begin, at):
                return True
            begin = at + 1
        elif data[at] != _DOT and (data[at] < 48 or data[at] > 57):
            return False
    return False


@compiled
def _mailbox(tables: Tables, data: Any, start: int, end: int) -> bool:
    at = start - 1  # of the @
    begin = at
    while begin > 0 and at - begin < _LONGEST_LOCAL and KINDS[data[begin - 1]] & _MAILBOX:
        begin -= 1
    if begin > 0 and KINDS[data[begin - 1]] & _HIGH:
        return True
    if known(tables, hash_bytes(data, begin, end, hashing.MAILBOX)):
        return True
    # a letter of an escape may stand before it
    if begin + 1 < at and begin > 0 and data[begin - 1] == _BACKSLASH and known(tables, hash_bytes(data, begin + 1, end, hashing.MAILBOX)):
        return True
    return known(tables, hash_bytes(data, start, end, hashing.ODD_HOST))


@compiled
def _word(tables: Tables, data: Any, start: int, end: int, every: bool) -> bool:
    """Tell whether a word names something: a run without two dots side by side, trimmed of dots and dashes."""
    at = end - 1
    while at >= start and np.uint8(data[at] - 48) < 10:
        at -= 1
    if at < start or data[at] == _DOT:
        if at >= start and _numbers(tables, data, start, end):
            return True
        if not every:
            return False
    state = hashing.START
    at = end
    first = True
    while at > start:
        at -= 1
        byte = data[at]
        if byte == _DOT:
            if first:
                first = False
                if not (every or bit(tables.lasts, last_bit(state))):
                    return False
            elif known(tables, finish(state, hashing.DOMAIN)):
                return True
            if end - at > _LONGEST_NAME and not every:
                return False
        state = (state ^ (np.uint64(byte) | np.uint64(0x20))) * hashing.STEP
    if known(tables, finish(state, hashing.NAME)) or (not first and known(tables, finish(state, hashing.DOMAIN))):
        return True
    return every and known(tables, finish(state, hashing.WORD))


@compiled
def _run(tables: Tables, data: Any, start: int, end: int) -> bool:
    """Tell whether a run of bytes of words holds a word that names something."""
    every = bool(tables.flags[3])
    while end > start:
        while end > start and (data[end - 1] == _DOT or data[end - 1] == _DASH):
            end -= 1
        begin = end
        while begin > start and not (data[begin - 1] == _DOT and begin - 1 > start and data[begin - 2] == _DOT):
            begin -= 1
        rest = begin
        while begin < end and (data[begin] == _DOT or data[begin] == _DASH):
            begin += 1
        if begin < end:
            if _word(tables, data, begin, end, every):
                return True
            if begin > 0:
                before = data[begin - 1]
                if before == _AT and tables.flags[2] and _mailbox(tables, data, begin, end):
                    return True
                # the first letter may be that of an escape: `\nevil.example`
                if before == _BACKSLASH and begin + 1 < end and _run(tables, data, begin + 1, end):
                    return True
        end = rest
    return False


@compiled
def _digest(tables: Tables, data: Any, start: int, end: int) -> bool:
    length = end - start
    if length != 32 and length != 40 and length != 64 and length != 128:
        return False
    head = np.uint64(0)
    for at in range(start, end):
        digit = HEX[data[at]]
        if digit == 255:
            return False
        if at - start < 16:
            head = head << np.uint64(4) | np.uint64(digit)
    return known(tables, hash_number(length, head, hashing.DIGEST))


@compiled
def _ipv6_end(data: Any, start: int, size: int) -> int:
    end = start
    while end < size and end - start <= _LONGEST_IPV6 + 2 and (HEX[data[end]] != 255 or data[end] == _COLON or data[end] == _DOT):
        end += 1
    while end > start and data[end - 1] == _DOT:
        end -= 1
    if end - start > 1 and data[end - 1] == _COLON and data[end - 2] != _COLON:
        end -= 1
    return end


@compiled
def _ipv6(tables: Tables, data: Any, start: int, size: int) -> bool:
    """Tell whether an IPv6 address of the index begins at `start`."""
    end = _ipv6_end(data, start, size)
    high = low = np.uint64(0)  # what stands before the gap
    tail_high = tail_low = np.uint64(0)  # and behind it
    groups, tail, gap = 0, 0, False
    at = start
    while at < end:
        if data[at] == _COLON:
            if at + 1 < end and data[at + 1] == _COLON:
                if gap:
                    return False
                gap = True
                at += 2
                continue
            if at == start or at + 1 == end or (data[at - 1] == _COLON):
                return False
            at += 1
            continue
        stop = at
        group = np.uint64(0)
        while stop < end and HEX[data[stop]] != 255:
            group = group << np.uint64(4) | np.uint64(HEX[data[stop]])
            stop += 1
        count, width = 1, np.uint64(16)
        if stop < end and data[stop] == _DOT:
            number = quad(data, at, end)
            if number < 0:
                return False
            group, stop, count, width = np.uint64(number), end, 2, np.uint64(32)
        elif stop - at > 4:
            return False
        if gap:
            tail_high = tail_high << width | tail_low >> (np.uint64(64) - width)
            tail_low = tail_low << width | group
            tail += count
        else:
            high = high << width | low >> (np.uint64(64) - width)
            low = low << width | group
            groups += count
        at = stop
    if (gap and groups + tail > 7) or (not gap and groups != 8):
        return False
    for _ in range(8 - groups if gap else 0):
        high = high << np.uint64(16) | low >> np.uint64(48)
        low <<= np.uint64(16)
    return _known_ipv6(tables, high | tail_high, low | tail_low)


@compiled
def _known_ipv6(tables: Tables, high: Any, low: Any) -> bool:
    if known(tables, hash_number(high, low, hashing.IPV6)):
        return True
    for bits in tables.bits6:
        n = np.uint64(bits)
        top = high & (_ALL << (np.uint64(64) - n)) if 0 < n < 64 else (high if n >= 64 else np.uint64(0))
        bottom = low & (_ALL << (np.uint64(128) - n)) if 64 < n < 128 else (low if n >= 128 else np.uint64(0))
        if known(tables, hash_network(top, bottom, bits, hashing.NET6)):
            return True
    return False


@compiled
def _colon(tables: Tables, data: Any, at: int, size: int) -> bool:
    """Tell whether an IPv6 address of the index begins with the group before the colon at `at`, or with that colon."""
    if at + 1 >= size:
        return False
    after = data[at + 1]
    if after == _COLON and bit(tables.near6, 0) and _ipv6(tables, data, at, size):
        return True
    start = at
    group = 0
    while start > 0 and at - start < 5 and HEX[data[start - 1]] != 255:
        start -= 1
    while start < at:
        if at - start <= 4:
            group = 0
            for each in range(start, at):
                group = group << 4 | np.int64(HEX[data[each]])
            if bit(tables.near6, group) and _ipv6(tables, data, start, size):
                return True
        if start == 0 or data[start - 1] != _BACKSLASH:
            break
        start += 1  # the first digit may be the letter of an escape
    return False


@compiled
def _defanged(data: Any, at: int, size: int) -> bool:
    """Tell whether a bracket opens a defanged form: `[.]` `(dot)` `{at}` `[:]` `[://]`."""
    if at + 2 >= size:
        return False
    stop = at + 1
    byte = data[stop]
    if byte == _COLON or byte == _SLASH:
        while stop < size and stop - at <= 3 and (data[stop] == _COLON or data[stop] == _SLASH):
            stop += 1
        return stop < size and data[stop] == 93
    if byte == _DOT or byte == _AT:
        stop += 1
    elif byte | 32 == 97 and data[at + 2] | 32 == 116:  # at
        stop += 2
    elif byte | 32 == 100 and data[at + 2] | 32 == 111 and at + 3 < size and data[at + 3] | 32 == 116:  # dot
        stop += 3
    else:
        return False
    return stop < size and (data[stop] == 93 or data[stop] == 41 or data[stop] == 125)


@compiled
def _foreign(data: Any, at: int, size: int) -> tuple[bool, int]:
    """Tell whether a byte beyond ASCII may be in a name that has to be encoded (IDNA), and where its run ends."""
    inside = _WORD | _HIGH
    start = at
    while start > 0 and at - start < _FAR and KINDS[data[start - 1]] & inside:
        start -= 1
    end = at
    while end < size and end - at < _FAR and KINDS[data[end]] & inside:
        end += 1
    for each in range(start, end - 1):
        if data[each] == _DOT and data[each + 1] != _DOT:
            return True, end
    back = start
    while back > 0 and start - back < _FAR and data[back - 1] != _SLASH and data[back - 1] > 32:
        back -= 1
    return back > 1 and data[back - 1] == _SLASH and data[back - 2] == _SLASH, end


@compiled
def _escape(data: Any, at: int, size: int, escapes: int) -> bool:
    if at + 1 >= size or escapes == PLAIN:
        return False
    return bool(data[at + 1] == 117 if escapes == JSON else data[at + 1] == 120)


@compiled
def _long_run(tables: Tables, data: Any, at: int, size: int) -> tuple[bool, int]:
    """Tell whether the run of letters and digits at `at` is a digest of the index, and where it ends."""
    start = at
    while start > 0 and at - start < 130 and KINDS[data[start - 1]] & _ALNUM:
        start -= 1
    end = at
    while end < size and KINDS[data[end]] & _ALNUM:
        end += 1
    if _digest(tables, data, start, end):
        return True, end
    return start > 0 and data[start - 1] == _BACKSLASH and _digest(tables, data, start + 1, end), end


@compiled
def _line_end(data: Any, address: Any, at: int, size: int) -> int:
    """Return where the line after the one at `at` begins."""
    while at + WIDTH <= size:
        feeds = masks(address + np.uint64(at))[6]
        if feeds:
            return at + first_bit(feeds) + 1
        at += WIDTH
    while at < size and data[at] != _FEED:
        at += 1
    return at + 1


@compiled
def scan(tables: Tables, data: Any, start: int, escapes: int, places: Any) -> tuple[int, int]:
    """Write to `places` where something may stand, at most one place a line; return how many, and how far the pass came.

    Args:
        tables: what to ask.
        data: bytes of whole lines.
        start: where to begin: the beginning of a line.
        escapes: how characters are escaped in `data`.
        places: room for positions; the pass ends when it is full.
    """
    size = len(data)
    address = np.uint64(data.ctypes.data)
    pad = np.zeros(WIDTH, np.uint8)
    ipv6, digests, every = bool(tables.flags[0]), bool(tables.flags[1]), bool(tables.flags[3])
    count = 0
    at = start
    done = foreign_done = run_done = start  # positions below these were looked at
    before = before_hexes = np.uint64(0)  # colons and hexadecimal digits of the step before
    while at < size:
        if at + WIDTH <= size:
            word, dot, hexes, colon, special, high, feeds = masks(address + np.uint64(at))
        else:
            pad[:] = 0
            pad[: size - at] = data[at:]
            word, dot, hexes, colon, special, high, feeds = masks(np.uint64(pad.ctypes.data))
        place = -1
        bits = word if every else dot
        while bits:
            shift = first_bit(bits)
            here = at + shift
            if here < done:
                if done - at >= WIDTH:
                    break
                bits &= _ALL << np.uint64(done - at)
                continue
            end = here + first_bit(~(word >> np.uint64(shift)))
            if end >= at + WIDTH:
                while end < size and KINDS[data[end]] & _WORD:
                    end += 1
            others = ~word & ((_ONE << np.uint64(shift)) - _ONE)
            begin = at + WIDTH - leading_zeros(others)
            if others == 0:
                begin = at
                while begin > start and KINDS[data[begin - 1]] & _WORD:
                    begin -= 1
            done = end
            if _run(tables, data, begin, end):
                place = here
                break
            bits &= bits - _ONE
        # what is found first by one rule may stand behind what another finds: the first place of all is taken
        if ipv6:
            near = hexes | colon
            # a colon behind a digit or another colon; before another; or last, where what follows is not seen
            bits = colon & (near << _ONE | before | colon >> _ONE | _TOP)
            while bits:
                here = at + first_bit(bits)
                bits &= bits - _ONE
                if 0 <= place < here:
                    break
                if _colon(tables, data, here, size):
                    place = here
            before = near >> np.uint64(63)
        if digests:
            for half in range(2):
                right = (hexes >> np.uint64(32 * half)) & _RUN == _RUN
                left = (hexes >> np.uint64(16) if half else before_hexes >> _TO_RUN) & _RUN == _RUN
                here = at + 32 * half - (0 if right else 1)
                if (right or left) and run_done <= here and not 0 <= place < here:
                    found, run_done = _long_run(tables, data, here, size)
                    if found:
                        place = here
        while special:
            here = at + first_bit(special)
            special &= special - _ONE
            if 0 <= place < here:
                break
            if _escape(data, here, size, escapes) if data[here] == _BACKSLASH else _defanged(data, here, size):
                place = here
        while high:
            here = at + first_bit(high)
            high &= high - _ONE
            if 0 <= place < here:
                break
            if here >= foreign_done:
                found, foreign_done = _foreign(data, here, size)
                if found:
                    place = here
        before_hexes = hexes
        at += WIDTH
        if place >= 0:
            places[count] = place
            count += 1
            at = _line_end(data, address, place, size)
            done = foreign_done = run_done = at
            before = before_hexes = np.uint64(0)
            if count == len(places):
                break
    return count, min(at, size)
