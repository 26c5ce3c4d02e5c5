"""Search on behalf of an organisation: the words of a query that name organisations, levels and collections become label sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar
from uuid import UUID

import msgspec

from tocsin.clock import Micros
from tocsin.node.clearances import Clearances, Snapshot
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import NO_TLP, facts_of
from tocsin.sharing.release import Clearance, Released
from tocsin.store import Store, collections
from tocsin.store.collections import Collection as Stored
from tocsin.store.search import finding, index, suggesting, versions
from tocsin.store.search.conditions import Scope
from tocsin.store.search.finding import Facets, Found
from tocsin.store.search.query import Query
from tocsin.store.search.suggesting import Suggestion
from tocsin.store.search.versions import Version
from tocsin.store.values import Stale

T = TypeVar("T")
_BEHIND = 500  # objects that a reader waits for to be indexed; more is the business of the worker
_BEHIND_SECONDS = 0.3


def may_read(collection: Stored, asking: Organisation) -> bool:
    """Return whether an organisation may know of a collection and read it; what is in it is decided object by object all the same."""
    member = asking.own or (
        not collection.private
        and (collection.community is None or str(collection.community) in asking.communities)
    )
    return member and not asking.suspended


def may_write(collection: Stored, asking: Organisation) -> bool:
    """Return whether an organisation may add to a collection."""
    return not asking.suspended and (asking.own or asking.id in collection.writers)


class Counts(msgspec.Struct, frozen=True):
    """Facets in words: how many objects were found, by type, level, source and alias of the collection.

    A source is the id of an organisation, or "" where the reader may not know it.
    """

    total: int
    complete: bool
    types: dict[str, int]
    tlp: dict[str, int]
    sources: dict[str, int]
    collections: dict[str, int]


class Searcher:
    """Searches for organisations."""

    def __init__(self, store: Store, clearances: Clearances, *, ceiling: str = "") -> None:
        """Bind; `ceiling` as `Clearances.get` takes it."""
        self._ceiling = ceiling
        self._store = store
        self._clearances = clearances

    def find(
        self,
        query: Query,
        organisation: str,
        readable: Collection[UUID],
        *,
        limit: int,
        beyond: Micros | None = None,
        oldest: bool = False,
        bodies: bool = True,
        encrypted: bool = True,
    ) -> Released[Found]:
        """Return a page, with or without `bodies`; `readable` are ids of the collections that the organisation may read."""
        self._keep_up()

        def ask(scope: Scope) -> Released[Found] | Stale:
            return finding.find(
                self._store, query, scope, limit=limit, beyond=beyond, oldest=oldest, bodies=bodies
            )

        return self._ask(ask, query, organisation, readable, encrypted=encrypted)

    def facets(
        self, query: Query, organisation: str, readable: Collection[UUID], *, encrypted: bool = True
    ) -> Released[Counts]:
        """Return counts over everything that `find` finds."""
        self._keep_up()

        def ask(scope: Scope) -> Released[Facets] | Stale:
            return finding.facets(self._store, query, scope)

        found = self._ask(ask, query, organisation, readable, encrypted=encrypted)
        return found.derive(self._in_words(found.value, organisation))

    def first(
        self,
        query: Query,
        organisation: str,
        readable: Collection[UUID],
        *,
        limit: int,
        encrypted: bool = True,
    ) -> Released[tuple[Found, Counts]]:
        """Return the first page of `find`, and `facets`."""
        self._keep_up()

        def ask(scope: Scope) -> Released[tuple[Found, Facets]] | Stale:
            return finding.first(self._store, query, scope, limit=limit)

        made = self._ask(ask, query, organisation, readable, encrypted=encrypted)
        found, counted = made.value
        return made.derive((found, self._in_words(counted, organisation)))

    def suggest(
        self, text: str, organisation: str, readable: Collection[UUID], *, limit: int, encrypted: bool = True
    ) -> Released[tuple[Suggestion, ...]]:
        """Return names and values that begin with `text`."""
        self._keep_up()

        def ask(scope: Scope) -> Released[tuple[Suggestion, ...]] | Stale:
            return suggesting.suggest(self._store, text, scope, limit=limit)

        return self._ask(ask, Query(), organisation, readable, encrypted=encrypted)

    def versions(
        self, stix_id: str, organisation: str, readable: Collection[UUID], *, encrypted: bool = True
    ) -> Released[tuple[Version, ...]]:
        """Return the versions of one object, newest first."""

        def ask(scope: Scope) -> Released[tuple[Version, ...]] | Stale:
            return versions.versions_of(self._store, stix_id, scope)

        return self._ask(ask, Query(), organisation, readable, encrypted=encrypted)

    def source_of(self, label: int, reader: str) -> str | None:
        """Return who asserted what is under a label set, if `reader` may know."""
        return source_of(self._clearances.snapshot, label, reader, self._store.clock())

    def aliases(self) -> dict[int, str]:
        """Return the aliases of collections by local id."""
        with self._store.connection() as connection:
            return collections.aliases(connection)

    def tlp_of(self, label: int) -> str:
        """Return the level of a label set, as `Facts.tlp`."""
        return _tlp(self._clearances.snapshot, label, self._store.clock())

    def _keep_up(self) -> None:
        index.catch_up(self._store, most=_BEHIND, seconds=_BEHIND_SECONDS)

    def _ask(
        self,
        question: Callable[[Scope], Released[T] | Stale],
        query: Query,
        organisation: str,
        readable: Collection[UUID],
        *,
        encrypted: bool,
    ) -> Released[T]:
        with self._store.connection() as connection:
            locals_ = collections.locals_of(connection, readable)

        def ask(clearance: Clearance) -> Released[T] | Stale:
            snapshot = self._clearances.snapshot
            if snapshot.generation != clearance.generation:
                return Stale(max(snapshot.generation, clearance.generation))
            return question(_scope(clearance, query, snapshot, locals_, self._store.clock()))

        return self._clearances.ask(organisation, ask, encrypted=encrypted, ceiling=self._ceiling)

    def _in_words(self, found: Facets, reader: str) -> Counts:
        snapshot, now = self._clearances.snapshot, self._store.clock()
        tlp: Counter[str] = Counter()
        sources: Counter[str] = Counter()
        for label, count in found.labels.items():
            tlp[_tlp(snapshot, label, now)] += count
            sources[source_of(snapshot, label, reader, now) or ""] += count
        aliases = self.aliases()
        return Counts(
            total=found.total,
            complete=found.complete,
            types=dict(sorted(found.types.items())),
            tlp=dict(sorted(tlp.items())),
            sources=dict(sorted(sources.items())),
            collections=dict(sorted((aliases[local], count) for local, count in found.collections.items())),
        )


def _tlp(snapshot: Snapshot, label: int, now: Micros) -> str:
    return facts_of(snapshot.labels[label], snapshot.definitions, own=snapshot.own.id, now=now).tlp


def source_of(snapshot: Snapshot, label: int, reader: str, now: Micros) -> str | None:
    """Return the id of the organisation that asserts what is under a label set, if `reader` may know.

    Whose objects reach this node tells who its peers are, and who is in a community with whom: that is for the organisation itself and for this
    node's own. That something is the node's own may be known, unless its marking asks not to name the source.
    """
    owner = snapshot.labels[label].owner
    asking, source = snapshot.organisations.get(reader), snapshot.organisations.get(owner)
    if asking is None:
        return None
    if asking.own or reader == owner:
        return owner
    facts = facts_of(snapshot.labels[label], snapshot.definitions, own=snapshot.own.id, now=now)
    return owner if source is not None and source.own and not facts.hide_source else None


def _scope(
    clearance: Clearance, query: Query, snapshot: Snapshot, locals_: Mapping[str, int], now: Micros
) -> Scope:
    organisations = snapshot.organisations.values()
    owners = {each.id for each in organisations if each.id in query.sources or each.name in query.sources}

    def keep(label: int) -> bool:
        if query.sources and source_of(snapshot, label, clearance.recipient, now) not in owners:
            return False
        return not query.tlp or (_tlp(snapshot, label, now) or NO_TLP) in query.tlp

    readable = tuple(sorted(locals_.values()))
    asked = tuple(sorted(locals_[each] for each in query.collections if each in locals_))
    return Scope(
        clearance=clearance,
        narrowed=tuple(filter(keep, clearance.labels)),
        readable=readable,
        collections=asked if query.collections else readable,
    )
