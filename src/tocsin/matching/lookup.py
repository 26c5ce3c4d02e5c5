"""Asking an index about one value: the compiled steps behind `index`."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from tocsin.matching import hashing, kernel, marks
from tocsin.matching.hashing import crossed, finish, has, hash_piece
from tocsin.matching.letters import DOT
from tocsin.matching.native import address, byte, compiled, half
from tocsin.matching.tokens import run

_MOST_SUFFIXES = 129
_FEW = 64
_SHORT = 4096
_LOW = (1 << 64) - 1


class _Scratch(threading.local):
    """What a thread needs for passes over short texts: it takes longer to make than to use, and so does asking an array where it is."""

    def __init__(self) -> None:
        self.room, self.places = np.empty(kernel.ROOM, np.uint64), np.empty(kernel.LEAST, np.int64)
        self.found = np.empty((_MOST_SUFFIXES, 3), np.int64)
        self._text = np.empty(_SHORT, np.uint8)
        self._view = self._text.data
        self._address = address(self._text)

    def at(self, text: bytes) -> Any:
        """Return an address at which a text is, for as long as it is kept and none other is asked for."""
        if len(text) > _SHORT:
            return address(np.frombuffer(text, np.uint8))
        self._view[: len(text)] = text
        return self._address


_SCRATCH = _Scratch()


def span(prints: Any, hashed: int) -> tuple[int, int]:
    """Return between which positions of the sorted `prints` (upper halves of hashes) a hash stands."""
    first, end = _span(address(prints), len(prints), np.uint32(hashed >> 32))
    return first, end


@compiled
def _span(prints: Any, size: int, wanted: Any) -> tuple[int, int]:
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        if half(prints, middle) < wanted:
            low = middle + 1
        else:
            high = middle
    end = low
    while end < size and half(prints, end) == wanted:
        end += 1
    return low, end


@compiled
def _note(filter: Any, prints: Any, hashed: Any, at: int, found: Any, count: int) -> int:  # noqa: A002
    """Note a suffix that begins at `at` as the next of `count`, if it may be in the index; return how many there are then."""
    if has(filter[0], filter[1], hashed):
        low, high = _span(prints[0], prints[1], np.uint32(hashed >> np.uint64(32)))
        if low < high:
            found[count, 0], found[count, 1], found[count, 2] = at, low, high
            return count + 1
    return count


@compiled
def _suffixes(filter: Any, prints: Any, text: Any, size: int, longest: int, found: Any) -> int:  # noqa: A002 - its name everywhere
    state = hashing.START
    count = 0
    at = stop = size
    while True:
        while at > 0 and byte(text, at - 1) != DOT:
            at -= 1
        state = hash_piece(state, text, at, stop)
        hashed = finish(state, hashing.DOMAIN)
        if size - at <= longest and count < len(found) - 1:
            count = _note(filter, prints, hashed, at, found, count)
        if at == 0:
            return _note(filter, prints, finish(state, hashing.NAME), 0, found, count)
        state = crossed(state)
        at -= 1
        stop = at


class Standing:
    """Where the hashes of one part of an index stand: its filter and its sorted `prints`, by address, since arrays take longer to hand over."""

    def __init__(self, filter: Any, prints: Any) -> None:  # noqa: A002
        """Keep both for as long as this is kept."""
        self._arrays = filter, prints
        self._filter = address(filter), len(filter)
        self._prints = address(prints), len(prints)

    def span(self, hashed: int) -> tuple[int, int]:
        """Return what `span` does."""
        first, end = _span(*self._prints, np.uint32(hashed >> 32))
        return first, end

    def suffixes(self, name: str, longest: int) -> list[tuple[str, int, int]]:
        """Return what of a name may be in the index: all of it first, then its suffixes from the longest, of `longest` bytes at most.

        With each comes between which positions of `prints` it stands.
        """
        data = name.encode("utf-8", "surrogateescape")
        found = _SCRATCH.found
        count = _suffixes(self._filter, self._prints, _SCRATCH.at(data), len(data), longest, found)
        return [
            (data[at:].decode("utf-8", "surrogateescape"), low, high)
            for at, low, high in reversed(found[:count].tolist())
        ]


@compiled
def _may_name(tables: Any, text: Any, size: int) -> bool:
    return run(tables, text, 0, size)


def may_name(tables: Any, text: str) -> bool:
    """Return whether a word in ASCII may name something, as a name, an address or the host of a URL."""
    data = text.encode()
    return bool(_may_name(tables, _SCRATCH.at(data), len(data)))


def may_hold_each(tables: Any, texts: Sequence[str]) -> list[bool]:
    """Return for each of some texts whether something may be found in it; False says that nothing is."""
    held = [False] * len(texts)
    # each is a line of a log, of which the pass names a place
    joined = "\n".join(texts).encode("utf-8", "surrogatepass")
    if not joined:
        return held
    few = len(texts) <= _FEW and joined.count(b"\n") == len(texts) - 1
    starts = None if few else _starts(texts)
    data = _SCRATCH.at(joined)
    room, places = _SCRATCH.room, _SCRATCH.places
    at = 0
    while at < len(joined):
        count, at = kernel.scan(tables, data, len(joined), at, marks.PLAIN, room, places)
        for place in places[:count].tolist():
            # of few texts counting is quicker by far than making a list of where each begins
            held[joined.count(b"\n", 0, place) if starts is None else bisect_right(starts, place) - 1] = True
    return held


def _starts(texts: Sequence[str]) -> list[int]:
    return [0, *accumulate(len(text.encode("utf-8", "surrogatepass")) + 1 for text in texts)]


@compiled
def _hash_text(text: Any, size: int, space: int) -> Any:
    return hashing.hash_bytes(text, 0, size, space)


def hash_text(text: str, space: int) -> int:
    """Return the hash of a text."""
    data = text.encode("utf-8", "surrogateescape")
    return int(_hash_text(_SCRATCH.at(data), len(data), space))


def hash_ipv4(number: int) -> int:
    """Return the hash of an IPv4 address."""
    return int(hashing.hash_number(0, number, hashing.IPV4))


def hash_ipv6(number: int) -> int:
    """Return the hash of an IPv6 address."""
    return int(hashing.hash_number(np.uint64(number >> 64), np.uint64(number & _LOW), hashing.IPV6))


def hash_network(version: int, first: int, bits: int) -> int:
    """Return the hash of a range."""
    space = hashing.NET4 if version == 4 else hashing.NET6
    return int(hashing.hash_network(np.uint64(first >> 64), np.uint64(first & _LOW), bits, space))


def hash_digest(text: str) -> int:
    """Return the hash of a digest in hexadecimal."""
    return int(hashing.hash_number(len(text), np.uint64(int(text[:16], 16)), hashing.DIGEST))
