"""What texts hold, and what entries ask for, as hashes of the same units: no text without a unit of an entry can name that entry.

| an entry that is | asks for |
|---|---|
| a domain | the name: texts have every ending of their names that has two labels |
| an IPv4 or IPv6 address | the address |
| a range | the addresses in it, or the ranges of fixed lengths (`LENGTHS`) that it is made of or lies in |
| a digest | its kind and first 64 bits |
| a mailbox | the mailbox; one whose local part has odd characters, its host |
| a URL | its host |
| found by one of its words | that word |

Words of digits, dates and times alone are no units, for they would be most of what a log holds; entries that could only be found by one
may be in any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np

from tocsin.matching import addresses, collect, hashing, lookup, words
from tocsin.matching.entries import Entry
from tocsin.matching.native import address
from tocsin.matching.packed import DIGESTS
from tocsin.matching.values import split_url, view_of

LENGTHS: Final = {4: (16, 24, 32), 6: (16, 32, 48, 64, 128)}
"""Prefix lengths of the ranges around an address that are units, by version; the last is the address itself."""

_CHUNK = 1 << 20
_MOST_RANGES = 256
_COMMON = re.compile(r"[0-9.tz-]*")
_SAMPLE = (
    "see www.evil.example:8080/path user+tag@mail.example 192.0.2.7 2001:db8::7 b\u00fccher.example hxxp://bad[.]example/ "
    "d41d8cd98f00b204e9800998ecf8427e CVE-2026-0001 C:\\x\\evil.exe 2026-11-20T08:00:01.5Z"
)


class Units:
    """The units of some texts, as a set of hashes that grows."""

    def __init__(self) -> None:
        """Start with none."""
        self._keys = np.zeros(1 << 12, np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def hashes(self) -> Any:
        """Return the hashes, in no order."""
        return self._keys[self._keys != 0]

    def add(self, texts: Iterable[str]) -> None:
        """Add the units of each text."""
        data = "\n".join(texts).encode("utf-8", "surrogateescape")
        at = 0
        while at < len(data):
            end = len(data)
            if end - at > _CHUNK:
                feed = data.rfind(b"\n", at, at + _CHUNK)
                feed = data.find(b"\n", at + _CHUNK) if feed < 0 else feed
                end = end if feed < 0 else feed + 1
            self._lines(data[at:end])
            at = end

    def _lines(self, data: bytes) -> None:
        for start, end, odd in self._collect(data):
            if odd:
                self._odd(data[start:end].decode("utf-8", "surrogateescape"))
            else:
                self._put(*_colons(data[start:end].decode()))

    def _collect(self, data: bytes) -> list[list[int]]:
        """Put what can be read quickly; return what is left."""
        self._grow(len(data))
        array = np.frombuffer(data, np.uint8)
        spans = np.empty((len(data) // 2 + 2, 3), np.int64)
        new, count = collect.collect(address(array), len(array), self._keys, spans)
        self._count += new
        return spans[:count].tolist()  # type: ignore[no-any-return]

    def _grow(self, more: int) -> None:
        size = len(self._keys)
        while size < 2 * (self._count + more):
            size *= 2
        if size > len(self._keys):
            keys = np.zeros(size, np.uint64)
            collect.move(self._keys, keys)
            self._keys = keys

    def _put(self, *hashes: int) -> None:
        self._grow(len(hashes))
        for each in hashes:
            self._count += int(collect.put(self._keys, np.uint64(each)))

    def _odd(self, line: str) -> None:
        """Read a line by the exact rules, as far as these see another text than its bytes."""
        view = view_of(line)
        text = line if view is None else view.text
        if view is not None:
            for start, end, odd in self._collect(data := text.encode("utf-8", "surrogateescape")):
                if not odd:
                    self._put(*_colons(data[start:end].decode()))
        if text.isascii():
            return
        for start, end in words.words(text):
            name = words.name_of(text[start:end])
            if start > 0 and text[start - 1] == "@":
                local = words.local_part(text, start - 1)
                self._put(lookup.hash_text(f"{local}@{name}", hashing.MAILBOX))
            if not text[start:end].isascii():
                self._collect(name.encode("utf-8", "surrogateescape"))
        for run in words.COLONS.finditer(text):
            self._put(*_colons(run[0]))
        for scheme in words.schemes(text):
            for stop in words.url_ends(text, scheme):
                url = words.plain_url(text[scheme:stop])
                if url is not None:
                    self._collect(split_url(url).host.encode())


@lru_cache(maxsize=4096)
def _colons(run: str) -> tuple[int, ...]:
    found = words.ipv6(run)
    return () if found is None else tuple(_around(6, found[2]))


def _around(version: int, number: int) -> Iterator[int]:
    """Yield the hash of an address, and of the ranges around it that are units."""
    width = LENGTHS[version][-1]
    yield lookup.hash_ipv4(number) if version == 4 else lookup.hash_ipv6(number)
    for bits in LENGTHS[version][:-1]:
        yield lookup.hash_network(version, number >> width - bits << width - bits, bits)


def wanted(entry: Entry) -> tuple[int, ...] | None:
    """Return hashes of which a text must have one, if it is to name an entry; None if any text might."""
    value = entry.value
    if entry.kind in DIGESTS:
        return (lookup.hash_digest(value),)
    match entry.kind:
        case "domain":
            return _of_name(value)
        case "ipv4" | "ipv6":
            return _of_address(value)
        case "cidr":
            return _of_range(value)
        case "url":
            host = split_url(value).host.strip("[]")
            return _of_address(host) or _of_name(host)
        case "email":
            local, _, host = value.rpartition("@")
            if local.isascii() and words.is_plain_local(local):
                return (lookup.hash_text(value, hashing.MAILBOX),)
            return _of_name(host)
        case _:
            return _of_name(words.anchor(value))


def _of_name(name: str) -> tuple[int, ...] | None:
    if len(name) < 2 or not name.isascii() or _COMMON.fullmatch(name.lower()):
        return None
    return (lookup.hash_text(name, hashing.DOMAIN if "." in name else hashing.WORD),)


def _of_address(text: str) -> tuple[int, ...] | None:
    number = addresses.parse_ipv4(text)
    if number is not None:
        return (lookup.hash_ipv4(number),)
    number = addresses.parse_ipv6(text)
    return None if number is None else (lookup.hash_ipv6(number),)


def _of_range(value: str) -> tuple[int, ...] | None:
    found = addresses.parse_network(value)
    if found is None:
        return None
    version, first, bits = found
    width = LENGTHS[version][-1]
    for length in LENGTHS[version]:
        if length >= bits and 1 << length - bits <= _MOST_RANGES:
            step = 1 << width - length
            parts = (first + step * number for number in range(1 << length - bits))
            return tuple(_of_part(version, part, length) for part in parts)
    length = max((each for each in LENGTHS[version] if each <= bits), default=0)
    return (_of_part(version, first >> width - length << width - length, length),) if length else None


def _of_part(version: int, first: int, length: int) -> int:
    if length == LENGTHS[version][-1]:
        return lookup.hash_ipv4(first) if version == 4 else lookup.hash_ipv6(first)
    return lookup.hash_network(version, first, length)


class Wanted:
    """What some entries together ask for.

    Attributes:
        hashes: of which a text must have one; sorted.
        anything: some entries may be in any text, so that all have to be read.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Ask for each of `entries`."""
        found: set[int] = set()
        self.anything = False
        for entry in entries:
            hashes = wanted(entry)
            if hashes is None:
                self.anything = True
            else:
                found.update(hashes)
        self.hashes = np.array(sorted(each or 1 for each in found), np.uint64)


def fingerprint() -> int:
    """Return a number that changes when the rules for units do: sets made by other rules are not to be asked."""
    units = Units()
    units.add([_SAMPLE])
    found = lookup.hash_network(4, 0, 16)
    for each in sorted(units.hashes().tolist()):
        found = lookup.hash_text(f"{found}{each}", hashing.PHRASE)
    return found
