"""The index: from a value met in a log to the entries that name it.

Values are looked up by their hashes and compared letter by letter. Names are probed with each of their suffixes, addresses with the prefix of
every length that some range has. A domain that is a public suffix (`co.uk`, `duckdns.org`) is kept, but stands for itself alone.

An index does not change. `changed` gives another that shares its arrays and has a small second part for what was added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import msgspec
import numpy as np

from tocsin.matching import addresses, hashing, lookup, values
from tocsin.matching.entries import Entry, Indicator
from tocsin.matching.native import address
from tocsin.matching.packed import Column, Packed, pack, tables
from tocsin.matching.suffixes import is_public_suffix
from tocsin.matching.tables import Tables
from tocsin.matching.values import KINDS, Kind

_MOST_MADE = 4096  # entries that are kept as objects
_LONGEST_NAME = 253  # RFC 1035 section 2.3.4; of a longer word only the end can be looked up


class Part(msgspec.Struct, frozen=True):
    """Arrays, the indicators that their tags count, and the position of their first entry in the index."""

    packed: Packed
    indicators: Sequence[Indicator]
    first: int


class _Entries(Sequence[Entry]):
    """The entries of an index by position, each made when it is asked for."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts
        self._length = sum(len(part.packed.kinds) for part in parts)
        self._made: dict[int, Entry] = {}  # what was found is asked for again, by each step of judging it

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, position: int) -> Entry: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Entry]: ...
    def __getitem__(self, position: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(self._length))]
        if not 0 <= position < self._length:
            raise IndexError(position)
        entry = self._made.get(position)
        if entry is None:
            part = next(part for part in reversed(self._parts) if part.first <= position)
            kind, value = part.packed.value(position - part.first)
            entry = Entry(kind, value, part.indicators[int(part.packed.tags[position - part.first])])
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            self._made[position] = entry
        return entry


