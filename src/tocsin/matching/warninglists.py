"""Warninglists: values that many share or that do no harm, so that a hit on one is flagged, not raised.

Kinds as in the MISP warninglist format: `cidr`, `hostname` (a name and those below it), `string` (the whole value), `substring`, `regex` (in Python's syntax, as `formats.misp_warninglist` hands them on).

MISP takes all names below a listed one for it. Here they are not where they belong to other people: below a public suffix (`evil.duckdns.org`, though `duckdns.org` is one of the most used sites), and on
lists of names below which anybody may put something. Of 5,000 names of malware (Maltrail) 445 were harmless by MISP's rule.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Final

import msgspec

from tocsin.matching import addresses, values
from tocsin.matching.suffixes import is_public_suffix
from tocsin.matching.values import Kind, split_url

_MISP_TYPES: Final[dict[Kind, frozenset[str]]] = {
    "ipv4": frozenset({"ip-src", "ip-dst", "domain|ip", "ip-src|port", "ip-dst|port"}),
    "ipv6": frozenset({"ip-src", "ip-dst", "domain|ip", "ip-src|port", "ip-dst|port"}),
    "cidr": frozenset({"ip-src", "ip-dst", "domain|ip", "ip-src|port", "ip-dst|port"}),
    "domain": frozenset({"domain", "hostname", "domain|ip", "hostname|port"}),
    "url": frozenset({"url", "uri", "link", "domain", "hostname"}),
    "email": frozenset({"email", "email-src", "email-dst", "target-email", "email-reply-to"}),
    "md5": frozenset({"md5", "filename|md5"}),
    "sha1": frozenset({"sha1", "filename|sha1"}),
    "sha256": frozenset({"sha256", "filename|sha256"}),
    "sha512": frozenset({"sha512", "filename|sha512"}),
    "ja3": frozenset({"ja3-fingerprint-md5", "ja3s-fingerprint-md5"}),
    "ja4": frozenset({"ja4-plus"}),
    "cve": frozenset({"vulnerability"}),
    "wallet": frozenset({"btc", "xmr", "dash"}),
    "file_name": frozenset({"filename"}),
    "registry_key": frozenset({"regkey"}),
    "mutex": frozenset({"mutex"}),
    "user_agent": frozenset({"user-agent"}),
}
_OTHERS_BELOW: Final = frozenset(
    {"List of known dynamic DNS domains", "List of LOTS (Living Off Trusted Sites) Project Domains"}
)
_BEGINNING = 4
_LONGEST_FOR_REGEX = 1024  # a list's regex may backtrack; on a short value it cannot for long


class Listed(msgspec.Struct, frozen=True):
    """A warninglist as it is kept: `attributes` are the MISP types it is about; none means all."""

    name: str
    kind: str
    attributes: tuple[str, ...]
    values: tuple[str, ...]


class Warninglists:
    """Lists to ask whether a value stands on them."""

    def __init__(self, lists: Iterable[Listed]) -> None:
        """Take the lists; what in them cannot be read is left out (`unreadable` counts it)."""
        self.unreadable = 0
        self._strings: dict[str, list[int]] = {}
        self._hostnames: dict[str, list[int]] = {}
        self._networks: dict[tuple[int, int, int], list[int]] = {}
        self._lengths: set[tuple[int, int]] = set()
        self._substrings: dict[str, list[tuple[str, int]]] = {}  # by how they begin
        self._regexes: list[tuple[re.Pattern[str], int]] = []
        self._lists: list[tuple[str, frozenset[str]]] = []
        for number, each in enumerate(lists):
            self._lists.append((each.name, frozenset(each.attributes)))
            for value in each.values:
                self._add(each.kind, value.strip(), number)
        self._names = lru_cache(maxsize=65536)(self._find)

    def _add(self, kind: str, value: str, number: int) -> None:
        match kind:
            case "cidr":
                network = _network(value)
                if network is None:
                    self.unreadable += 1
                    return
                self._lengths.add((network[0], network[2]))
                self._networks.setdefault(network, []).append(number)
            case "hostname":
                name = values.domain(value)
                if name is None:
                    self.unreadable += 1
                    return
                self._hostnames.setdefault(name, []).append(number)
            case "string":
                self._strings.setdefault(value.lower(), []).append(number)
            case "substring" if value:
                self._substrings.setdefault(value.lower()[:_BEGINNING], []).append((value.lower(), number))
            case "regex":
                self._add_regex(value, number)
            case _:
                self.unreadable += 1

    def _add_regex(self, value: str, number: int) -> None:
        try:
            self._regexes.append((re.compile(value), number))
        except (re.error, RecursionError, OverflowError):
            self.unreadable += 1

    def names(self, kind: Kind, value: str) -> tuple[str, ...]:
        """Return the names of the lists on which a value in normal spelling stands; of a range, those that hold all of it."""
        return self._names(kind, value) if self._lists else ()

    def within(self, kind: Kind, value: str) -> tuple[str, ...]:
        """Return the names of lists that have something inside a range, or below a name: blocking it would block that, too."""
        if kind == "cidr":
            return self._about(kind, self._inside(value))
        return self._about(kind, self._above.get(value, ())) if kind == "domain" else ()

    def _find(self, kind: Kind, value: str) -> tuple[str, ...]:
        return self._about(kind, self._numbers(kind, value))

    def _about(self, kind: Kind, numbers: Iterable[int]) -> tuple[str, ...]:
        types = _MISP_TYPES[kind]
        found = {
            name
            for name, about in (self._lists[number] for number in numbers)
            if not about or not about.isdisjoint(types)
        }
        return tuple(sorted(found))

    def _inside(self, value: str) -> Iterator[int]:
        found = addresses.parse_network(value)
        if found is None:
            return
        version, first, bits = found
        last = first | (1 << (32 if version == 4 else 128) - bits) - 1
        listed = self._starts
        at = bisect_left(listed, (version, first))
        while at < len(listed) and listed[at][:2] <= (version, last):
            if listed[at][2] >= bits:
                yield from listed[at][3]
            at += 1

    @cached_property
    def _starts(self) -> list[tuple[int, int, int, tuple[int, ...]]]:
        """What is listed of addresses and ranges, in order."""
        found = [(*network, tuple(numbers)) for network, numbers in self._networks.items()]
        for text, numbers in self._strings.items():
            if text[:1] in "0123456789abcdef:" and (network := _network(text)) is not None:
                found.append((*network, tuple(numbers)))
        return sorted(found)

    @cached_property
    def _above(self) -> dict[str, tuple[int, ...]]:
        """The names of two labels and more above the names that are listed."""
        found: dict[str, tuple[int, ...]] = {}
        for listed in (self._hostnames, self._strings):
            for name, numbers in listed.items():
                above = name.partition(".")[2]
                while "." in above:
                    known = found.get(above, ())
                    new = tuple(number for number in numbers if number not in known)
                    found[above] = known + new
                    above = above.partition(".")[2]
        return found

    def _numbers(self, kind: Kind, value: str) -> Iterator[int]:
        yield from self._strings.get(value.lower(), ())
        host = split_url(value).host if kind == "url" else value.rpartition("@")[2]
        network = _network(host.strip("[]"))
        if network is not None:
            yield from self._holding(*network)
        else:
            yield from self._hostnames.get(host, ())
            while (host := host.partition(".")[2]) and not is_public_suffix(host):
                yield from (
                    number
                    for number in self._hostnames.get(host, ())
                    if self._lists[number][0] not in _OTHERS_BELOW
                )
        low = value.lower()
        yield from self._holding_parts(low)
        if len(low) <= _LONGEST_FOR_REGEX:
            yield from (number for regex, number in self._regexes if regex.search(value))

    def _holding_parts(self, low: str) -> Iterator[int]:
        """Yield the lists whose parts stand in a value; thousands of parts are asked for by their beginnings."""
        for size in self._sizes:
            for at in range(len(low)):
                for part, number in self._substrings.get(low[at : at + size], ()):
                    if low.startswith(part, at):
                        yield number

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        """How long the beginnings of parts are."""
        return tuple(sorted({len(each) for each in self._substrings}))

    def _holding(self, version: int, first: int, bits: int) -> Iterator[int]:
        width = 32 if version == 4 else 128
        for its, length in self._lengths:
            if its == version and length <= bits:
                yield from self._networks.get(
                    (version, first >> width - length << width - length, length), ()
                )


def _network(value: str) -> tuple[int, int, int] | None:
    if "/" in value:
        return addresses.parse_network(value)
    number = addresses.parse_ipv4(value)
    if number is not None:
        return 4, number, 32
    number = addresses.parse_ipv6(value)
    return None if number is None else (6, number, 128)
