"""One pass over texts: the hash of everything in them that an index could be asked about. Compiled; see `units` for what that is.

It walks as `tokens` does, which looks for the values of one index; here nobody knows yet what will be looked for.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tocsin.matching import hashing
from tocsin.matching.hashing import crossed, finish, hash_bytes, hash_network, hash_number, hash_piece
from tocsin.matching.letters import ALNUM, AT, COLON, DASH, DOT, FEED, HEX, HIGH, KINDS, MAILBOX, SLASH, WORD
from tocsin.matching.native import byte, compiled, unlocked
from tocsin.matching.tokens import quad

_LONGEST_NAME = 253
_LONGEST_LOCAL = 65
_SHORTEST_DIGEST: Final = 32
_SQUARE: Final = 91
_MOST_COLONS: Final = 6  # fewer, and no two side by side, are no IPv6 address (RFC 4291 section 2.2)

# Bytes of which numbers, dates and times are made: a word of these alone is no unit.
_COMMON: Final = np.zeros(256, np.bool_)
_COMMON[np.frombuffer(b"0123456789.-tTzZ", np.uint8)] = True
_OPENING: Final = np.zeros(256, np.bool_)
_OPENING[np.frombuffer(b"[({", np.uint8)] = True


@compiled
def put(keys: Any, hashed: Any) -> int:
    """Put a hash into an open table (its length a power of two, 0 an empty place); return 1 if it is new."""
    if hashed == 0:
        hashed = np.uint64(1)
    mask = np.int64(len(keys) - 1)
    at = np.int64(hashed >> np.uint64(20)) & mask
    while keys[at] != 0:
        if keys[at] == hashed:
            return 0
        at = (at + 1) & mask
    keys[at] = hashed
    return 1


@unlocked
def move(old: Any, keys: Any) -> None:
    """Put all hashes of one table into another."""
    for hashed in old:
        if hashed != 0:
            put(keys, hashed)


@compiled
def put_ipv4(keys: Any, number: int) -> int:
    """Put an IPv4 address, and the /24 and /16 it is in."""
    new = put(keys, hash_number(0, number, hashing.IPV4))
    new += put(keys, hash_network(0, number >> 8 << 8, 24, hashing.NET4))
    return new + put(keys, hash_network(0, number >> 16 << 16, 16, hashing.NET4))


@compiled
def _numbers(keys: Any, data: Any, start: int, end: int) -> int:
    """Put the addresses of a word of digits, dots and dashes."""
    new, begin = 0, start
    for at in range(start, end + 1):
        if at == end or byte(data, at) == DASH:
            number = quad(data, begin, at)
            if number >= 0:
                new += put_ipv4(keys, number)
            begin = at + 1
    return new


@compiled
def _name(keys: Any, data: Any, start: int, end: int) -> int:
    """Put a word with each ending of it that has two labels or more; one that has no dot as a word."""
    state = hashing.START
    at = stop = end
    dots, new = 0, 0
    while True:
        while at > start and byte(data, at - 1) != DOT:
            at -= 1
        state = hash_piece(state, data, at, stop)
        if at == start:
            break
        if dots > 0 and end - at <= _LONGEST_NAME:
            new += put(keys, finish(state, hashing.DOMAIN))
        dots += 1
        state = crossed(state)
        at -= 1
        stop = at
    if dots == 0:
        return put(keys, finish(state, hashing.WORD)) if end - start > 1 else 0
    return new + put(keys, finish(state, hashing.DOMAIN))


@compiled
def _mailbox(keys: Any, data: Any, start: int, end: int) -> int:
    at = start - 1  # of the @
    begin = at
    while begin > 0 and at - begin < _LONGEST_LOCAL and KINDS[byte(data, begin - 1)] & MAILBOX:
        begin -= 1
    return put(keys, hash_bytes(data, begin, end, hashing.MAILBOX)) if begin < at else 0


@compiled
def _word(keys: Any, data: Any, start: int, end: int) -> int:
    common, digits = True, True
    for at in range(start, end):
        letter = byte(data, at)
        common &= _COMMON[letter]
        digits &= letter == DOT or letter == DASH or np.uint8(letter - 48) < 10
    new = _numbers(keys, data, start, end) if digits else 0
    if not common:
        new += _name(keys, data, start, end)
    if start > 0 and byte(data, start - 1) == AT:
        new += _mailbox(keys, data, start, end)
    return new


@compiled
def _run(keys: Any, data: Any, start: int, end: int) -> int:
    """Put the words of a run of bytes of words: it is cut where two dots meet, and dots and dashes are trimmed (`words`)."""
    new = 0
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
            new += _word(keys, data, begin, end)
        end = rest
    return new


@compiled
def _digest(keys: Any, data: Any, start: int, end: int) -> int:
    length = end - start
    if length != 32 and length != 40 and length != 64 and length != 128:
        return 0
    head = np.uint64(0)
    for at in range(start, end):
        digit = HEX[byte(data, at)]
        if digit == 255:
            return 0
        if at - start < 16:
            head = head << np.uint64(4) | np.uint64(digit)
    return put(keys, hash_number(length, head, hashing.DIGEST))


@compiled
def _digests(keys: Any, data: Any, start: int, end: int) -> int:
    """Put the digests in a run of bytes of words."""
    new, begin = 0, start
    for at in range(start, end + 1):
        if at == end or not KINDS[byte(data, at)] & ALNUM:
            if at - begin >= _SHORTEST_DIGEST:
                new += _digest(keys, data, begin, at)
            begin = at + 1
    return new


@compiled
def _closes(data: Any, at: int, size: int) -> bool:
    return at < size and (byte(data, at) == 93 or byte(data, at) == 41 or byte(data, at) == 125)


@compiled
def _bracketed(data: Any, at: int, size: int) -> bool:
    """Tell whether the bracket at `at` may open a defanged form: `[.]` `(dot)` `{at}` `[:]` `[://]`."""
    if at + 2 >= size:
        return False
    after = byte(data, at + 1)
    if after == DOT or after == AT:
        return _closes(data, at + 2, size)
    if after | 32 == 97:
        return byte(data, at + 2) | 32 == 116 and _closes(data, at + 3, size)
    if after | 32 == 100:
        return byte(data, at + 2) | 32 == 111 and _closes(data, at + 4, size)
    if after == COLON or after == SLASH:
        return _closes(data, at + 2, size) or _closes(data, at + 3, size) or _closes(data, at + 4, size)
    return False


@compiled
def _is_odd(data: Any, at: int, size: int) -> bool:
    """Tell whether the byte at `at` may be part of what the exact rules read as something else: not ASCII, or defanged."""
    letter = byte(data, at)
    if KINDS[letter] & HIGH or (_OPENING[letter] and _bracketed(data, at, size)):
        return True
    if letter != COLON and letter != _SQUARE:
        return False
    before = at - 1  # hxxp, h**p and fxp, with an s or without
    if before >= 0 and byte(data, before) | 32 == 115:
        before -= 1
    if before < 2 or byte(data, before) | 32 != 112:
        return False
    return byte(data, before - 1) | 32 == 120 or byte(data, before - 1) == 42


@unlocked
def collect(data: Any, size: int, keys: Any, spans: Any) -> tuple[int, int]:
    """Put all units of some lines into a table of hashes; return how many were new, and how many spans there are.

    Args:
        data: address of whole lines.
        size: how many bytes they are.
        keys: the table (`put`), with room for as many hashes as there are bytes.
        spans: room for start and end of what is left to the caller: runs with colons that may be IPv6 addresses, with 0 beside them, and
            lines to be read by the exact rules, with 1. Half as many rows as there are bytes, and two, suffice.
    """
    new = count = 0
    line = at = 0
    odd = False
    while at <= size:
        letter = byte(data, at) if at < size else FEED
        if KINDS[letter] & WORD or letter == COLON:
            colons, beside = 0, False
            begin = run = (
                at  # the run is of letters, digits, dots and colons: what an IPv6 address is made of
            )
            while at < size and (KINDS[byte(data, at)] & WORD or byte(data, at) == COLON):
                if byte(data, at) == COLON:
                    odd = odd or _is_odd(data, at, size)
                    beside |= at > run and byte(data, at - 1) == COLON
                    colons += 1
                    if at > begin:
                        new += _run(keys, data, begin, at) + _digests(keys, data, begin, at)
                    begin = at + 1
                elif byte(data, at) == DASH:
                    if colons > 1 and (beside or colons >= _MOST_COLONS):
                        spans[count, 0], spans[count, 1], spans[count, 2] = run, at, 0
                        count += 1
                    run, colons, beside = at + 1, 0, False
                at += 1
            if at > begin:
                new += _run(keys, data, begin, at) + _digests(keys, data, begin, at)
            if colons > 1 and (beside or colons >= _MOST_COLONS):
                spans[count, 0], spans[count, 1], spans[count, 2] = run, at, 0
                count += 1
            continue
        if letter == FEED:
            if odd:
                spans[count, 0], spans[count, 1], spans[count, 2] = line, at, 1
                count += 1
            odd, line = False, at + 1
        elif not odd:
            odd = _is_odd(data, at, size)
        at += 1
    return new, count