class Index:
    """Entries by value.

    Attributes:
        entries: all of them, also those that were removed; the index speaks of them by position.
    """

    def __init__(self, parts: Sequence[Part] = (), removed: frozenset[int] = frozenset()) -> None:
        """Make an index of arrays: one part, or a base and what was added to it. `build` makes one of entries."""
        self._parts = tuple(parts) or (Part(pack({}), (), 0),)
        self._removed = removed
        self._standing = [lookup.Standing(part.packed.filter, part.packed.prints) for part in self._parts]
        self.entries: Sequence[Entry] = _Entries(self._parts)

    @classmethod
    def build(cls, entries: Iterable[Entry], indicators: Sequence[Indicator] = ()) -> Index:
        """Return the index of `entries`; `indicators`, whose they may be, are counted first, in this order, whether they have entries or not."""
        return cls((_part(entries, 0, indicators),))

    def __len__(self) -> int:
        return len(self.entries) - len(self._removed)

    @property
    def base(self) -> Part:
        """The part that was built at once."""
        return self._parts[0]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was added since it was built, and nothing removed."""
        return len(self._parts) == 1 and not self._removed

    def standing(self) -> Iterator[Entry]:
        """Yield the entries that were not removed."""
        return (entry for at, entry in enumerate(self.entries) if at not in self._removed)

    def changed(self, add: Iterable[Entry] = (), remove: Iterable[int] = ()) -> Index:
        """Return an index with entries more, and without those at some positions. It takes as long as what was added so far is large.

        Raises:
            IndexError: there is no entry at one of the positions.
        """
        removed = self._removed | frozenset(remove)
        for position in removed:
            if not 0 <= position < len(self.entries):
                raise IndexError(position)
        base = self.base
        size = len(base.packed.kinds)
        over = [entry for at, entry in enumerate(self.entries[size:], size) if at not in removed]
        added = _part([*over, *add], size)
        kept = frozenset(position for position in removed if position < size)
        return Index((base, added) if len(added.packed.kinds) else (base,), kept)

    def tables(self, muted: Iterable[int] = ()) -> Tables:
        """Return what the scanner asks; it tells nothing of the entries at the positions `muted`, where nobody else names their value."""
        over = self._parts[1].packed if len(self._parts) > 1 else None
        return tables(self.base.packed, over, self._muted(frozenset(muted) | self._removed))

    def _muted(self, positions: frozenset[int]) -> Any:
        found = set()
        for position in positions:
            hashed = self._hash(position)
            if hashed is not None and not self._is_further(hashed):
                entry = self.entries[position]
                same = self._kept(None, entry.value, hashed)
                if positions.issuperset(same):
                    found.add(hashed)
        return np.array(sorted(found), np.uint64)

    def _is_further(self, hashed: Any) -> bool:
        return any(first < end for first, end in (lookup.span(p.packed.further, hashed) for p in self._parts))

    def counts(self) -> Counter[str]:
        """Return how many entries there are of each kind."""
        found: Counter[str] = Counter()
        for part in self._parts:
            for code, count in enumerate(np.bincount(part.packed.kinds, minlength=len(KINDS))):
                found[KINDS[code]] += int(count)
        for position in self._removed:
            found[self.entries[position].kind] -= 1
        return +found

    # ---- lookups ----

    @cached_property
    def _armed(self) -> tuple[Any, Any, Any]:
        tables = self.tables()
        described = tables.described()
        return tables, described, address(described)  # the arrays live as long as their addresses are used

    def may_name(self, word: str) -> bool:
        """Return whether a word may name something: as a name, an address, the host of a URL, or a word of a longer value."""
        return not word.isascii() or lookup.may_name(self._armed[2], word)

    def may_hold_each(self, texts: Sequence[str]) -> list[bool]:
        """Return for each of some texts whether something may be found in it, in a fraction of the time that finding it takes."""
        return lookup.may_hold_each(self._armed[2], texts)

    def _kept(self, kind: Kind | None, value: str, hashed: Any) -> Iterator[int]:
        """Yield the entries with a hash, a value and a kind (None: any)."""
        for part, standing in zip(self._parts, self._standing, strict=True):
            yield from self._there(part, standing.span(hashed), kind, value)

    def _there(self, part: Part, span: tuple[int, int], kind: Kind | None, value: str) -> Iterator[int]:
        """Yield the entries of a part between two positions of its `prints` that have a value and a kind (None: any)."""
        for position in part.packed.order[slice(*span)].tolist():
            at = part.first + position
            if at not in self._removed:
                entry = self.entries[at]  # who found it asks for it next
                if entry.value == value and (kind is None or kind == entry.kind):
                    yield at

    def is_suffix(self, position: int) -> bool:
        """Return whether an entry is a domain that is a public suffix."""
        entry = self.entries[position]
        return entry.kind == "domain" and is_public_suffix(entry.value)

    def name(self, name: str) -> Iterator[int]:
        """Yield the entries that name a domain or one above it; `name` is in normal spelling."""
        seen = set()
        for part, standing in zip(self._parts, self._standing, strict=True):
            for text, low, high in standing.suffixes(name, _LONGEST_NAME):
                for position in self._there(part, (low, high), "domain", text):
                    # a public suffix is named by nothing below it
                    if position not in seen and (text == name or not self.is_suffix(position)):
                        seen.add(position)
                        yield position

    def ipv4(self, text: str) -> Iterator[int]:
        """Yield the entries that name a dotted quad or a range around it."""
        number = addresses.parse_ipv4(text)
        if number is not None:
            yield from self._kept("ipv4", text, lookup.hash_ipv4(number))
            yield from self._within(4, number)

    def ipv6(self, number: int) -> Iterator[int]:
        """Yield the entries that name an IPv6 address or a range around it."""
        yield from self._kept("ipv6", addresses.format_ipv6(number), lookup.hash_ipv6(number))
        yield from self._within(6, number)

    def _within(self, version: int, number: int) -> Iterator[int]:
        width = 32 if version == 4 else 128
        top = number >> 16 if version == 4 else number >> 112
        if not any(_is_set((p.packed.near4, p.packed.near6)[version == 6], top) for p in self._parts):
            return
        for bits in self._lengths[version == 6]:
            first = number >> width - bits << width - bits
            value = addresses.format_network(version, first, bits)
            yield from self._kept("cidr", value, lookup.hash_network(version, first, bits))

    @cached_property
    def _lengths(self) -> tuple[list[int], list[int]]:
        """Lengths of the prefixes of ranges, of IPv4 and IPv6."""
        four, six = set[int](), set[int]()
        for part in self._parts:
            four |= {*part.packed.bits4.tolist()}
            six |= {*part.packed.bits6.tolist()}
        return sorted(four), sorted(six)

    def digest(self, text: str) -> Iterator[int]:
        """Yield the entries that name a digest, or a JA3 fingerprint, in lower-case hexadecimal."""
        return self._kept(None, text, lookup.hash_digest(text))

    def mailbox(self, local: str, host: str) -> Iterator[int]:
        """Yield the entries that name a mailbox; both parts in normal spelling."""
        return self._kept("email", f"{local}@{host}", lookup.hash_text(f"{local}@{host}", hashing.MAILBOX))

    def odd_locals(self, host: str) -> list[str]:
        """Return the local parts at `host` that a run of plain characters cannot be (`words.is_plain_local`)."""
        hashed = lookup.hash_text(host, hashing.ODD_HOST)
        found = []
        for part in self._parts:
            for at in range(*lookup.span(part.packed.odd_prints, hashed)):
                local, _, its = part.packed.value(int(part.packed.odd_entries[at]))[1].rpartition("@")
                if its == host:
                    found.append(local)
        return list(dict.fromkeys(found))

    def url(self, text: str) -> Iterator[int]:
        """Yield the entries that name a URL in normal spelling."""
        return self._kept("url", text, lookup.hash_text(text.partition("://")[2], hashing.REST))

    def url_without_scheme(self, text: str) -> Iterator[int]:
        """Yield the entries that name a URL of which a log gives everything but the scheme."""
        normal = (values.url(f"{scheme}://{text}") for scheme in ("http", "https"))
        for rest in {url.partition("://")[2] for url in normal if url is not None}:
            hashed = lookup.hash_text(rest, hashing.REST)
            for part, standing in zip(self._parts, self._standing, strict=True):
                for position in part.packed.order[slice(*standing.span(hashed))].tolist():
                    kind, value = part.packed.value(position)
                    if (
                        kind == "url"
                        and value.partition("://")[2] == rest
                        and part.first + position not in self._removed
                    ):
                        yield part.first + position

    def has_host(self, host: str) -> bool:
        """Return whether some URL may have this host (in brackets if it is IPv6)."""
        number = addresses.parse_ipv6(host.strip("[]")) if ":" in host else addresses.parse_ipv4(host)
        if number is None:
            space = hashing.NAME if "." in host else hashing.WORD
            hashed = lookup.hash_text(host, space)
        elif ":" in host:
            hashed = lookup.hash_ipv6(number)
        else:
            hashed = lookup.hash_ipv4(number)
        return self._is_further(hashed)

    @cached_property
    def has_phrases(self) -> bool:
        """Whether there are values that are found by one of their words."""
        return any(len(part.packed.word_prints) for part in self._parts)

    def phrases(self, word: str) -> Iterator[tuple[int, Kind, str]]:
        """Yield position, kind and value of the entries that are found by a word in lower case."""
        hashed = lookup.hash_text(word, hashing.WORD)
        for part in self._parts:
            for at in range(*lookup.span(part.packed.word_prints, hashed)):
                position = int(part.packed.word_entries[at])
                if part.first + position not in self._removed:
                    yield part.first + position, *part.packed.value(position)

    def _hash(self, position: int) -> int | None:
        """Return the hash by which the scanner finds an entry; None for kinds that it finds by something else that they share."""
        kind, value = self.entries[position].kind, self.entries[position].value
        match kind:
            case "domain":
                space = hashing.NAME if is_public_suffix(value) else hashing.DOMAIN
                return lookup.hash_text(value, space)
            case "email":
                return lookup.hash_text(value, hashing.MAILBOX)
            case "ipv4":
                return lookup.hash_ipv4(addresses.parse_ipv4(value) or 0)
            case "ipv6":
                return lookup.hash_ipv6(addresses.parse_ipv6(value) or 0)
            case "cidr":
                return lookup.hash_network(*(addresses.parse_network(value) or (4, 0, 0)))
            case "md5" | "sha1" | "sha256" | "sha512" | "ja3":
                return lookup.hash_digest(value)
            case _:
                return None


def _is_set(bits: Any, position: int) -> bool:
    return bool(int(bits[position >> 6]) >> (position & 63) & 1)


def _part(entries: Iterable[Entry], first: int, counted: Sequence[Indicator] = ()) -> Part:
    columns: dict[Kind, Column] = {}
    indicators: list[Indicator] = [*counted]
    numbers: dict[int, int] = {id(each): number for number, each in enumerate(indicators)}
    for position, entry in enumerate(entries):
        number = numbers.get(id(entry.indicator))
        if number is None:
            number = numbers[id(entry.indicator)] = len(indicators)
            indicators.append(entry.indicator)
        column = columns.get(entry.kind)
        if column is None:
            column = columns[entry.kind] = Column([], [], [])
        column.values.append(entry.value)
        column.tags.append(number)
        column.positions.append(position)
    return Part(pack(columns), indicators, first)
