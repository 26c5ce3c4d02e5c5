"""A catalogue that follows the store: what is added, revoked, deleted or withheld is looked for, or not any more, within a tenth of a second.

What there is at first is a stock that processes share (`node.stock`), mapped if somebody made it before; what came since is read behind it. Of the indicators that
change, placements are kept in memory, so a change costs what has changed: what is new is the small second part of the index, what went is muted. When
that part has grown large, the index is built anew beside the old one; tags stay.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

import msgspec
import numpy as np

from tocsin.clock import Micros
from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node.catalogue import (
    OBSERVABLES,
    Catalogue,
    Row,
    Source,
    Sources,
    Wanted,
    newness,
    row_of,
    wanted_of,
)
from tocsin.node.clearances import Clearances
from tocsin.node.evaluating import merged
from tocsin.node.shelf import Shelf
from tocsin.node.stock import Asked, Stock, pack
from tocsin.sharing.release import Clearance, Released
from tocsin.store import Store, placed, warninglists
from tocsin.store.values import Stale

_REBUILD_AT = 50_000
"""Entries added since the index was built, at which it is built anew."""
_BEHIND = 500
"""Placements that a stock may lack, beside a fiftieth of what it has, before it is made anew."""
_LISTS_EVERY: Micros = 60_000_000

_Key = tuple[str, str]  # id of an indicator, owner


def load(
    store: Store, clearances: Clearances, *, observables: bool = False, ceiling: str = ""
) -> Released[Catalogue]:
    """Return what the node's own organisation may hunt for now.

    Of each indicator the latest version of each owner counts; where that is revoked, what the owner said before is gone. One
    owner's revocation does not touch what another asserts under the same id.

    Args:
        store: where the indicators are.
        clearances: decides with the action `match`.
        observables: hunt for cyber-observables as well.
        ceiling: as `Clearances.get` takes it.
    """
    return Following(store, clearances, observables=observables, ceiling=ceiling).catalogue


class _Taken(msgspec.Struct, frozen=True):
    """A stock, and what was added behind it."""

    stock: Stock
    rows: list[Row]


class _Asserted(Sequence[tuple[Source, ...]]):
    """Who asserted each indicator, by tag: as the stock has it, or else since."""

    def __init__(
        self, stock: Stock, source_of: Sources, since: Mapping[int, tuple[Source, ...]], count: int
    ) -> None:
        self._stock, self._source_of, self._since, self._count = stock, source_of, since, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, tag: int) -> tuple[Source, ...]: ...
    @overload
    def __getitem__(self, tag: slice) -> Sequence[tuple[Source, ...]]: ...
    def __getitem__(self, tag: int | slice) -> tuple[Source, ...] | Sequence[tuple[Source, ...]]:
        if isinstance(tag, slice):
            return [self[each] for each in range(*tag.indices(self._count))]
        if not 0 <= tag < self._count:
            raise IndexError(tag)
        found = self._since.get(tag)
        if found is None:
            found = tuple(self._source_of.of(*each) for each in self._stock.asserted(tag))
        return found


class Following:
    """Follows. Not to be shared between threads; the catalogues that it gives are."""

    def __init__(
        self, store: Store, clearances: Clearances, *, observables: bool = False, ceiling: str = ""
    ) -> None:
        """Take up what there is; arguments as of `load`. With observables nothing is followed."""
        self._store = store
        self._clearances = clearances
        self._types = ("indicator", *OBSERVABLES) if observables else ("indicator",)
        self._ceiling = ceiling
        self._shelf = Shelf(store.home)
        self._labels: tuple[int, ...] = ()
        self._lists = Warninglists(())
        self._lists_at: Micros = 0
        self._last = -1
        self._pulse = placed.Mark(-1, -1)
        self._released: Released[Any]
        self._load()

    @property
    def catalogue(self) -> Released[Catalogue]:
        """What is looked for now."""
        return self._released.derive(self._catalogue)

    def follow(self) -> bool:
        """Take up what has changed; return whether there is another catalogue now."""
        own = self._clearances.snapshot.own.id
        pulse = self._mark()
        fresh_lists = self._store.clock() - self._lists_at >= _LISTS_EVERY
        # a date that decisions rest on may have come though nobody changed anything
        same = self._clearances.get(own, "match", ceiling=self._ceiling).labels == self._labels
        if pulse == self._pulse and same:
            if fresh_lists:
                self._read_lists()
                self._make()
            return fresh_lists
        if fresh_lists:
            self._read_lists()
        if pulse.generation == self._pulse.generation and same:
            before = self._labels
            rows = self._gather(after=self._last)
            if self._labels == before:
                self._change(rows, ())
            else:  # a decision changed in between: what is older may be new, too
                self._reconcile()
        else:
            self._reconcile()
            self._shelf.tidy(pulse.generation)
        self._make()
        self._pulse = pulse
        return True

    def _mark(self) -> placed.Mark:
        with self._store.connection() as connection:
            return placed.mark(connection)

    # ---- what there is at first ----

    def _load(self) -> None:
        self._pulse = self._mark()
        self._read_lists()
        self._released = self._clearances.ask(
            self._clearances.snapshot.own.id, self._take, "match", ceiling=self._ceiling
        )
        stock, rows = self._released.value.stock, self._released.value.rows
        self._stock = stock
        self._last = stock.last
        self._base = stock.index
        self._passed, self._examples = Counter(stock.passed), dict(stock.examples)
        self._evaluated, self._rules = stock.evaluated, stock.rules
        self._untouched = stock.standing  # indicators of which nothing has changed
        self._touched: set[str] = set()  # ids of which all placements are in memory
        self._moved = np.zeros(len(stock.cursors), np.bool_)  # placements of the stock that are in memory
        self._rows: dict[_Key, dict[int, Row]] = {}
        self._keys: dict[int, _Key] = {}
        self._current: dict[_Key, Indicator] = {}
        self._holders: dict[Indicator, dict[_Key, None]] = {}
        self._tags: dict[Indicator, int] = {}
        self._next_tag = stock.tags
        self._sources: dict[int, tuple[Source, ...]] = {}
        self._positions: dict[int, list[int]] | None = None  # of entries by tag; None: as the stock has them
        self._removed: set[int] = set()
        self._added: dict[int, list[Entry]] = {}
        self._clues: list[Entry] = []
        if rows:
            self._last = max(row.cursor for row in rows)
            self._change(rows, ())
        self._make()

    def _take(self, clearance: Clearance) -> Released[_Taken] | Stale:
        """Return the stock that was made under this clearance, or one that is made now."""
        self._labels = clearance.labels
        pulse = self._mark()
        if pulse.generation != clearance.generation:
            return Stale(pulse.generation)
        asked = Asked(
            database=hashlib.sha256(self._store.dsn.encode()).hexdigest(),
            organisation=clearance.recipient,
            ceiling=self._ceiling,
            labels=clearance.labels,
            generation=clearance.generation,
            types=self._types,
        )
        stock = self._shelf.find(asked)
        if stock is not None and placed.stands(self._store, stock.last):
            newer = placed.gather(self._store, self._types, clearance, row_of, after=stock.last)
            if isinstance(newer, Stale):
                return newer
            # what observables hold is told by their placements alone, which a stock does not keep
            most = _BEHIND + len(stock.cursors) // 50 if len(self._types) == 1 else 0
            if len(newer.value) <= most:
                return newer.derive(_Taken(stock, newer.value))
        rows = placed.gather(self._store, self._types, clearance, row_of)
        if isinstance(rows, Stale):
            return rows
        index, extra = pack(rows.value, self._clearances.snapshot, asked)
        if not rows.value:  # nothing says where such a file belongs to
            return rows.derive(_Taken(Shelf(None).put(asked, index, extra), []))
        return rows.derive(_Taken(self._shelf.put(asked, index, extra), []))

    # ---- what changes ----

    def _gather(self, *, after: int = -1, at: Sequence[int] | None = None) -> list[Row]:
        def ask(clearance: Clearance) -> Released[list[Row]] | Stale:
            self._labels = clearance.labels
            return placed.gather(self._store, self._types, clearance, row_of, after=after, at=at)

        self._released = self._clearances.ask(
            self._clearances.snapshot.own.id, ask, "match", ceiling=self._ceiling
        )
        found: list[Row] = self._released.value
        self._last = max((row.cursor for row in found), default=self._last) if at is None else self._last
        return found

    def _reconcile(self) -> None:
        """Find out by dates added and label sets what came and what went."""

        def ask(clearance: Clearance) -> Released[list[tuple[int, int]]] | Stale:
            return placed.marks(self._store, self._types, clearance)

        own = self._clearances.snapshot.own.id
        found = self._clearances.ask(own, ask, "match", ceiling=self._ceiling).value
        held = np.array(sorted(found), np.int64).reshape(-1, 2)
        still = ~self._moved
        memory = {cursor: self._rows[key][cursor].label for cursor, key in self._keys.items()}
        known = np.concatenate(
            (
                np.stack((self._stock.cursors[still], self._stock.labels[still]), axis=1),
                np.array([*memory.items()], np.int64).reshape(-1, 2),
            )
        )
        gone = known[~_same(known, held)][:, 0].tolist()
        new = held[~_same(held, known[np.argsort(known[:, 0])])][:, 0].tolist()
        rows = self._gather(at=new)
        self._last = max(self._last, int(held[-1, 0])) if len(held) else self._last
        self._change(rows, gone)
        for indicator, tag in self._tags.items():  # organisations or markings may have other names
            self._sources[tag] = self._sources_of(indicator)

    def _change(self, rows: Sequence[Row], gone: Iterable[int]) -> None:
        touched: dict[_Key, None] = {}
        for cursor in gone:
            if cursor not in self._keys:
                number = self._stock.number_at(cursor)
                assert number is not None  # it is known, and not in memory
                self._touch(self._stock.id_of(number))
            key = self._keys.pop(cursor)
            del self._rows[key][cursor]
            touched[key] = None
        touched |= dict.fromkeys(self._seen(rows))
        changes = [self._hold(key) for key in touched]
        # one may have let go of what another took up
        removed = [tag for old, _ in changes if old is not None and (tag := self._let_go(old)) is not None]
        new = [indicator for _, indicator in changes if indicator is not None and indicator in self._holders]
        wanted = self._wanted(new)
        self._removed |= self._positions_of(removed)
        for tag in removed:
            self._added.pop(tag, None)
        for entry in wanted.entries:
            if entry.indicator.tag >= 0:
                self._added.setdefault(entry.indicator.tag, []).append(entry)
            else:
                self._clues.append(entry)
        self._evaluated = merged(self._evaluated, wanted.evaluated, without=removed)
        if wanted.rules or not self._rules.keys().isdisjoint(removed):
            # another map, so that whoever has made rules ready sees by it that there are others
            kept = {tag: each for tag, each in self._rules.items() if tag not in set(removed)}
            self._rules = kept | wanted.rules
        self._passed += wanted.passed
        self._examples = {**wanted.examples, **self._examples}
        if sum(map(len, self._added.values())) + len(self._removed) > _REBUILD_AT:
            self._build()

    def _build(self) -> None:
        """Build the index anew of what is asserted now."""
        still = (self._stock.indicator(tag) for tag in self._stock.standing_tags(self._moved))
        since = (msgspec.structs.replace(each, tag=tag) for each, tag in self._tags.items())
        wanted = wanted_of((each, None) for some in (still, since) for each in some)
        self._base = Index.build(wanted.entries)
        self._passed, self._examples = wanted.passed, wanted.examples
        self._evaluated, self._rules = wanted.evaluated, wanted.rules
        self._positions = {}
        for position, entry in enumerate(wanted.entries):
            self._positions.setdefault(entry.indicator.tag, []).append(position)
        self._removed, self._added, self._clues = set(), {}, []

    def _positions_of(self, tags: Sequence[int]) -> set[int]:
        """Return where entries of some tags are in the index that was built at once."""
        if not tags:
            return set()
        if self._positions is not None:
            return {each for tag in tags for each in self._positions.pop(tag, ())}
        # in a stock the tag is the number of the indicator
        return set(np.flatnonzero(np.isin(self._base.base.packed.tags, np.array(tags, np.int64))).tolist())

    def _touch(self, name: str) -> None:
        """Take what the stock has of an id into memory, from where it is changed."""
        if name in self._touched:
            return
        self._touched.add(name)
        owners = self._clearances.snapshot.labels
        tags: dict[Indicator, int] = {}
        keys: dict[_Key, None] = {}
        for number, tag, row in self._stock.placements(name):
            self._moved[number] = True
            key = (name, owners[row.label].owner)
            self._rows.setdefault(key, {})[row.cursor] = row
            self._keys[row.cursor] = key
            tags[row.indicator] = tag
            keys[key] = None
        for key in keys:
            says = self._says(key)
            if says is not None:
                self._current[key] = says
                self._holders.setdefault(says, {})[key] = None
                self._untouched -= says not in self._tags
                self._tags[says] = tags[says]

    def _seen(self, rows: Iterable[Row]) -> list[_Key]:
        owners = self._clearances.snapshot.labels
        keys = []
        for row in rows:
            self._touch(row.indicator.id)
            key = (row.indicator.id, owners[row.label].owner)
            self._rows.setdefault(key, {})[row.cursor] = row
            self._keys[row.cursor] = key
            keys.append(key)
        return keys

    def _says(self, key: _Key) -> Indicator | None:
        """Return what an owner says with an indicator by its latest row."""
        latest = max(self._rows[key].values(), key=newness, default=None)
        return None if latest is None or latest.revoked else latest.indicator

    def _hold(self, key: _Key) -> tuple[Indicator | None, Indicator | None]:
        """Take the latest row of an owner's indicator for what it says; return what it said, and what it says if that is new."""
        says = self._says(key)
        said = self._current.get(key)
        if says == said:
            if says is not None:
                self._sources[self._tags[says]] = self._sources_of(says)
            return None, None
        if said is not None:
            del self._current[key]
            self._holders[said].pop(key)
        if says is None:
            return said, None
        self._current[key] = says
        fresh = says not in self._tags
        if fresh:
            self._tags[says] = self._next_tag
            self._next_tag += 1
        self._holders.setdefault(says, {})[key] = None
        self._sources[self._tags[says]] = self._sources_of(says)
        return said, says if fresh else None

    def _let_go(self, indicator: Indicator) -> int | None:
        """Return the tag of what nobody says any more."""
        if self._holders.get(indicator):
            self._sources[self._tags[indicator]] = self._sources_of(indicator)
            return None
        self._holders.pop(indicator, None)
        return self._tags.pop(indicator, None)

    def _sources_of(self, indicator: Indicator) -> tuple[Source, ...]:
        source_of = Sources(self._clearances.snapshot)
        return tuple(
            source_of(max(self._rows[key].values(), key=newness)) for key in self._holders.get(indicator, ())
        )

    def _wanted(self, indicators: Iterable[Indicator]) -> Wanted:
        tagged: list[tuple[Indicator, dict[str, Any] | None]] = [
            (msgspec.structs.replace(each, tag=self._tags[each]), None) for each in indicators
        ]
        return wanted_of(tagged)

    def _read_lists(self) -> None:
        with self._store.connection() as connection:
            listed = warninglists.everything(connection)
        self._lists = Warninglists(
            Listed(each.name, each.kind, each.attributes, each.values) for each in listed
        )
        self._lists_at = self._store.clock()

    def _make(self) -> None:
        added = [entry for entries in self._added.values() for entry in entries]
        index = self._base
        if added or self._removed or self._clues:
            index = self._base.changed(add=[*added, *self._clues], remove=self._removed)
        sources = Sources(self._clearances.snapshot)
        self._catalogue = Catalogue(
            index=index,
            sources=_Asserted(self._stock, sources, dict(self._sources), self._next_tag),
            indicators=self._untouched + len(self._tags),
            passed=Counter(self._passed),
            examples=dict(self._examples),
            lists=self._lists,
            evaluated=self._evaluated,
            rules=self._rules,
        )


def _same(these: Any, those: Any) -> Any:
    """Return which of some pairs of date and label set are among others, which are sorted."""
    if not len(those):
        return np.zeros(len(these), np.bool_)
    at = np.minimum(np.searchsorted(those[:, 0], these[:, 0]), len(those) - 1)
    return (those[at, 0] == these[:, 0]) & (those[at, 1] == these[:, 1])
