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
from tocsin.matching.native import (
    WIDTH,
    address,
    byte,
    compiled,
    first_bit,
    half,
    leading_zeros,
    masks,
    unlocked,
    word,
)

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
    """What the pass asks: arrays of numpy.

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

    def described(self) -> Any:
        """Return address and length of each array: compiled code is given the address of this."""
        return np.array([number for array in self for number in (address(array), len(array))], np.uint64)


(_FILTER, _PRINTS, _FURTHER, _MORE, _ADDED, _MUTED, _LASTS, _NEAR4, _BITS4, _NEAR6, _BITS6, _FLAGS) = range(
    0, 24, 2
)


@compiled
def _array(tables: Any, which: int) -> tuple[Any, int]:
    return word(tables, which), np.int64(word(tables, which + 1))


@compiled
def _flag(tables: Any, which: int) -> bool:
    return byte(word(tables, _FLAGS), which) != 0


@compiled
def _among(tables: Any, which: int, wanted: Any) -> bool:
    prints, high = _array(tables, which)
    low, size = 0, high
    while low < high:
        middle = (low + high) >> 1
        if half(prints, middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low < size and half(prints, low) == wanted


@compiled
def _muted(tables: Any, hashed: Any) -> bool:
    hashes, high = _array(tables, _MUTED)
    low, size = 0, high
    while low < high:
        middle = (low + high) >> 1
        if word(hashes, middle) < hashed:
            low = middle + 1
        else:
            high = middle
    return low < size and word(hashes, low) == hashed


@compiled
def known(tables: Any, hashed: Any) -> bool:
    """Return whether a value with this hash may be in the index."""
    wanted = np.uint32(hashed >> np.uint64(32))
    filter_, size = _array(tables, _FILTER)
    found = has(filter_, size, hashed) and (
        _among(tables, _PRINTS, wanted) or _among(tables, _FURTHER, wanted)
    )
    more, size = _array(tables, _MORE)
    if not found and size and has(more, size, hashed):
        found = _among(tables, _ADDED, wanted)
    return found and not _muted(tables, hashed)


@compiled
def bit(bits: Any, position: Any) -> bool:
    """Return whether a bit of the bit set at an address is set."""
    return bool((word(bits, position >> 6) >> np.uint64(position & 63)) & _ONE)


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
        letter = np.int64(byte(data, at))
        if letter == _DOT:
            if digits == 0 or dots == 3:
                return -1
            number, octet, digits, dots = number << 8 | octet, 0, 0, dots + 1
        else:
            letter -= 48
            if letter < 0 or letter > 9 or (digits > 0 and octet == 0):
                return -1
            octet, digits = octet * 10 + letter, digits + 1
            if octet > 255:
                return -1
    return -1 if digits == 0 or dots != 3 else number << 8 | octet


@compiled
def _ipv4(tables: Any, data: Any, start: int, end: int) -> bool:
    number = quad(data, start, end)
    if number < 0:
        return False
    if known(tables, hash_number(0, number, hashing.IPV4)):
        return True
    lengths, size = _array(tables, _BITS4)
    if size and bit(word(tables, _NEAR4), number >> 16):
        for each in range(size):
            bits = np.int64(byte(lengths, each))
            shift = np.int64(32) - bits
            if known(tables, hash_network(0, number >> shift << shift, bits, hashing.NET4)):
                return True
    return False


@compiled
def _numbers(tables: Any, data: Any, start: int, end: int) -> bool:
    """Tell whether a word of digits, dots and dashes holds an address."""
    begin = start
    for at in range(start, end + 1):
        if at == end or byte(data, at) == _DASH:
            if _ipv4(tables, data, begin, at):
                return True
            begin = at + 1
        elif byte(data, at) != _DOT and (byte(data, at) < 48 or byte(data, at) > 57):
            return False
    return False


@compiled
def _mailbox(tables: Any, data: Any, start: int, end: int) -> bool:
    at = start - 1  # of the @
    begin = at
    while begin > 0 and at - begin < _LONGEST_LOCAL and KINDS[byte(data, begin - 1)] & _MAILBOX:
        begin -= 1
    if begin > 0 and KINDS[byte(data, begin - 1)] & _HIGH:
        return True
    if known(tables, hash_bytes(data, begin, end, hashing.MAILBOX)):
        return True
    # a letter of an escape may stand before it
    if (
        begin + 1 < at
        and begin > 0
        and byte(data, begin - 1) == _BACKSLASH
        and known(tables, hash_bytes(data, begin + 1, end, hashing.MAILBOX))
    ):
        return True
    return known(tables, hash_bytes(data, start, end, hashing.ODD_HOST))


@compiled
def _word(tables: Any, data: Any, start: int, end: int, every: bool) -> bool:
    """Tell whether a word names something: a run without two dots side by side, trimmed of dots and dashes."""
    at = end - 1
    while at >= start and np.uint8(byte(data, at) - 48) < 10:
        at -= 1
    if at < start or byte(data, at) == _DOT:
        if at >= start and _numbers(tables, data, start, end):
            return True
        if not every:
            return False
    state = hashing.START
    at = end
    first = True
    while at > start:
        at -= 1
        letter = byte(data, at)
        if letter == _DOT:
            if first:
                first = False
                if not (every or bit(word(tables, _LASTS), last_bit(state))):
                    return False
            elif known(tables, finish(state, hashing.DOMAIN)):
                return True
            if end - at > _LONGEST_NAME and not every:
                return False
        state = (state ^ (np.uint64(letter) | np.uint64(0x20))) * hashing.STEP
    if known(tables, finish(state, hashing.NAME)) or (
        not first and known(tables, finish(state, hashing.DOMAIN))
    ):
        return True
    return every and known(tables, finish(state, hashing.WORD))


@compiled
def run(tables: Any, data: Any, start: int, end: int) -> bool:
    """Tell whether a run of bytes of words holds a word that names something."""
    every = _flag(tables, 3)
    while end > start:
        while end > start and (byte(data, end - 1) == _DOT or byte(data, end - 1) == _DASH):
            end -= 1
        begin = end
        while begin > start and not (
            byte(data, begin - 1) == _DOT and begin - 1 > start and byte(data, begin - 2) == _DOT
        ):
            begin -= 1
        rest = begin
        while begin < end and (byte(data, begin) == _DOT or byte(data, begin) == _DASH):
            begin += 1
        if begin < end:
            if _word(tables, data, begin, end, every):
                return True
            if begin > 0:
                before = byte(data, begin - 1)
                if before == _AT and _flag(tables, 2) and _mailbox(tables, data, begin, end):
                    return True
                # the first letter may be that of an escape: `\nevil.example`
                if before == _BACKSLASH:
                    begin += 1
                    while begin < end and (byte(data, begin) == _DOT or byte(data, begin) == _DASH):
                        begin += 1
                    if begin < end and _word(tables, data, begin, end, every):
                        return True
        end = rest
    return False


@compiled
def _digest(tables: Any, data: Any, start: int, end: int) -> bool:
    length = end - start
    if length != 32 and length != 40 and length != 64 and length != 128:
        return False
    head = np.uint64(0)
    for at in range(start, end):
        digit = HEX[byte(data, at)]
        if digit == 255:
            return False
        if at - start < 16:
            head = head << np.uint64(4) | np.uint64(digit)
    return known(tables, hash_number(length, head, hashing.DIGEST))


@compiled
def _ipv6_end(data: Any, start: int, size: int) -> int:
    end = start
    while (
        end < size
        and end - start <= _LONGEST_IPV6 + 2
        and (HEX[byte(data, end)] != 255 or byte(data, end) == _COLON or byte(data, end) == _DOT)
    ):
        end += 1
    while end > start and byte(data, end - 1) == _DOT:
        end -= 1
    if end - start > 1 and byte(data, end - 1) == _COLON and byte(data, end - 2) != _COLON:
        end -= 1
    return end


@compiled
def _ipv6(tables: Any, data: Any, start: int, size: int) -> bool:
    """Tell whether an IPv6 address of the index begins at `start`."""
    end = _ipv6_end(data, start, size)
    high = low = np.uint64(0)  # what stands before the gap
    tail_high = tail_low = np.uint64(0)  # and behind it
    groups, tail, gap = 0, 0, False
    at = start
    while at < end:
        if byte(data, at) == _COLON:
            if at + 1 < end and byte(data, at + 1) == _COLON:
                if gap:
                    return False
                gap = True
                at += 2
                continue
            if at == start or at + 1 == end or (byte(data, at - 1) == _COLON):
                return False
            at += 1
            continue
        stop = at
        group = np.uint64(0)
        while stop < end and HEX[byte(data, stop)] != 255:
            group = group << np.uint64(4) | np.uint64(HEX[byte(data, stop)])
            stop += 1
        count, width = 1, np.uint64(16)
        if stop < end and byte(data, stop) == _DOT:
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
def _known_ipv6(tables: Any, high: Any, low: Any) -> bool:
    if known(tables, hash_number(high, low, hashing.IPV6)):
        return True
    lengths, size = _array(tables, _BITS6)
    for each in range(size):
        bits = np.int64(byte(lengths, each))
        n = np.uint64(bits)
        top = high & (_ALL << (np.uint64(64) - n)) if 0 < n < 64 else (high if n >= 64 else np.uint64(0))
        bottom = low & (_ALL << (np.uint64(128) - n)) if 64 < n < 128 else (low if n >= 128 else np.uint64(0))
        if known(tables, hash_network(top, bottom, bits, hashing.NET6)):
            return True
    return False


@compiled
def _colon(tables: Any, data: Any, at: int, size: int) -> bool:
    """Tell whether an IPv6 address of the index begins with the group before the colon at `at`, or with that colon."""
    if at + 1 >= size:
        return False
    after = byte(data, at + 1)
    if after == _COLON and bit(word(tables, _NEAR6), 0) and _ipv6(tables, data, at, size):
        return True
    start = at
    group = 0
    while start > 0 and at - start < 5 and HEX[byte(data, start - 1)] != 255:
        start -= 1
    while start < at:
        if at - start <= 4:
            group = 0
            for each in range(start, at):
                group = group << 4 | np.int64(HEX[byte(data, each)])
            if bit(word(tables, _NEAR6), group) and _ipv6(tables, data, start, size):
                return True
        if start == 0 or byte(data, start - 1) != _BACKSLASH:
            break
        start += 1  # the first digit may be the letter of an escape
    return False


@compiled
def _defanged(data: Any, at: int, size: int) -> bool:
    """Tell whether a bracket opens a defanged form: `[.]` `(dot)` `{at}` `[:]` `[://]`."""
    if at + 2 >= size:
        return False
    stop = at + 1
    letter = byte(data, stop)
    if letter == _COLON or letter == _SLASH:
        while stop < size and stop - at <= 3 and (byte(data, stop) == _COLON or byte(data, stop) == _SLASH):
            stop += 1
        return stop < size and byte(data, stop) == 93
    if letter == _DOT or letter == _AT:
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
    inside = _WORD | _HIGH
    start = at
    while start > 0 and at - start < _FAR and KINDS[byte(data, start - 1)] & inside:
        start -= 1
    end = at
    while end < size and end - at < _FAR and KINDS[byte(data, end)] & inside:
        end += 1
    for each in range(start, end - 1):
        if byte(data, each) == _DOT and byte(data, each + 1) != _DOT:
            return True, end
    back = start
    while back > 0 and start - back < _FAR and byte(data, back - 1) != _SLASH and byte(data, back - 1) > 32:
        back -= 1
    return back > 1 and byte(data, back - 1) == _SLASH and byte(data, back - 2) == _SLASH, end


@compiled
def _escape(data: Any, at: int, size: int, escapes: int) -> bool:
    if at + 1 >= size or escapes == PLAIN:
        return False
    return bool(byte(data, at + 1) == 117 if escapes == JSON else byte(data, at + 1) == 120)


@compiled
def _long_run(tables: Any, data: Any, at: int, size: int) -> tuple[bool, int]:
    """Tell whether the run of letters and digits at `at` is a digest of the index, and where it ends."""
    start = at
    while start > 0 and at - start < 130 and KINDS[byte(data, start - 1)] & _ALNUM:
        start -= 1
    end = at
    while end < size and KINDS[byte(data, end)] & _ALNUM:
        end += 1
    if _digest(tables, data, start, end):
        return True, end
    return start > 0 and byte(data, start - 1) == _BACKSLASH and _digest(tables, data, start + 1, end), end


@compiled
def _line_end(data: Any, at: int, size: int) -> int:
    """Return where the line after the one at `at` begins."""
    while at + WIDTH <= size:
        feeds = masks(data + np.uint64(at))[6]
        if feeds:
            return at + first_bit(feeds) + 1
        at += WIDTH
    while at < size and byte(data, at) != _FEED:
        at += 1
    return at + 1


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
    ipv6, digests, every = _flag(tables, 0), _flag(tables, 1), _flag(tables, 3)
    count = 0
    at = start
    done = foreign_done = run_done = start  # positions below these were looked at
    before = before_hexes = np.uint64(0)  # colons and hexadecimal digits of the step before
    while at < size:
        if at + WIDTH <= size:
            words, dot, hexes, colon, special, high, _ = masks(data + np.uint64(at))
        else:
            for each in range(WIDTH):
                pad[each] = byte(data, at + each) if at + each < size else 0
            words, dot, hexes, colon, special, high, _ = masks(np.uint64(pad.ctypes.data))
        place = -1
        bits = words if every else dot
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
                while end < size and KINDS[byte(data, end)] & _WORD:
                    end += 1
            others = ~words & ((_ONE << np.uint64(shift)) - _ONE)
            begin = at + WIDTH - leading_zeros(others)
            if others == 0:
                begin = at
                while begin > start and KINDS[byte(data, begin - 1)] & _WORD:
                    begin -= 1
            done = end
            if run(tables, data, begin, end):
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
            for side in range(2):
                right = (hexes >> np.uint64(32 * side)) & _RUN == _RUN
                left = (hexes >> np.uint64(16) if side else before_hexes >> _TO_RUN) & _RUN == _RUN
                here = at + 32 * side - (0 if right else 1)
                if (right or left) and run_done <= here and not 0 <= place < here:
                    found, run_done = _long_run(tables, data, here, size)
                    if found:
                        place = here
        while special:
            here = at + first_bit(special)
            special &= special - _ONE
            if 0 <= place < here:
                break
            if (
                _escape(data, here, size, escapes)
                if byte(data, here) == _BACKSLASH
                else _defanged(data, here, size)
            ):
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
