"""Addresses of IPv6 for the scanner. Compiled; the exact rules are in `words`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tocsin.matching import hashing
from tocsin.matching.hashing import hash_network, hash_number
from tocsin.matching.letters import BACKSLASH, COLON, DOT, HEX
from tocsin.matching.native import byte, compiled, word
from tocsin.matching.tables import BITS6, NEAR6, array, bit, known
from tocsin.matching.tokens import quad

_LONGEST_IPV6 = 45
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)


@compiled
def _ipv6_end(data: Any, start: int, size: int) -> int:
    end = start
    while (
        end < size
        and end - start <= _LONGEST_IPV6 + 2
        and (HEX[byte(data, end)] != 255 or byte(data, end) == COLON or byte(data, end) == DOT)
    ):
        end += 1
    while end > start and byte(data, end - 1) == DOT:
        end -= 1
    if end - start > 1 and byte(data, end - 1) == COLON and byte(data, end - 2) != COLON:
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
        if byte(data, at) == COLON:
            if at + 1 < end and byte(data, at + 1) == COLON:
                if gap:
                    return False
                gap = True
                at += 2
                continue
            if at == start or at + 1 == end or (byte(data, at - 1) == COLON):
                return False
            at += 1
            continue
        stop = at
        group = np.uint64(0)
        while stop < end and HEX[byte(data, stop)] != 255:
            group = group << np.uint64(4) | np.uint64(HEX[byte(data, stop)])
            stop += 1
        count, width = 1, np.uint64(16)
        if stop < end and byte(data, stop) == DOT:
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
    lengths, size = array(tables, BITS6)
    for each in range(size):
        bits = np.int64(byte(lengths, each))
        n = np.uint64(bits)
        top = high & (_ALL << (np.uint64(64) - n)) if 0 < n < 64 else (high if n >= 64 else np.uint64(0))
        bottom = low & (_ALL << (np.uint64(128) - n)) if 64 < n < 128 else (low if n >= 128 else np.uint64(0))
        if known(tables, hash_network(top, bottom, bits, hashing.NET6)):
            return True
    return False


@compiled
def colon(tables: Any, data: Any, at: int, size: int) -> bool:
    """Tell whether an IPv6 address of the index begins with the group before the colon at `at`, or with that colon."""
    if at + 1 >= size:
        return False
    after = byte(data, at + 1)
    if after == COLON and bit(word(tables, NEAR6), 0) and _ipv6(tables, data, at, size):
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
            if bit(word(tables, NEAR6), group) and _ipv6(tables, data, start, size):
                return True
        if start == 0 or byte(data, start - 1) != BACKSLASH:
            break
        start += 1  # the first digit may be the letter of an escape
    return False
