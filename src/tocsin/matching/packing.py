"""Loops over many values at once, compiled: what building an index spends its time on."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.matching import hashing
from tocsin.matching.hashing import crossed, finish, hash_bytes, hash_network, hash_number, hash_piece
from tocsin.matching.native import address, byte, compiled
from tocsin.matching.tables import last_bit
from tocsin.matching.tokens import quad

_DOT, _DASH, _AT, _COLON, _SLASH, _BRACKET, _SPACE = (ord(c) for c in ".-@:/[ ")


@compiled
def quads(text: Any, size: int, numbers: Any) -> None:
    """Read dotted quads, `size` bytes of text at an address, with one blank between them."""
    start, at = 0, 0
    for i in range(len(numbers)):
        while at < size and byte(text, at) != _SPACE:
            at += 1
        numbers[i] = quad(text, start, at)
        at += 1
        start = at


@compiled
def _hash_numbers(high: int, numbers: Any, space: int, hashes: Any) -> None:
    for i in range(len(numbers)):
        hashes[i] = hash_number(high, numbers[i], space)


def hash_numbers(high: int, numbers: Any, space: int) -> Any:
    """Return the hash of each number."""
    hashes = np.empty(len(numbers), np.uint64)
    _hash_numbers(high, numbers.astype(np.uint64), space, hashes)
    return hashes


@compiled
def _hash_pairs(highs: Any, lows: Any, space: int, hashes: Any) -> None:
    for i in range(len(hashes)):
        hashes[i] = hash_number(highs[i], lows[i], space)


def hash_pairs(highs: Any, lows: Any, space: int) -> Any:
    """Return the hash of each number of 128 bits, given as halves."""
    hashes = np.empty(len(highs), np.uint64)
    _hash_pairs(highs, lows, space, hashes)
    return hashes


@compiled
def _hash_networks(highs: Any, lows: Any, lengths: Any, spaces: Any, hashes: Any) -> None:
    for i in range(len(hashes)):
        hashes[i] = hash_network(highs[i], lows[i], lengths[i], spaces[i])


def hash_networks(highs: Any, lows: Any, lengths: Any, spaces: Any) -> Any:
    """Return the hash of each range: its first address as two halves, the length of its prefix, and what key it is (`hashing`)."""
    hashes = np.empty(len(highs), np.uint64)
    _hash_networks(highs, lows, lengths, spaces, hashes)
    return hashes


@compiled
def _hash_names(data: Any, starts: Any, ends: Any, hashes: Any, above: Any) -> None:
    for i in range(len(hashes)):
        at = stop = ends[i]
        state = parent = hashing.START
        labels = 0
        while True:
            while at > starts[i] and byte(data, at - 1) != _DOT:
                at -= 1
            state = hash_piece(state, data, at, stop)
            if at == starts[i]:
                break
            parent = state
            labels += 1
            state = crossed(state)
            at -= 1
            stop = at
        hashes[i] = finish(state, hashing.DOMAIN)
        above[i] = finish(parent, hashing.DOMAIN) if labels else np.uint64(0)


def hash_names(data: Any, starts: Any, ends: Any) -> tuple[Any, Any]:
    """Return the hash of each name `data[starts[i]:ends[i]]`, and that of the name above it (0 if there is none)."""
    hashes, above = np.empty((2, len(starts)), np.uint64)
    _hash_names(address(data), starts, ends, hashes, above)
    return hashes, above


def hash_texts(data: Any, starts: Any, ends: Any, space: int) -> Any:
    """Return the hash of each text `data[starts[i]:ends[i]]`."""
    hashes = np.empty(len(starts), np.uint64)
    hashing.hash_all(address(data), starts, ends, space, hashes)
    return hashes


@compiled
def set_bits(bits: Any, positions: Any) -> None:
    """Set some bits of a bit set."""
    for position in positions:
        bits[position >> 6] |= np.uint64(1) << np.uint64(position & 63)


@compiled
def _is_usual(data: Any, start: int, end: int) -> bool:
    """Return whether a last label is as those of the public are: a letter, then letters, digits and dashes."""
    for at in range(start, end):
        letter = byte(data, at) | np.uint8(32)
        if (letter < 97 or letter > 122) and (at == start or not (letter == _DASH or 48 <= letter <= 57)):
            return False
    return end > start


@compiled
def _set_last(lasts: Any, flags: Any, data: Any, start: int, end: int) -> bool:
    """Add the last label of a name to the set of them, and to `flags` whether it is an unusual one; return whether the name has another."""
    at = end
    while at > start and byte(data, at - 1) != _DOT and byte(data, at - 1) != _AT:
        at -= 1
    state = hash_piece(hashing.START, data, at, end)
    if not _is_usual(data, at, end):
        flags[4] = 1
    position = last_bit(state)
    lasts[position >> 6] |= np.uint64(1) << np.uint64(position & 63)
    return at > start


@compiled
def set_lasts(lasts: Any, flags: Any, data: Any, starts: Any, ends: Any) -> None:
    """Add the last label of each name to the set of them, and say in `flags` (`Tables`) if one is unusual."""
    for i in range(len(starts)):
        _set_last(lasts, flags, data, starts[i], ends[i])


@compiled
def hash_hosts(data: Any, starts: Any, ends: Any, hashes: Any, sets: tuple[Any, Any]) -> None:
    """Write the hash of the host with which each URL without scheme begins; leave 0 where it is no name with a dot and no IPv4 address.

    `sets` are the set of last labels and the flags, as in `set_lasts`.
    """
    lasts, flags = sets
    for i in range(len(starts)):
        start = starts[i]
        end = start
        if byte(data, start) == _BRACKET:
            continue
        while end < ends[i] and byte(data, end) != _COLON and byte(data, end) != _SLASH:
            end += 1
        number = quad(data, start, end)
        if number >= 0:
            hashes[i] = hash_number(0, number, hashing.IPV4)
        elif _set_last(lasts, flags, data, start, end):
            hashes[i] = hash_bytes(data, start, end, hashing.NAME)


@compiled
def gather(data: Any, starts: Any, order: Any, ends: Any, moved: Any) -> None:
    """Copy pieces of `data` to `moved` in another order; `ends` says where each begins there."""
    for i in range(len(order)):
        source = starts[order[i]]
        target = ends[i]
        for at in range(ends[i + 1] - target):
            moved[target + at] = data[source + at]
