"""The index: from a value met in a log to the entries that name it.

Single values are keys of dictionaries, names are probed with each of their suffixes, addresses with the prefix of every
length that some range has. A domain that is a public suffix (`co.uk`, `duckdns.org`) is kept, but stands for itself alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cache
from typing import TypeAlias, TypeVar

import msgspec
from publicsuffixlist import PublicSuffixList

from tocsin.matching import addresses, values, words
from tocsin.matching.entries import Entry

K = TypeVar("K", bound=Hashable)
Positions: TypeAlias = Sequence[int]

_LONGEST_NAME = 253  # RFC 1035 section 2.3.4; of a longer word only the end can be looked up


class Url(msgspec.Struct, frozen=True, gc=False):
    """Where a URL's host stands in the index, and the URL without its scheme."""

    host: str
    rest: str


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Return whether names below `name` belong to different people (publicsuffix.org, both of its sections)."""
    return bool(_suffixes().privatesuffix(name) is None)


def split_url(text: str) -> Url:
    """Return the parts of a URL in normal spelling that matching asks for."""
    rest = text.partition("://")[2]
    authority = rest.partition("/")[0]
    host = authority[: authority.index("]") + 1] if authority.startswith("[") else authority.partition(":")[0]
    return Url(host, rest)


class Index:
    """Entries by value. Build it once, ask it often; it does not change.

    Attributes:
        entries: all of them; the index speaks of them by position.
        suffixes: positions of entries whose domain is a public suffix.
    """

    def __init__(self) -> None:
        """Make an empty index; `build` makes the others."""
        self.entries: list[Entry] = []
        self.suffixes: set[int] = set()
        self._domains: dict[str, Positions] = {}
        self._public: dict[str, Positions] = {}
        self._addresses: dict[str, Positions] = {}
        self._networks: dict[int, dict[int, dict[int, Positions]]] = {4: {}, 6: {}}
        self._hashes: dict[str, Positions] = {}
        self._emails: dict[str, Positions] = {}
        self._odd_locals: dict[str, list[str]] = {}
        self._endings: set[str] = set()
        self._urls: dict[str, Positions] = {}
        self._rests: dict[str, Positions] = {}
        self._hosts: set[str] = set()

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> Index:
        """Return the index of `entries`."""
        index = cls()
        for position, entry in enumerate(entries):
            index.entries.append(entry)
            index._add(position, entry)
        return index

    def __len__(self) -> int:
        return len(self.entries)

    def counts(self) -> Counter[str]:
        """Return how many entries there are of each kind."""
        return Counter(entry.kind for entry in self.entries)

    def _add(self, position: int, entry: Entry) -> None:
        value = entry.value
        match entry.kind:
            case "ipv4" | "ipv6":
                _append(self._addresses, value, position)
            case "cidr":
                found = addresses.parse_network(value)
                assert found is not None  # its spelling is normal
                version, first, bits = found
                shift = (32 if version == 4 else 128) - bits
                _append(self._networks[version].setdefault(shift, {}), first >> shift, position)
            case "domain" if is_public_suffix(value):
                self.suffixes.add(position)
                _append(self._public, value, position)
            case "domain":
                _append(self._domains, value, position)
            case "email":
                local, _, host = value.rpartition("@")
                _append(self._emails, value, position)
                self._endings.add(f"{words.token_ending(local)}@{host}")
                if not words.is_plain_local(local):
                    self._odd_locals.setdefault(host, []).append(local)
            case "url":
                split = split_url(value)
                self._hosts.add(split.host)
                _append(self._urls, value, position)
                _append(self._rests, split.rest, position)
            case _:
                _append(self._hashes, value, position)

    def name(self, name: str) -> Iterator[int]:
        """Yield the entries that name a domain or one above it; `name` is in normal spelling."""
        if name in self._public:
            yield from self._public[name]
        if len(name) > _LONGEST_NAME:
            name = name[name.find(".", len(name) - _LONGEST_NAME - 1) + 1 :]
        domains = self._domains
        while name:
            if name in domains:
                yield from domains[name]
            name = name.partition(".")[2]

    def knows(self, word: str) -> bool:
        """Return whether a word in lower case names something: a domain, an IPv4 address, or the host of a URL."""
        if word in self._hosts or next(self.name(word), None) is not None:
            return True
        return word[-1].isdigit() and next(self.ipv4(word), None) is not None

    def ipv4(self, text: str) -> Iterator[int]:
        """Yield the entries that name a dotted quad or a range around it."""
        yield from self._addresses.get(text, ())
        if self._networks[4] and (number := addresses.parse_ipv4(text)) is not None:
            yield from self._within(4, number)

    def ipv6(self, number: int) -> Iterator[int]:
        """Yield the entries that name an IPv6 address or a range around it."""
        yield from self._addresses.get(addresses.format_ipv6(number), ())
        yield from self._within(6, number)

    def has_ipv6(self, number: int) -> bool:
        """Return whether an IPv6 address is named, or the host of a URL."""
        return (
            next(self.ipv6(number), None) is not None or f"[{addresses.format_ipv6(number)}]" in self._hosts
        )

    def _within(self, version: int, number: int) -> Iterator[int]:
        for shift, ranges in self._networks[version].items():
            yield from ranges.get(number >> shift, ())

    def digest(self, text: str) -> Positions:
        """Return the entries that name a digest in lower-case hexadecimal."""
        return self._hashes.get(text, ())

    def mailbox(self, local: str, host: str) -> Positions:
        """Return the entries that name a mailbox; both parts in normal spelling."""
        return self._emails.get(f"{local}@{host}", ())

    def odd_locals(self, host: str) -> Sequence[str]:
        """Return the local parts at `host` that a run of plain characters cannot be (`words.is_plain_local`)."""
        return self._odd_locals.get(host, ())

    def has_mailbox_ending(self, ending: str, host: str) -> bool:
        """Return whether some mailbox of `host` has a local part whose last token is `ending` (`words.token_ending`)."""
        return f"{ending}@{host}" in self._endings

    def has_host(self, host: str) -> bool:
        """Return whether some URL has this host (in brackets if it is IPv6)."""
        return host in self._hosts

    def url(self, text: str) -> Positions:
        """Return the entries that name a URL in normal spelling."""
        return self._urls.get(text, ())

    def url_without_scheme(self, text: str) -> Iterator[int]:
        """Yield the entries that name a URL of which a log gives everything but the scheme."""
        normal = (values.url(f"{scheme}://{text}") for scheme in ("http", "https"))
        for rest in {url.partition("://")[2] for url in normal if url is not None}:
            yield from self._rests.get(rest, ())

    def vocabulary(self) -> Vocabulary:
        """Return what a sieve must let through for this index."""
        names = {*self._domains, *self._public, *(host for _, _, host in map(_at, self._emails))}
        hosts = {host for host in self._hosts if not host.startswith("[")}
        lasts = {name.rpartition(".")[2] for name in names | hosts}
        if self._networks[4] or any(":" not in address for address in self._addresses):
            lasts |= _OCTETS
        return Vocabulary(lasts=frozenset(lasts), digests=bool(self._hashes), groups=self._first_groups())

    def _first_groups(self) -> frozenset[str]:
        tops = {int(host[1:5].partition(":")[0] or "0", 16) for host in self._hosts if host.startswith("[")}
        tops |= {int(a.partition(":")[0] or "0", 16) for a in self._addresses if ":" in a}
        tops |= {n << shift >> 112 for shift, ranges in self._networks[6].items() for n in ranges}
        return frozenset(f"{top:0{width}x}" for top in tops for width in range(1, 5))


class Vocabulary(msgspec.Struct, frozen=True):
    """Marks by which a token may be told to be of no interest.

    Attributes:
        lasts: last labels of names, octets of addresses: a word that ends in none of them names nothing.
        digests: there are digests.
        groups: first groups of IPv6 addresses and ranges, with and without leading zeros, in lower case; "0" stands for `::` too.
    """

    lasts: frozenset[str]
    digests: bool
    groups: frozenset[str]


def _at(mailbox: str) -> tuple[str, str, str]:
    return mailbox.rpartition("@")


_OCTETS = frozenset(map(str, range(256)))


def _append(table: dict[K, Positions], key: K, position: int) -> None:
    held = table.get(key)
    if held is None:
        table[key] = (position,)
    elif isinstance(held, list):
        held.append(position)
    else:
        table[key] = [*held, position]
