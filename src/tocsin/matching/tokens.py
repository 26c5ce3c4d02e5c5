"""What a word, an address of IPv4, a mailbox or a digest is to the scanner. Compiled; the exact rules are in `words`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.matching import hashing
from tocsin.matching.hashing import crossed, finish, hash_bytes, hash_network, hash_number, hash_piece
from tocsin.matching.letters import ALNUM, AT, BACKSLASH, DASH, DOT, HEX, HIGH, KINDS, MAILBOX
from tocsin.matching.native import byte, compiled, word
from tocsin.matching.tables import BITS4, LASTS, NEAR4, array, bit, flag, known, last_bit

_LONGEST_NAME = 253
_LONGEST_LOCAL = 65


@compiled
def quad(data: Any, start: int, end: int) -> int:
    """Return the dotted quad that some bytes are, or -1; leading zeros are refused."""
    if end - start < 7 or end - start > 15:
        return -1
    number, octet, digits, dots = 0, 0, 0, 0
    for at in range(start, end):
        letter = np.int64(byte(data, at))
        if letter == DOT:
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
    return known(tables, hash_number(0, number, hashing.IPV4)) or ranges4(tables, number)


@compiled
def ranges4(tables: Any, number: int) -> bool:
    """Tell whether an address of IPv4 may be in a range of the index."""
    lengths, size = array(tables, BITS4)
    if size and bit(word(tables, NEAR4), number >> 16):
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
        if at == end or byte(data, at) == DASH:
            if _ipv4(tables, data, begin, at):
                return True
            begin = at + 1
        elif byte(data, at) != DOT and (byte(data, at) < 48 or byte(data, at) > 57):
            return False
    return False


@compiled
def _mailbox(tables: Any, data: Any, start: int, end: int) -> bool:
    at = start - 1  # of the @
    begin = at
    while begin > 0 and at - begin < _LONGEST_LOCAL and KINDS[byte(data, begin - 1)] & MAILBOX:
        begin -= 1
    if begin > 0 and KINDS[byte(data, begin - 1)] & HIGH:
        return True
    if known(tables, hash_bytes(data, begin, end, hashing.MAILBOX)):
        return True
    # a letter of an escape may stand before it
    if (
        begin + 1 < at
        and begin > 0
        and byte(data, begin - 1) == BACKSLASH
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
    if at < start or byte(data, at) == DOT or byte(data, at) == DASH:
        if at >= start and _numbers(tables, data, start, end):
            return True
        if not every and (at < start or byte(data, at) == DOT):
            return False
    state = hashing.START
    at = stop = end
    first = True
    while True:
        while at > start and byte(data, at - 1) != DOT:
            at -= 1
        state = hash_piece(state, data, at, stop)
        if at == start:
            break
        if first:
            first = False
            if not (every or bit(word(tables, LASTS), last_bit(state))):
                return False
        elif known(tables, finish(state, hashing.DOMAIN)):
            return True
        if end - at >= _LONGEST_NAME and not every:
            return False
        state = crossed(state)
        at -= 1
        stop = at
    if known(tables, finish(state, hashing.NAME)) or (
        not first and known(tables, finish(state, hashing.DOMAIN))
    ):
        return True
    return every and known(tables, finish(state, hashing.WORD))


@compiled
def run(tables: Any, data: Any, start: int, end: int) -> bool:
    """Tell whether a run of bytes of words holds a word that names something."""
    every = flag(tables, 3)
    while end > start:
        while end > start and (byte(data, end - 1) == DOT or byte(data, end - 1) == DASH):
            end -= 1
        begin = end
        while begin > start and not (
            byte(data, begin - 1) == DOT and begin - 1 > start and byte(data, begin - 2) == DOT
        ):
            begin -= 1
        rest = begin
        while begin < end and (byte(data, begin) == DOT or byte(data, begin) == DASH):
            begin += 1
        if begin < end:
            if _word(tables, data, begin, end, every):
                return True
            if begin > 0:
                before = byte(data, begin - 1)
                if before == AT and flag(tables, 2) and _mailbox(tables, data, begin, end):
                    return True
                # the first letter may be that of an escape: `\nevil.example`
                if before == BACKSLASH:
                    begin += 1
                    while begin < end and (byte(data, begin) == DOT or byte(data, begin) == DASH):
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
def long_run(tables: Any, data: Any, at: int, size: int) -> tuple[bool, int]:
    """Tell whether the run of letters and digits at `at` is a digest of the index, and where it ends."""
    start = at
    while start > 0 and at - start < 130 and KINDS[byte(data, start - 1)] & ALNUM:
        start -= 1
    end = at
    while end < size and KINDS[byte(data, end)] & ALNUM:
        end += 1
    if _digest(tables, data, start, end):
        return True, end
    return start > 0 and byte(data, start - 1) == BACKSLASH and _digest(tables, data, start + 1, end), end
