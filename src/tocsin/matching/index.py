"""The index: from a value met in a log to the entries that name it.

Values are looked up by their hashes and compared letter by letter. Names are probed with each of their suffixes, addresses with the prefix of
every length that some range has. A domain that is a public suffix (`co.uk`, `duckdns.org`) is kept, but stands for itself alone.

An index does not change. `changed` gives another that shares its arrays and has a small second part for what was added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import msgspec
import numpy as np

from tocsin.matching import addresses, hashing, lookup, values
from tocsin.matching.entries import Entry, Indicator
from tocsin.matching.native import address
from tocsin.matching.packed import Column, Packed, Rows, pack, tables
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


class _Asked:
    """A part that is asked about one value at a time."""

    def __init__(self, part: Part) -> None:
        packed = part.packed
        self.first, self.packed, self.indicators = part.first, packed, part.indicators
        self.rows = Rows(packed)
        self.standing = lookup.Standing(packed.filter, packed.prints)
        self.near: tuple[memoryview, memoryview] = packed.near4.data, packed.near6.data

    def entry(self, position: int) -> Entry:
        """Return the entry at a position of the index."""
        at = position - self.first
        kind, value = self.rows.value(at)
        return Entry(kind, value, self.indicators[self.rows.tags[at]])


class _Made(dict[int, Entry]):
    """Entries by position, made when they are first asked for: what was found is asked for again, by each step of judging it."""

    def __init__(self, parts: Sequence[_Asked]) -> None:
        super().__init__()
        self._parts = parts
        self.length = sum(len(part.packed.kinds) for part in parts)

    def __missing__(self, position: int) -> Entry:
        if not 0 <= position < self.length:
            raise IndexError(position)
        part = self._parts[-1] if position >= self._parts[-1].first else self._parts[0]
        if len(self) >= _MOST_MADE:
            self.clear()
        entry = self[position] = part.entry(position)
        return entry


class _Entries(Sequence[Entry]):
    """The entries of an index by position."""

    def __init__(self, made: _Made) -> None:
        self._made = made

    def __len__(self) -> int:
        return self._made.length

    @overload
    def __getitem__(self, position: int) -> Entry: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Entry]: ...
    def __getitem__(self, position: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(len(self)))]
        return self._made[position]


class Index:
    """Entries by value.

    Attributes:
        entries: all of them, also those that were removed; the index speaks of them by position.
        entry: gives one of them, in a fifth of the time that `entries` takes.
    """

    def __init__(self, parts: Sequence[Part] = (), removed: frozenset[int] = frozenset()) -> None:
        """Make an index of arrays: one part, or a base and what was added to it. `build` makes one of entries."""
        self._parts = tuple(parts) or (Part(pack({}), (), 0),)
        self._removed = removed
        self._asked = [_Asked(part) for part in self._parts]
        made = _Made(self._asked)
        self.entries: Sequence[Entry] = _Entries(made)
        self.entry: Callable[[int], Entry] = made.__getitem__

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

    def _kept(self, kind: Kind | None, value: str, hashed: Any) -> list[int]:
        """Return the entries with a hash, a value and a kind (None: any)."""
        found: list[int] = []
        for part in self._asked:
            found += self._there(part, *part.standing.span(hashed), kind, value)
        return found

    def _there(self, part: _Asked, low: int, high: int, kind: Kind | None, value: str) -> list[int]:
        """Return the entries of a part between two positions of its `prints` that have a value and a kind (None: any)."""
        found = []
        for at in range(low, high):
            position = part.first + part.rows.order[at]
            entry = self.entry(position)
            if entry.value == value and kind in {None, entry.kind} and position not in self._removed:
                found.append(position)
        return found

    def is_suffix(self, position: int) -> bool:
        """Return whether an entry is a domain that is a public suffix."""
        entry = self.entry(position)
        return entry.kind == "domain" and is_public_suffix(entry.value)

    def name(self, name: str) -> list[int]:
        """Return the entries that name a domain or one above it, each once; `name` is in normal spelling."""
        found: dict[int, None] = {}
        for part in self._asked:
            for text, low, high in part.standing.suffixes(name, _LONGEST_NAME):
                there = self._there(part, low, high, "domain", text)
                # a public suffix is named by nothing below it
                if there and (text == name or not is_public_suffix(text)):
                    found |= dict.fromkeys(there)
        return list(found)

    def ipv4(self, text: str) -> list[int]:
        """Return the entries that name a dotted quad or a range around it."""
        number = addresses.parse_ipv4(text)
        if number is None:
            return []
        return self._kept("ipv4", text, lookup.hash_ipv4(number)) + self._within(4, number)

    def ipv6(self, number: int) -> list[int]:
        """Return the entries that name an IPv6 address or a range around it."""
        text = addresses.format_ipv6(number)
        return self._kept("ipv6", text, lookup.hash_ipv6(number)) + self._within(6, number)

    def _within(self, version: int, number: int) -> list[int]:
        width, which = (32, 0) if version == 4 else (128, 1)
        top = number >> width - 16
        found: list[int] = []
        for part in self._asked:
            if part.near[which][top >> 6] >> (top & 63) & 1:
                break
        else:
            return found
        for bits in self._lengths[which]:
            first = number >> width - bits << width - bits
            value = addresses.format_network(version, first, bits)
            found += self._kept("cidr", value, lookup.hash_network(version, first, bits))
        return found

    @cached_property
    def _lengths(self) -> tuple[list[int], list[int]]:
        """Lengths of the prefixes of ranges, of IPv4 and IPv6."""
        four, six = set[int](), set[int]()
        for part in self._parts:
            four |= {*part.packed.bits4.tolist()}
            six |= {*part.packed.bits6.tolist()}
        return sorted(four), sorted(six)

    def digest(self, text: str) -> list[int]:
        """Return the entries that name a digest, or a JA3 fingerprint, in lower-case hexadecimal."""
        return self._kept(None, text, lookup.hash_digest(text))

    def mailbox(self, local: str, host: str) -> list[int]:
        """Return the entries that name a mailbox; both parts in normal spelling."""
        return self._kept("email", f"{local}@{host}", lookup.hash_text(f"{local}@{host}", hashing.MAILBOX))

    def odd_locals(self, host: str) -> list[str]:
        """Return the local parts at `host` that a run of plain characters cannot be (`words.is_plain_local`)."""
        hashed = lookup.hash_text(host, hashing.ODD_HOST)
        found = []
        for part in self._asked:
            for at in range(*lookup.span(part.packed.odd_prints, hashed)):
                local, _, its = part.rows.value(int(part.packed.odd_entries[at]))[1].rpartition("@")
                if its == host:
                    found.append(local)
        return list(dict.fromkeys(found))

    def url(self, text: str) -> list[int]:
        """Return the entries that name a URL in normal spelling."""
        return self._kept("url", text, lookup.hash_text(text.partition("://")[2], hashing.REST))

    def url_without_scheme(self, text: str) -> list[int]:
        """Return the entries that name a URL of which a log gives everything but the scheme."""
        found = []
        normal = (values.url(f"{scheme}://{text}") for scheme in ("http", "https"))
        for rest in {url.partition("://")[2] for url in normal if url is not None}:
            hashed = lookup.hash_text(rest, hashing.REST)
            for part in self._asked:
                for at in range(*part.standing.span(hashed)):
                    position = part.first + part.rows.order[at]
                    entry = self.entry(position)
                    if (
                        entry.kind == "url"
                        and entry.value.partition("://")[2] == rest
                        and position not in self._removed
                    ):
                        found.append(position)
        return found

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
        for part in self._asked:
            for at in range(*lookup.span(part.packed.word_prints, hashed)):
                position = int(part.packed.word_entries[at])
                if part.first + position not in self._removed:
                    yield part.first + position, *part.rows.value(position)

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
