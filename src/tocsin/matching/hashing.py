"""Hashes of values, as the index is built with them and the scanner computes them on its way.

Text is cut at its dots and hashed from the last piece to the first, so that a walk over `www.evil.example` passes the hashes of `example` and
`evil.example`. A piece is taken eight bytes at a time, the rest filled up with zeros. Bytes are taken with bit 5 set, which folds the case of
letters and makes nothing else equal that a word can hold. Equal hashes say that two values may be equal; the index compares the values themselves.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tocsin.matching.letters import DOT
from tocsin.matching.native import byte, compiled, eight, inlined, word

# What a key is about: the same text hashed for two of these gives two hashes.
DOMAIN: Final = 1  # a name, and those below it
NAME: Final = 2  # a whole name: the host of a URL, a public suffix
IPV4: Final = 3
IPV6: Final = 4
NET4: Final = 5
NET6: Final = 6
DIGEST: Final = 7
MAILBOX: Final = 8
ODD_HOST: Final = 9
REST: Final = 10  # a URL without its scheme
WORD: Final = 11
PHRASE: Final = 12

START: Final = np.uint64(0x9E3779B97F4A7C15)
STEP: Final = np.uint64(0xD6E8FEB86659FD93)
_MIX: Final = np.uint64(0xFF51AFD7ED558CCD)
_FOLD: Final = np.uint64(0x20)
_FOLDS: Final = np.uint64(0x2020202020202020)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_HALF: Final = np.uint64(32)


@compiled
def finish(state: Any, space: Any) -> Any:
    """Return the hash of what was hashed so far, for one of the constants above."""
    h = (state ^ (np.uint64(space) * START)) * _MIX
    h ^= h >> _HALF
    h *= STEP
    return h ^ (h >> np.uint64(29))


@inlined
def _mixed(state: Any, piece: Any) -> Any:
    h = (state ^ piece) * STEP
    return h ^ (h >> _HALF)


@inlined
def crossed(state: Any) -> Any:
    """Return the state behind a dot."""
    return state + START


@compiled
def hash_piece(state: Any, data: Any, start: int, end: int) -> Any:
    """Return the state behind a piece of text without dots."""
    at = start
    while end - at >= 8:
        state = _mixed(state, eight(data, at) | _FOLDS)
        at += 8
    if at < end:
        rest = np.uint64(0)
        stop = end
        while stop > at:
            stop -= 1
            rest = rest << np.uint64(8) | np.uint64(byte(data, stop)) | _FOLD
        state = _mixed(state, rest)
    return state


@inlined
def hash_near(state: Any, data: Any, start: int, end: int) -> Any:
    """As `hash_piece`, where the seven bytes behind the piece may be read, too."""
    at = start
    while end - at >= 8:
        state = _mixed(state, eight(data, at) | _FOLDS)
        at += 8
    if at < end:
        state = _mixed(state, (eight(data, at) | _FOLDS) & (_ALL >> np.uint64(64 - 8 * (end - at))))
    return state


@compiled
def hash_bytes(data: Any, start: int, end: int, space: int) -> Any:
    """Return the hash of some bytes of the text at the address `data`."""
    state = START
    at = stop = end
    while True:
        while at > start and byte(data, at - 1) != DOT:
            at -= 1
        state = hash_piece(state, data, at, stop)
        if at == start:
            return finish(state, space)
        state = crossed(state)
        at -= 1
        stop = at


@compiled
def hash_number(high: Any, low: Any, space: int) -> Any:
    """Return the hash of a number of 128 bits."""
    return finish((np.uint64(high) * STEP ^ np.uint64(low)) * STEP, space)


@compiled
def hash_network(high: Any, low: Any, bits: int, space: int) -> Any:
    """Return the hash of a range: its first address as two halves, and the length of its prefix."""
    state = (np.uint64(high) * STEP ^ np.uint64(low)) * STEP
    return finish((state ^ np.uint64(bits)) * STEP, space)


@compiled
def hash_all(data: Any, starts: Any, ends: Any, space: int, hashes: Any) -> None:
    """Write the hash of each text `data[starts[i]:ends[i]]` to `hashes[i]`."""
    for i in range(len(hashes)):
        hashes[i] = hash_bytes(data, starts[i], ends[i], space)


@compiled
def insert(words: Any, hashes: Any) -> None:
    """Put hashes into a filter."""
    for i in range(len(hashes)):
        h = hashes[i]
        words[place(h, len(words))] |= _pattern(h)


@compiled
def place(hashed: Any, size: int) -> int:
    """Return which word of a filter a hash belongs to."""
    return np.int64(((hashed >> _HALF) * np.uint64(size)) >> _HALF)


@compiled
def _pattern(hashed: Any) -> Any:
    """Return the bits that a hash sets in its word: a Bloom filter of one cache access (Putze et al. 2007)."""
    one = np.uint64(1)
    low = np.uint64(63)
    bits = one << (hashed & low)
    bits |= one << ((hashed >> np.uint64(6)) & low)
    bits |= one << ((hashed >> np.uint64(12)) & low)
    return bits | one << ((hashed >> np.uint64(18)) & low)


@compiled
def has(words: Any, size: int, hashed: Any) -> bool:
    """Return whether the filter of `size` words at an address may hold a hash; it is wrong in about 1 of 200 that it does not hold."""
    bits = _pattern(hashed)
    return bool(word(words, place(hashed, size)) & bits == bits)
