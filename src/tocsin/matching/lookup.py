"""Asking an index about one value: the compiled steps behind `index`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tocsin.matching import hashing, kernel
from tocsin.matching.hashing import crossed, finish, has, hash_piece
from tocsin.matching.native import address, compiled
from tocsin.matching.tokens import run

_DOT = ord(".")
_AT_ONCE: Final = 128  # texts: each has room of its own
_LOW = (1 << 64) - 1


def span(prints: Any, hashed: int) -> tuple[int, int]:
    """Return between which positions of the sorted `prints` (upper halves of hashes) a hash stands."""
    first, end = _span(prints, np.uint32(hashed >> 32))
    return first, end


@compiled
def _span(prints: Any, wanted: Any) -> tuple[int, int]:
    low, high = 0, len(prints)
    while low < high:
        middle = (low + high) >> 1
        if prints[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    end = low
    while end < len(prints) and prints[end] == wanted:
        end += 1
    return low, end


@compiled
def _suffixes(filter: Any, prints: Any, name: Any, found: Any) -> int:  # noqa: A002 - its name everywhere
    data = np.uint64(name.ctypes.data)
    state = hashing.START
    count = 0
    at = stop = len(name)
    while True:
        while at > 0 and name[at - 1] != _DOT:
            at -= 1
        state = hash_piece(state, data, at, stop)
        hashed = finish(state, hashing.DOMAIN)
        if count < len(found) and has(np.uint64(filter.ctypes.data), len(filter), hashed):
            low, high = _span(prints, np.uint32(hashed >> np.uint64(32)))
            if low < high:
                found[count] = at
                count += 1
        if at == 0:
            return count
        state = crossed(state)
        at -= 1
        stop = at


def suffixes(filter: Any, prints: Any, name: str) -> list[str]:  # noqa: A002
    """Return the suffixes of a name that may be in the index, the longest first."""
    data = name.encode("utf-8", "surrogateescape")
    found = np.empty(128, np.int64)
    count = _suffixes(filter, prints, np.frombuffer(data, np.uint8), found)
    return [data[at:].decode("utf-8", "surrogateescape") for at in reversed(found[:count].tolist())]


@compiled
def _may_name(tables: Any, text: Any) -> bool:
    return run(tables, np.uint64(text.ctypes.data), 0, len(text))


def may_name(tables: Any, text: str) -> bool:
    """Return whether a word in ASCII may name something, as a name, an address or the host of a URL."""
    return bool(_may_name(tables, np.frombuffer(text.encode(), np.uint8)))


def may_hold(tables: Any, text: str) -> bool:
    """Return whether something may be found in a text; False says that nothing is."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    room, places = np.empty(kernel.ROOM, np.uint64), np.empty(kernel.LEAST, np.int64)
    return bool(kernel.scan(tables, address(data), len(data), 0, kernel.PLAIN, room, places)[0])


def may_hold_each(tables: Any, texts: Sequence[str]) -> list[bool]:
    """Return what `may_hold` returns for each of some texts, with few calls of compiled code."""
    if len(texts) > _AT_ONCE:
        parts = (texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE))
        return [each for some in parts for each in may_hold_each(tables, some)]
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    data = np.frombuffer(b"".join(encoded), np.uint8)
    where = np.zeros((len(encoded), 3), np.uint64)
    where[:, 1] = [len(each) for each in encoded]
    where[:, 0] = np.uint64(address(data)) + np.cumsum(where[:, 1]) - where[:, 1]
    room, places = np.empty(kernel.ROOM, np.uint64), np.empty((len(encoded), kernel.LEAST), np.int64)
    ends = np.empty((len(encoded), 2), np.int64)
    kernel.scan_all(tables, where, kernel.PLAIN, room, places, ends)
    return (ends[:, 0] > 0).tolist()  # type: ignore[no-any-return]


@compiled
def _hash_text(text: Any, space: int) -> Any:
    return hashing.hash_bytes(np.uint64(text.ctypes.data), 0, len(text), space)


def hash_text(text: str, space: int) -> int:
    """Return the hash of a text."""
    return int(_hash_text(np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8), space))


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
