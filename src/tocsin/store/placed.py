"""Every latest placement of some types in all collections, for those who work through all of it: hunts, lists, exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from tocsin.sharing.release import Clearance, Released
from tocsin.store import derived, labels
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.search.conditions import apart
from tocsin.store.search.query import Clause, Lexeme, saying
from tocsin.store.search.terms import fit
from tocsin.store.values import Stale

T = TypeVar("T")

_SELECT = """
SELECT o.cursor, o.version, o.stix_id, o.label_id, c.id, o.revoked, o.body
FROM object o JOIN collection c ON c.local_id = o.collection_id
WHERE o.type = ANY(%s) AND o.label_id = ANY(%s) AND o.standing < 2 AND o.cursor > %s AND (%s::bigint[] IS NULL OR o.cursor = ANY(%s))
ORDER BY o.cursor
"""
_MARKS = """
SELECT o.cursor, o.label_id FROM object o WHERE o.type = ANY(%s) AND o.label_id = ANY(%s) AND o.standing < 2
"""
_FOLLOW = """
SELECT o.cursor, o.version, o.stix_id, o.label_id, c.id, o.revoked, o.body
FROM object o JOIN collection c ON c.local_id = o.collection_id
WHERE o.type = ANY(%s) AND o.label_id = ANY(%s) AND o.standing < 2 AND c.id = ANY(%s) AND o.cursor > %s
ORDER BY o.cursor
"""
_AT_ONCE = 2000
_STANDINGS = """
SELECT state.generation, found.alias, found.label_id FROM state LEFT JOIN (
  SELECT DISTINCT c.alias, o.label_id FROM object o JOIN collection c ON c.local_id = o.collection_id
  WHERE o.stix_id = %s AND o.label_id = ANY(%s)
) found ON true ORDER BY 2, 3
"""


class Placed(msgspec.Struct, frozen=True, gc=False):
    """A placement: date added and version in µs, STIX id, label set, collection, canonical bytes."""

    cursor: int
    version: int
    id: str
    label: int
    collection: UUID
    revoked: bool
    body: bytes


def gather(
    store: Store,
    types: Sequence[str],
    clearance: Clearance,
    take: Callable[[Placed], T],
    *,
    after: int = -1,
    at: Sequence[int] | None = None,
) -> Released[list[T]] | Stale:
    """Return what `take` makes of each placement that the clearance allows, in the order of dates added.

    Of the versions under one label set in one collection only the newest is there; under several label sets or in several
    collections one id may come more than once. Rows are streamed from one snapshot, so memory holds what `take` keeps.

    Args:
        store: where they are.
        types: of the objects.
        clearance: decides.
        take: makes something of a row.
        after: only those behind this cursor.
        at: only those at these cursors.
    """
    made: list[T] = []
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        generation = labels.generation(connection)
        if generation != clearance.generation:
            return Stale(generation)
        with connection.cursor(name="placed", binary=True) as rows:
            wanted = None if at is None else list(at)
            rows.execute(_SELECT, (list(types), list(clearance.labels), after, wanted, wanted))
            while batch := rows.fetchmany(_AT_ONCE):
                made.extend(take(Placed(*row)) for row in batch)
    return clearance.seal(made)


def marks(
    store: Store, types: Sequence[str], clearance: Clearance
) -> Released[list[tuple[int, int]]] | Stale:
    """Return cursor and label set of each placement that `gather` would come to, in no order: what came and went is told by them."""
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        generation = labels.generation(connection)
        if generation != clearance.generation:
            return Stale(generation)
        rows = connection.execute(_MARKS, (list(types), list(clearance.labels))).fetchall()
    return clearance.seal(rows)


class Mark(msgspec.Struct, frozen=True):
    """How far the store was: what decisions rest on, and the last date added, in µs. Where neither has changed, nothing has."""

    generation: int
    last: int


def mark(connection: Connection) -> Mark:
    """Return how far the store is."""
    row = connection.execute("SELECT s.generation, h.last FROM state s, head h").fetchone()
    assert row is not None  # the first migration puts both there
    return Mark(*row)


def stands(store: Store, cursor: int) -> bool:
    """Return whether anything was added at this date, in µs: what is kept beside the store may be of another, or of a time that was undone."""
    with store.connection() as connection:
        row = connection.execute("SELECT 1 FROM object WHERE cursor = %s LIMIT 1", (cursor,)).fetchone()
    return row is not None


def follow(
    store: Store,
    types: Sequence[str],
    clearance: Clearance,
    take: Callable[[Placed], None],
    *,
    collections: Sequence[UUID],
    after: int = -1,
) -> Released[Mark] | Stale:
    """Hand what was added after a date to `take`, as `gather` does, from some collections; return how far that was.

    What has gone since or moved to another label set is not told: the generation of the mark has changed then, and who keeps things begins anew.
    """
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = mark(connection)
        if found.generation != clearance.generation:
            return Stale(found.generation)
        with connection.cursor(name="placed", binary=True) as rows:
            rows.execute(_FOLLOW, (list(types), list(clearance.labels), list(collections), after))
            while batch := rows.fetchmany(_AT_ONCE):
                for row in batch:
                    take(Placed(*row))
    return clearance.seal(found)


class Standing(msgspec.Struct, frozen=True):
    """Under which label set an object stands in a collection; `alias` names the collection."""

    alias: str
    label: int


def standings(store: Store, stix_id: str, clearance: Clearance) -> Released[list[Standing]] | Stale:
    """Return where any version of an object stands, as far as the clearance allows; for explanations, without content."""
    with store.connection() as connection:
        rows = connection.execute(_STANDINGS, (stix_id, list(clearance.labels))).fetchall()
    if rows[0][0] != clearance.generation:
        return Stale(rows[0][0])
    return clearance.seal([Standing(row[1], row[2]) for row in rows if row[1] is not None])


def known(store: Store, ids: Sequence[str], clearance: Clearance) -> frozenset[str]:
    """Return which of these objects the clearance's recipient may have as they are."""
    if not ids or not clearance.labels:
        return frozenset()
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT DISTINCT stix_id FROM object WHERE stix_id = ANY(%s) AND label_id = ANY(%s)",
            (list(ids), list(clearance.labels)),
        ).fetchall()
    return frozenset(row[0] for row in rows)


