"""A catalogue that follows the store: what is added, revoked, deleted or withheld is looked for, or not any more, within a tenth of a second.

Rows are kept in memory, so a change costs what has changed. The index that was built at first stays; what came since is its small second part, what
went is muted. When the second part has grown large, all is built anew beside the old one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tocsin.clock import Micros
from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node.catalogue import Catalogue, Row, Source, Sources, Wanted, row_of, wanted_of
from tocsin.node.clearances import Clearances
from tocsin.node.evaluating import merged
from tocsin.sharing.release import Clearance, Released
from tocsin.store import Store, placed, warninglists
from tocsin.store.values import Stale

_TYPES = ("indicator",)
_REBUILD_AT = 50_000
"""Entries added since the index was built, at which it is built anew."""
_LISTS_EVERY: Micros = 60_000_000

_Key = tuple[str, str]  # id of an indicator, owner


class Following:
    """Follows. Not to be shared between threads; the catalogues that it gives are."""

    def __init__(self, store: Store, clearances: Clearances) -> None:
        """Read everything."""
        self._store = store
        self._clearances = clearances
        self._pulse = placed.Mark(-1, -1)
        self._labels: tuple[int, ...] = ()
        self._lists = Warninglists(())
        self._lists_at: Micros = 0
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
        if pulse == self._pulse and self._clearances.get(own, "match").labels == self._labels:
            if fresh_lists:
                self._read_lists()
                self._make()
            return fresh_lists
        if fresh_lists:
            self._read_lists()
        if (
            pulse.generation == self._pulse.generation
            and self._clearances.get(own, "match").labels == self._labels
        ):
            before = self._labels
            rows = self._gather(after=self._last)
            if self._labels == before:
                self._change(rows, ())
            else:  # a decision changed in between: what is older may be new, too
                self._reconcile()
        else:
            self._reconcile()
        self._pulse = pulse
        return True

    def _mark(self) -> placed.Mark:
        with self._store.connection() as connection:
            return placed.mark(connection)

    def _load(self) -> None:
        self._pulse = self._mark()
        self._rows: dict[_Key, dict[int, Row]] = {}
        self._keys: dict[int, _Key] = {}
        self._current: dict[_Key, Indicator] = {}
        self._holders: dict[Indicator, dict[_Key, None]] = {}
        self._tags: dict[Indicator, int] = {}
        self._last = -1
        self._sources: list[tuple[Source, ...]] = []
        self._read_lists()
        rows = self._gather()
        self._seen(rows)
        new = [self._hold(key)[1] for key in self._rows]
        self._build(self._wanted(each for each in new if each is not None))
        self._make()

    def _build(self, wanted: Wanted) -> None:
        self._base = Index.build(wanted.entries)
        self._passed, self._examples = wanted.passed, wanted.examples
        self._evaluated = wanted.evaluated
        self._rules = wanted.rules
        self._positions: dict[int, list[int]] = {}
        for position, entry in enumerate(wanted.entries):
            self._positions.setdefault(entry.indicator.tag, []).append(position)
        self._removed: set[int] = set()
        self._added: dict[int, list[Entry]] = {}
        self._clues: list[Entry] = []

    def _gather(self, *, after: int = -1, at: Sequence[int] | None = None) -> list[Row]:
        def ask(clearance: Clearance) -> Released[list[Row]] | Stale:
            self._labels = clearance.labels
            return placed.gather(self._store, _TYPES, clearance, row_of, after=after, at=at)

        self._released = self._clearances.ask(self._clearances.snapshot.own.id, ask, "match")
        found: list[Row] = self._released.value
        self._last = max((row.cursor for row in found), default=self._last) if at is None else self._last
        return found

    def _reconcile(self) -> None:
        """Find out by dates added and label sets what came and what went."""

        def ask(clearance: Clearance) -> Released[list[tuple[int, int]]] | Stale:
            return placed.marks(self._store, _TYPES, clearance)

        own = self._clearances.snapshot.own.id
        held = dict(self._clearances.ask(own, ask, "match").value)
        gone = [
            cursor
            for cursor, key in self._keys.items()
            if held.get(cursor, -1) != self._rows[key][cursor].label
        ]
        lost = set(gone)
        new = [cursor for cursor in held if cursor not in self._keys or cursor in lost]
        rows = self._gather(at=new)
        self._last = max(held, default=self._last)
        self._change(rows, gone)
        self._name()

    def _change(self, rows: Sequence[Row], gone: Iterable[int]) -> None:
        touched: dict[_Key, None] = {}
        for cursor in gone:
            key = self._keys.pop(cursor)
            del self._rows[key][cursor]
            touched[key] = None
        touched |= dict.fromkeys(self._seen(rows))
        changes = [self._hold(key) for key in touched]
        # one may have let go of what another took up
        removed = [tag for old, _ in changes if old is not None and (tag := self._let_go(old)) is not None]
        new = [indicator for _, indicator in changes if indicator is not None and indicator in self._holders]
        wanted = self._wanted(new)
        for tag in removed:
            self._removed.update(self._positions.pop(tag, ()))
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
            self._build(self._wanted(self._tags))
        self._make()

    def _seen(self, rows: Iterable[Row]) -> list[_Key]:
        owners = self._clearances.snapshot.labels
        keys = []
        for row in rows:
            key = (row.indicator.id, owners[row.label].owner)
            self._rows.setdefault(key, {})[row.cursor] = row
            self._keys[row.cursor] = key
            keys.append(key)
        return keys

    def _hold(self, key: _Key) -> tuple[Indicator | None, Indicator | None]:
        """Take the latest row of an owner's indicator for what it says; return what it said, and what it says if that is new."""
        rows = self._rows[key].values()
        latest = max(rows, key=lambda row: (row.version, -row.cursor), default=None)
        says = None if latest is None or latest.revoked else latest.indicator
        said = self._current.get(key)
        if says == said:
            if says is not None and latest is not None:
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
            self._tags[says] = len(self._sources)
            self._sources.append(())
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
        found = []
        for key in self._holders.get(indicator, ()):
            latest = max(self._rows[key].values(), key=lambda row: (row.version, -row.cursor))
            found.append(source_of(latest))
        return tuple(found)

    def _name(self) -> None:
        """Word the sources anew: organisations or markings may have other names."""
        for indicator, tag in self._tags.items():
            self._sources[tag] = self._sources_of(indicator)

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
        self._catalogue = Catalogue(
            index=index,
            sources=list(self._sources),
            indicators=len(self._tags),
            passed=Counter(self._passed),
            examples=dict(self._examples),
            lists=self._lists,
            evaluated=self._evaluated,
            rules=self._rules,
        )
