"""Entries as arrays: what an index is made of, in memory as in a file.

A value takes its bytes (an address 4 or 16, a digest half its digits), and 19 bytes beside: where it begins (4), its kind (1), its
indicator (4), the upper half of its hash (4), what entry that is (4), and a filter (2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, get_args

import numpy as np

from tocsin.errors import LimitError
from tocsin.matching import addresses, hashing, lookup, packing, words
from tocsin.matching.native import address
from tocsin.matching.suffixes import is_public_suffix, rules
from tocsin.matching.tables import Tables
from tocsin.matching.values import KINDS, Kind

CODES: Final[dict[str, int]] = {kind: code for code, kind in enumerate(get_args(Kind))}
DIGESTS: Final[frozenset[Kind]] = frozenset({"md5", "sha1", "sha256", "sha512", "ja3"})
LARGEST: Final = 2**32 - 1
"""Most bytes of values."""


class Packed(NamedTuple):
    """Entries by position.

    Attributes:
        data: their values, one after the other; `starts` says where each begins, and where the last ends.
        kinds: their kinds, by `CODES`.
        tags: their indicators, by number.
        prints: upper halves of their hashes, sorted; `order` says which entry each is of.
        odd_prints, odd_entries: hosts of mailboxes whose local part is not of the plain sort (`words.is_plain_local`).
        word_prints, word_entries: a word of each value that is found by one of its words.
        further, filter, lasts, near4, bits4, near6, bits6, flags: as in `kernel.Tables`.
    """

    data: Any
    starts: Any
    kinds: Any
    tags: Any
    prints: Any
    order: Any
    odd_prints: Any
    odd_entries: Any
    word_prints: Any
    word_entries: Any
    further: Any
    filter: Any
    lasts: Any
    near4: Any
    bits4: Any
    near6: Any
    bits6: Any
    flags: Any

    @property
    def size(self) -> int:
        """Bytes that all of it takes."""
        return sum(array.nbytes for array in self)


class Rows:
    """Entries one at a time, for which views of their arrays take a fraction of the time that arrays take."""

    def __init__(self, packed: Packed) -> None:
        """Look at the arrays of `packed`; `order` and `tags` are as there."""
        self.order: memoryview = packed.order.data
        self.tags: memoryview = packed.tags.data
        self._data: memoryview = packed.data.data
        self._starts: memoryview = packed.starts.data
        self._kinds: memoryview = packed.kinds.data

    def value(self, position: int) -> tuple[Kind, str]:
        """Return kind and value of an entry."""
        kind = KINDS[self._kinds[position]]
        raw = self._data[self._starts[position] : self._starts[position + 1]].tobytes()
        if kind == "ipv4":
            return kind, addresses.format_ipv4(int.from_bytes(raw))
        if kind == "ipv6":
            return kind, addresses.format_ipv6(int.from_bytes(raw))
        return kind, raw.hex() if kind in DIGESTS else raw.decode()


DTYPES: Final[dict[str, Any]] = {
    **dict.fromkeys(("data", "kinds", "bits4", "bits6", "flags"), np.dtype(np.uint8)),
    **dict.fromkeys(("starts", "tags", "prints", "order", "further"), np.dtype(np.uint32)),
    **dict.fromkeys(("odd_prints", "odd_entries", "word_prints", "word_entries"), np.dtype(np.uint32)),
    **dict.fromkeys(("filter", "lasts", "near4", "near6", "indicator_starts"), np.dtype(np.uint64)),
}
"""Types of the arrays, and of one that is kept beside them (`archive`)."""


class Column(NamedTuple):
    """Entries of one kind: values in normal spelling, their indicators by number, and the positions that they are to have."""

    values: list[str]
    tags: list[int]
    positions: list[int]


def pack(columns: Mapping[Kind, Column]) -> Packed:
    """Return entries as arrays.

    Args:
        columns: the entries by kind; their positions together are 0, 1, 2 and so on.

    Raises:
        LimitError: the values take more than `LARGEST` bytes together.
    """
    making = _Making()
    for kind, column in columns.items():
        if column.values:
            making.add(kind, column)
    return making.done()


class _Making:
    """Arrays in the making: one piece a kind, and what the pieces add to the small tables."""

    def __init__(self) -> None:
        self.pieces: list[tuple[Any, ...]] = []
        self.further: list[Any] = []
        self.filtered: list[Any] = []
        self.odd: list[tuple[int, int]] = []
        self.words: list[tuple[int, int]] = []
        self.lasts = np.zeros(1024, np.uint64)
        self.near4 = np.zeros(1024, np.uint64)
        self.near6 = np.zeros(1024, np.uint64)
        self.bits: dict[int, set[int]] = {4: set(), 6: set()}
        self.flags = np.zeros(5, np.uint8)
        self.count = 0

    def add(self, kind: Kind, column: Column) -> None:
        make = getattr(self, f"_{kind}", None)
        if make is None:
            make = self._digest if kind in DIGESTS else self._text
        data, sizes, hashes = make(column.values)
        kinds = np.full(len(sizes), CODES[kind], np.uint8)
        numbers = (np.array(each, np.uint32) for each in (column.tags, column.positions))
        self.pieces.append((data, sizes, hashes, kinds, *numbers))
        self.count += len(sizes)

    def _ipv4(self, values: list[str]) -> tuple[Any, Any, Any]:
        numbers = np.empty(len(values), np.uint32)
        text = np.frombuffer(" ".join(values).encode(), np.uint8)
        packing.quads(address(text), len(text), numbers)
        hashes = packing.hash_numbers(0, numbers, hashing.IPV4)
        self.filtered.append(hashes)
        return numbers.astype(">u4").view(np.uint8), np.full(len(values), 4), hashes

    def _ipv6(self, values: list[str]) -> tuple[Any, Any, Any]:
        numbers = [addresses.parse_ipv6(value) or 0 for value in values]
        raw = np.frombuffer(b"".join(number.to_bytes(16) for number in numbers), np.uint8)
        highs, lows = raw.view(">u8").astype(np.uint64).reshape(-1, 2).T.copy()
        hashes = packing.hash_pairs(highs, lows, hashing.IPV6)
        packing.set_bits(self.near6, (highs >> np.uint64(48)).astype(np.int64))
        self.flags[0] = 1
        self.filtered.append(hashes)
        return raw, np.full(len(values), 16), hashes

    def _cidr(self, values: list[str]) -> tuple[Any, Any, Any]:
        ranges = [addresses.parse_network(value) for value in values]
        raw = b"".join(
            each[1].to_bytes(16) for each in ranges if each is not None
        )  # all: their spelling is normal
        highs, lows = np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, 2).T.copy()
        lengths = np.array([each[2] for each in ranges if each is not None], np.int64)
        is6 = np.array([each[0] == 6 for each in ranges if each is not None])
        hashes = packing.hash_networks(highs, lows, lengths, np.where(is6, hashing.NET6, hashing.NET4))
        tops = np.where(is6, highs >> np.uint64(48), lows >> np.uint64(16)).astype(np.int64)
        for version, near, those in ((4, self.near4, ~is6), (6, self.near6, is6)):
            self.bits[version].update(lengths[those].tolist())
            packing.set_bits(near, tops[those])
            for at in np.flatnonzero(those & (lengths < 16)):
                packing.set_bits(near, np.arange(tops[at], tops[at] + (1 << (16 - int(lengths[at])))))
        if is6.any():
            self.flags[0] = 1
        self.filtered.append(hashes)
        data, sizes = _joined(values)
        return data, sizes, hashes

    def _digest(self, values: list[str]) -> tuple[Any, Any, Any]:
        digits = len(values[0])
        data = np.frombuffer(bytes.fromhex("".join(values)), np.uint8)
        heads = data.reshape(len(values), digits // 2)[:, :8].copy().view(">u8").ravel().astype(np.uint64)
        hashes = packing.hash_numbers(digits, heads, hashing.DIGEST)
        self.flags[1] = 1
        self.filtered.append(hashes)
        return data, np.full(len(values), digits // 2), hashes

    def _domain(self, values: list[str]) -> tuple[Any, Any, Any]:
        data, sizes = _joined(values)
        starts, ends = _bounds(sizes)
        hashes, above = packing.hash_names(data, starts, ends)
        suffixes, wild = _suffix_hashes()
        likely = (above == 0) | _among(hashes, suffixes) | _among(above, wild)
        for at in np.flatnonzero(likely).tolist():
            if is_public_suffix(values[at]):
                hashes[at] = lookup.hash_text(values[at], hashing.NAME)
        packing.set_lasts(self.lasts, self.flags, address(data), starts, ends)
        self.filtered.append(hashes)
        return data, sizes, hashes

    def _email(self, values: list[str]) -> tuple[Any, Any, Any]:
        data, sizes = _joined(values)
        starts, ends = _bounds(sizes)
        hashes = packing.hash_texts(data, starts, ends, hashing.MAILBOX)
        packing.set_lasts(self.lasts, self.flags, address(data), starts, ends)
        self.flags[2] = 1
        self.filtered.append(hashes)
        for at, value in enumerate(values):
            local, _, host = value.rpartition("@")
            if not words.is_plain_local(local):
                self.odd.append((lookup.hash_text(host, hashing.ODD_HOST), self.count + at))
        return data, sizes, hashes

    def _url(self, values: list[str]) -> tuple[Any, Any, Any]:
        data, sizes = _joined(values)
        starts, ends = _bounds(sizes)
        rests = starts + np.fromiter((value.index("://") + 3 for value in values), np.int64, len(values))
        hosts = np.zeros(len(values), np.uint64)
        packing.hash_hosts(address(data), rests, ends, hosts, (self.lasts, self.flags))
        for at in np.flatnonzero(hosts == 0):  # those that are no names in ASCII
            hosts[at] = self._host(values[at].partition("://")[2])
        hosts = np.unique(hosts)
        self.further.append(hosts)
        self.filtered.append(hosts)
        return data, sizes, packing.hash_texts(data, rests, ends, hashing.REST)

    def _host(self, rest: str) -> int:
        """Return the hash of a host that is an IPv6 address, or has one label."""
        if rest.startswith("["):
            number = addresses.parse_ipv6(rest[1 : rest.index("]")]) or 0
            packing.set_bits(self.near6, np.array([number >> 112]))
            self.flags[0] = 1
            return lookup.hash_ipv6(number)
        self.flags[3] = 1
        return lookup.hash_text(rest.partition("/")[0].partition(":")[0], hashing.WORD)

    def _text(self, values: list[str]) -> tuple[Any, Any, Any]:
        data, sizes = _joined(values)
        starts, ends = _bounds(sizes)
        for at, value in enumerate(values):
            self.words.append((lookup.hash_text(words.anchor(value), hashing.WORD), self.count + at))
        self.flags[3] = 1
        return data, sizes, packing.hash_texts(data, starts, ends, hashing.PHRASE)

    def done(self) -> Packed:
        empty = (np.uint8, np.int64, np.uint64, np.uint8, np.uint32, np.uint32)
        self.pieces.append(tuple(np.zeros(0, kind) for kind in empty))
        data, sizes, hashes, kinds, tags, positions = map(np.concatenate, zip(*self.pieces, strict=True))
        if len(data) > LARGEST:
            raise LimitError(f"the values of an index take {len(data):,} bytes; {LARGEST:,} is the most")
        places = np.empty(len(positions), np.uint32)  # of the entry at each position, among the pieces
        places[positions] = np.arange(len(positions), dtype=np.uint32)
        old = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes[places])))
        moved = np.empty_like(data)
        packing.gather(data, old, places, starts, moved)
        order = _sorting(hashes)
        odd, worded = _linked(self.odd, positions), _linked(self.words, positions)
        self.filtered += [odd[0], worded[0]]
        keys = np.concatenate(self.filtered)
        bloom = np.zeros(max(1, len(keys) // 4), np.uint64)
        hashing.insert(bloom, keys)
        further = _prints(np.unique(np.concatenate([*self.further, odd[0], worded[0]])))
        return Packed(
            data=moved,
            starts=starts.astype(np.uint32),
            kinds=kinds[places],
            tags=tags[places],
            prints=_prints(hashes[order]),
            order=positions[order],
            odd_prints=_prints(odd[0]),
            odd_entries=odd[1],
            word_prints=_prints(worded[0]),
            word_entries=worded[1],
            further=further,
            filter=bloom,
            lasts=self.lasts,
            near4=self.near4,
            bits4=np.array(sorted(self.bits[4]), np.uint8),
            near6=self.near6,
            bits6=np.array(sorted(self.bits[6]), np.uint8),
            flags=self.flags,
        )


def _sorting(hashes: Any) -> Any:
    """Return the order in which hashes rise; equal ones stay in theirs. Sorting so at once would take several times as long."""
    order = np.argsort(hashes)
    rising = hashes[order]
    same = np.flatnonzero(rising[1:] == rising[:-1])
    if len(same):
        places = np.union1d(same, same + 1)
        order[places] = order[places][np.lexsort((order[places], rising[places]))]
    return order


def _among(hashes: Any, known: Any) -> Any:
    """Return which hashes are among the `known` ones, which are sorted and not empty."""
    return known[np.minimum(np.searchsorted(known, hashes), len(known) - 1)] == hashes


@cache
def _suffix_hashes() -> tuple[Any, Any]:
    """Return the hashes of names that rules for public suffixes are about, and of those below which each label is one."""
    found = []
    for names in rules():
        data, sizes = _joined(sorted(names))
        found.append(np.sort(packing.hash_names(data, *_bounds(sizes))[0]))
    return found[0], found[1]


def _joined(values: list[str]) -> tuple[Any, Any]:
    text = "".join(values)
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8), np.fromiter(map(len, values), np.int64, len(values))
    encoded = [value.encode() for value in values]
    return np.frombuffer(b"".join(encoded), np.uint8), np.fromiter(map(len, encoded), np.int64, len(values))


def _bounds(sizes: Any) -> tuple[Any, Any]:
    ends = np.cumsum(sizes)
    return ends - sizes, ends


def _prints(hashes: Any) -> Any:
    return (hashes >> np.uint64(32)).astype(np.uint32)


def _linked(pairs: Sequence[tuple[int, int]], positions: Any) -> tuple[Any, Any]:
    pairs = sorted(pairs)
    return (
        np.array([hashed for hashed, _ in pairs], np.uint64),
        positions[np.array([place for _, place in pairs], np.int64)],
    )


def tables(base: Packed, overlay: Packed | None, muted: Any) -> Tables:
    """Return what the scanner asks: of `base`, and of what was added to it. `muted` as in `Tables`."""
    over = pack({}) if overlay is None else overlay
    return Tables(
        filter=base.filter,
        prints=base.prints,
        further=base.further,
        more=over.filter[: 0 if overlay is None else None],
        added=np.unique(np.concatenate((over.prints, over.further))),
        muted=muted,
        lasts=base.lasts | over.lasts,
        near4=base.near4 | over.near4,
        bits4=np.union1d(base.bits4, over.bits4),
        near6=base.near6 | over.near6,
        bits6=np.union1d(base.bits6, over.bits6),
        flags=base.flags | over.flags,
    )