_OF_IDS = """
SELECT o.cursor, o.version, o.stix_id, o.label_id, c.id, o.revoked, o.body
FROM object o JOIN collection c ON c.local_id = o.collection_id
WHERE o.stix_id = ANY(%s) AND o.label_id = ANY(%s) AND o.standing < 2 ORDER BY o.cursor LIMIT %s
"""
_REFERRING = """
SELECT o.cursor, o.version, o.stix_id, o.label_id, c.id, o.revoked, o.body
FROM (SELECT DISTINCT cursor, collection_id FROM link WHERE target = ANY(%s)) l
JOIN object o ON o.cursor = l.cursor AND o.collection_id = l.collection_id
JOIN collection c ON c.local_id = o.collection_id
WHERE o.type = ANY(%s) AND o.label_id = ANY(%s) AND o.standing < 2 ORDER BY o.cursor LIMIT %s
"""


# Of what many refer to, few are related in some ways: the index of words knows those by end and way, and links know what came since.
_RELATING = """
SELECT o.cursor, o.version, o.stix_id, o.label_id, c.id, o.revoked, o.body
FROM (
  SELECT cursor, collection_id FROM search WHERE document @@ %s::tsquery AND document @@ %s::tsquery
  UNION
  SELECT cursor, collection_id FROM link WHERE target = ANY(%s) AND cursor > (SELECT cursor FROM search_mark)
) l
JOIN object o ON o.cursor = l.cursor AND o.collection_id = l.collection_id
JOIN collection c ON c.local_id = o.collection_id
WHERE o.type = ANY(%s) AND o.label_id = ANY(%s) AND o.standing < 2 ORDER BY o.cursor LIMIT %s
"""


def of_ids(
    store: Store, ids: Sequence[str], clearance: Clearance, *, limit: int
) -> Released[list[Placed]] | Stale:
    """Return placements of these ids as `gather` does, at most `limit`, the oldest first."""
    return _selected(store, clearance, _OF_IDS, (list(ids), list(clearance.labels), limit))


def referring(
    store: Store, ids: Sequence[str], types: Sequence[str], clearance: Clearance, *, limit: int
) -> Released[list[Placed]] | Stale:
    """Return placements of some types that refer to one of these ids, at most `limit`, the oldest first."""
    targets = [derived.hashed(each) for each in ids]
    return _selected(store, clearance, _REFERRING, (targets, list(types), list(clearance.labels), limit))


def relating(
    store: Store, ids: Sequence[str], ways: Sequence[str], clearance: Clearance, *, limit: int
) -> Released[list[Placed]] | Stale:
    """Return relationships as `referring` does whose type is one of `ways`; others that have such a word in them may be among them."""
    ends = tuple((Lexeme(fit(f"r:{each}")),) for each in ids)
    values = (
        *(*apart((Clause(ends), saying(ways))), [derived.hashed(each) for each in ids]),
        *(["relationship"], list(clearance.labels), limit),
    )
    return _selected(store, clearance, _RELATING, values)


def _selected(
    store: Store, clearance: Clearance, statement: str, values: tuple[object, ...]
) -> Released[list[Placed]] | Stale:
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        generation = labels.generation(connection)
        if generation != clearance.generation:
            return Stale(generation)
        rows = connection.execute(statement, values).fetchall()
    return clearance.seal([Placed(*row) for row in rows])
