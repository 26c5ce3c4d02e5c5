"""Answers to a query under a clearance: the latest version of each object that the reader may have, newest additions first.

Latest is latest among what this reader may see: a placement is passed over where the reader may have a newer version of the object, in any
collection it reads. Of equal versions the one that was added first counts, among those that the query's source, level and collection allow. What takes longer than `_SECONDS` is given up, and said so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import psycopg
from psycopg import sql

from tocsin.clock import Micros
from tocsin.errors import InputError
from tocsin.sharing.release import Clearance, Released
from tocsin.store import labels
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.search import conditions
from tocsin.store.search.conditions import Scope
from tocsin.store.search.index import progress
from tocsin.store.search.newest import Row
from tocsin.store.search.query import Query
from tocsin.store.search.routes import latest
from tocsin.store.values import Stale

COUNTED = 500
"""Most objects that facets count."""
_SECONDS = 5
_BEGIN = sql.SQL(
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = {}"
).format(sql.Literal(_SECONDS * 1000))
_BODIES = (
    "SELECT o.cursor, o.body FROM object o WHERE o.cursor = ANY({}::bigint[]) AND o.collection_id = ANY({})"
)


class Item(msgspec.Struct, frozen=True, gc=False):
    """One object found: date added and version in µs, local id of its collection, label set, what it is, canonical bytes."""

    added: Micros
    version: Micros
    collection: int
    label: int
    confidence: int | None
    revoked: bool
    type: str
    id: str
    name: str
    body: bytes = b""


class Found(msgspec.Struct, frozen=True):
    """A page of what was found, and whether there is more.

    `pending`: something that the reader may have is not in the index yet.
    """

    items: tuple[Item, ...]
    more: bool
    pending: bool = False


class Facets(msgspec.Struct, frozen=True):
    """How many of what was found are of which type, under which label set, in which collection (by local id).

    `complete` is false where more than `COUNTED` match: then those that were added last were counted.
    """

    total: int
    complete: bool
    types: dict[str, int]
    labels: dict[int, int]
    collections: dict[int, int]


def find(
    store: Store,
    query: Query,
    scope: Scope,
    *,
    limit: int,
    beyond: Micros | None = None,
    oldest: bool = False,
    bodies: bool = True,
) -> Released[Found] | Stale:
    """Return up to `limit` objects.

    Args:
        store: where.
        query: what.
        scope: for whom.
        limit: most objects.
        beyond: cursor of the last object of the page before.
        oldest: begin with what was added first.
        bodies: with the canonical bytes; without, they are empty.

    Raises:
        InputError: it takes too long.
    """
    with _reading(store) as connection:
        if isinstance(stale := _begin(connection, scope.clearance), Stale):
            return stale
        rows = latest(connection, query, scope, limit + 1, beyond, oldest=oldest)
        made = _found(connection, scope, rows, limit, bodies=bodies)
    return scope.clearance.seal(made)


def facets(store: Store, query: Query, scope: Scope) -> Released[Facets] | Stale:
    """Return counts over what `find` finds on all its pages."""
    with _reading(store) as connection:
        if isinstance(stale := _begin(connection, scope.clearance), Stale):
            return stale
        rows = latest(connection, query, scope, COUNTED + 1, None, oldest=False)
    return scope.clearance.seal(_counted(rows))


def first(store: Store, query: Query, scope: Scope, *, limit: int) -> Released[tuple[Found, Facets]] | Stale:
    """Return the first page of what `find` finds, and the counts over all pages: looked for once. `limit` is at most `COUNTED`."""
    with _reading(store) as connection:
        if isinstance(stale := _begin(connection, scope.clearance), Stale):
            return stale
        rows = latest(connection, query, scope, COUNTED + 1, None, oldest=False)
        made = _found(connection, scope, rows, limit)
    return scope.clearance.seal((made, _counted(rows)))


def _found(
    connection: Connection, scope: Scope, rows: Sequence[Row], limit: int, *, bodies: bool = True
) -> Found:
    items = [Item(*row) for row in rows[:limit]]
    if bodies:
        known = _bodies(connection, items)
        items = [msgspec.structs.replace(item, body=known[item.added]) for item in items]
    return Found(tuple(items), len(rows) > limit, _pending(connection, scope))


def _counted(found: Sequence[Row]) -> Facets:
    """Count rows that the reader may have: what was read on the way must not show, not even how many others have the words."""
    types: dict[str, int] = {}
    under: dict[int, int] = {}
    within: dict[int, int] = {}
    rows = found[:COUNTED]
    for _, _, local, label, _, _, kind, *_rest in rows:
        types[kind] = types.get(kind, 0) + 1
        under[label] = under.get(label, 0) + 1
        within[local] = within.get(local, 0) + 1
    return Facets(len(rows), len(found) <= COUNTED, types, under, within)


@contextmanager
def _reading(store: Store) -> Iterator[Connection]:
    """Lend a transaction; what takes too long in it is the query's fault, not the database's."""
    with store.transaction() as connection:
        try:
            yield connection
        except psycopg.errors.QueryCanceled:
            hint = "narrow it: a value, a type, a date"
            raise InputError(f"the search takes more than {_SECONDS} s", hint=hint) from None


def _begin(connection: Connection, clearance: Clearance) -> Stale | None:
    connection.execute(_BEGIN, prepare=False)  # both in one exchange
    generation = labels.generation(connection)
    return None if generation == clearance.generation else Stale(generation)


def _bodies(connection: Connection, items: Sequence[Item]) -> dict[int, bytes]:
    if not items:
        return {}
    cursors = "{" + ",".join(str(item.added) for item in items) + "}"  # as in `_list`
    text = sql.SQL(_BODIES).format(
        sql.Literal(cursors), conditions.integers([*{item.collection for item in items}])
    )
    return dict(connection.execute(text, binary=True, prepare=False).fetchall())


def _pending(connection: Connection, scope: Scope) -> bool:
    """Return whether something of what the reader may see is behind the mark of the index."""
    if not scope.clearance.labels or not scope.readable or progress(connection).done:
        return False
    row = connection.execute(
        sql.SQL(
            "SELECT EXISTS (SELECT 1 FROM object o WHERE o.cursor > (SELECT cursor FROM search_mark) "
            "AND o.label_id = ANY({}) AND o.collection_id = ANY({}))"
        ).format(conditions.integers(scope.clearance.labels), conditions.integers(scope.readable)),
        prepare=False,
    ).fetchone()
    return row == (True,)
