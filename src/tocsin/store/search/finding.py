"""Answers to a query under a clearance: the latest version of each object that the reader may have, newest additions first.

Latest is latest among what this reader may see: a placement is passed over where the reader may have a newer version of the object, in any
collection it reads. Of equal versions the one that was added first counts, among those that the query's source, level and collection allow.

Where few objects have the words, or were modified in the time asked for, an index finds them all and they are sorted; where many do, rows are
walked in the order of cursors until the page is full, as far as `_WALKED`; where that is not far enough, all matches are looked at. Which it is, is
found out by looking at the rows that come first, not by estimates: those know nothing of prefixes. A walk begins where the first row is that the
reader may have. Types are walked each in an order of its own, and where a reader may have little of what is walked, so is each label set. What
refers to one object is known in order by its links. What takes longer than `_SECONDS` is given up, and said so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

import msgspec
import psycopg
from psycopg import sql

from tocsin.clock import Micros
from tocsin.errors import InputError
from tocsin.sharing.release import Clearance, Released
from tocsin.store import labels
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.derived import hashed
from tocsin.store.search import conditions
from tocsin.store.search.conditions import Scope
from tocsin.store.search.index import progress
from tocsin.store.search.query import Lexeme, Query
from tocsin.store.values import Stale

COUNTED = 1000
"""Most objects that facets count."""
_FEW = 10_000  # matches up to which looking at all of them costs less than walking until enough are found
_GLANCE = 1000  # rows that are looked at first: of frequent words they fill a page
_WALKED = 50_000  # rows that are walked before all matches are looked at after all
_COMMON = 10  # of `_GLANCE` rows: of a million, so many would be more than `_FEW`
_CHEAPER = 3  # rows are walked in the time that it takes to fetch one by itself
_SURELY = 1.5  # times as far is walked as it takes if rows go on as they begin
_NEVER = 1 << 62
_STREAMS = 64  # with more, merging them costs more than passing over rows that are for others, if there are not too many of these
_STREAMS_AT_MOST = 1000  # planning takes a tenth of a millisecond for each
_SECONDS = 5
_REFERS = "r:"  # what a lexeme of a reference begins with (`terms`)
_Row: TypeAlias = tuple[int, int, int, int, int | None, bool, str, str, str]
_COLUMNS = (
    "s.cursor, s.version, s.collection_id, s.label_id, s.confidence, s.revoked, s.type, s.stix_id, s.name"
)
# `+ 0`: by its id, never by its label set, which a planner without statistics holds to be as rare.
_LATEST = """
SELECT s.* FROM ({rows}) s LEFT JOIN LATERAL (
  SELECT true AS yes FROM search p WHERE p.stix_id = s.stix_id AND p.cursor <> s.cursor
    AND p.label_id + 0 = ANY({visible}) AND p.collection_id = ANY({readable}) AND (
      p.version > s.version
      OR (p.version = s.version AND p.cursor < s.cursor AND p.label_id = ANY({labels}) AND p.collection_id = ANY({locals}))
    ) LIMIT 1
) newer ON true WHERE newer.yes IS NULL
"""
_IN_ORDER = "SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)"
# Of what refers to one object, links are in the order of cursors already.
_REFERRING_TO_ONE = """
(SELECT l.cursor FROM link l WHERE l.target = {} {}) near
CROSS JOIN LATERAL (SELECT * FROM search x WHERE x.cursor = near.cursor OFFSET 0) s
"""
# Collections are looked into, label set by label set, only where the very next row is no answer. Indexes of `object` know both.
_FIRST = """
SELECT CASE WHEN n.label_id = ANY({labels}) AND n.collection_id = ANY({collections}) THEN n.cursor ELSE (
  SELECT {best}(o.cursor) FROM (
    SELECT DISTINCT label_id, collection_id FROM label_use WHERE label_id = ANY({labels}) AND collection_id = ANY({collections})
  ) used CROSS JOIN LATERAL (
    SELECT cursor FROM object WHERE label_id = used.label_id AND collection_id = used.collection_id AND {bound} {order} LIMIT 1
  ) o
) END FROM ({next} LIMIT 1) n
"""
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
        rows = _latest(connection, query, scope, limit + 1, beyond, oldest=oldest)
        made = _found(connection, scope, rows, limit, bodies=bodies)
    return scope.clearance.seal(made)


def facets(store: Store, query: Query, scope: Scope) -> Released[Facets] | Stale:
    """Return counts over what `find` finds on all its pages."""
    with _reading(store) as connection:
        if isinstance(stale := _begin(connection, scope.clearance), Stale):
            return stale
        rows = _latest(connection, query, scope, COUNTED + 1, None, oldest=False)
    return scope.clearance.seal(_counted(rows))


def first(store: Store, query: Query, scope: Scope, *, limit: int) -> Released[tuple[Found, Facets]] | Stale:
    """Return the first page of what `find` finds, and the counts over all pages: looked for once. `limit` is at most `COUNTED`."""
    with _reading(store) as connection:
        if isinstance(stale := _begin(connection, scope.clearance), Stale):
            return stale
        rows = _latest(connection, query, scope, COUNTED + 1, None, oldest=False)
        made = _found(connection, scope, rows, limit)
    return scope.clearance.seal((made, _counted(rows)))


def _found(
    connection: Connection, scope: Scope, rows: Sequence[_Row], limit: int, *, bodies: bool = True
) -> Found:
    items = [Item(*row) for row in rows[:limit]]
    if bodies:
        known = _bodies(connection, items)
        items = [msgspec.structs.replace(item, body=known[item.added]) for item in items]
    return Found(tuple(items), len(rows) > limit, _pending(connection, scope))


def _counted(found: Sequence[_Row]) -> Facets:
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
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(_SECONDS * 1000)))
    generation = labels.generation(connection)
    return None if generation == clearance.generation else Stale(generation)


def _latest(
    connection: Connection, query: Query, scope: Scope, most: int, beyond: Micros | None, *, oldest: bool
) -> list[_Row]:
    """Return up to `most` rows of `_COLUMNS`."""
    scope = _used(connection, query, scope)
    if not scope.narrowed or not scope.collections:
        return []
    where = conditions.filters(query, scope)
    if beyond is not None:
        where.append(sql.SQL("s.cursor > {}" if oldest else "s.cursor < {}").format(sql.Literal(beyond)))
    step = _Step(connection, scope, query.types, most, beyond, oldest)
    full = [*where, *conditions.words(query)]
    if about := _about(query):
        return _run(connection, _of_one(step, about, full), scope, step.order, most)
    if query.ids or query.refers:
        _use_index(connection)
        text = sql.SQL("SELECT {} FROM {} WHERE {} {} OFFSET 0").format(
            sql.SQL(_COLUMNS),
            conditions.named(query),
            conditions.all_of([conditions.labelled(scope, aside=True), *full]),
            step.order,
        )
        return _run(connection, text, scope, step.order, most)
    rare = conditions.rare(query)
    if not rare:
        return _in_line(step, query, full)
    begun = step.begun()
    if begun is None:
        return []
    step = begun
    found = step.among_next(full, _GLANCE)
    if len(found) == most:
        return found
    # how far it is until the page is full, if it goes on as it begins
    far = int(_SURELY * most * _GLANCE / len(found)) if found else _NEVER
    common = far > _WALKED and step.common(rare)
    if far > _WALKED and not common and (conditions.indexed(query) or step.few(rare)):
        number, found = step.matching(rare, where)
        if number <= _FEW:
            return found
    walked = _WALKED
    if common:
        walked = far if far < _CHEAPER * common * step.held() // _GLANCE else 0
    if walked:
        found = step.among_next(full, walked)
        if len(found) == most or not step.goes_on(walked):
            return found
    _use_index(connection)
    text = sql.SQL("SELECT {} FROM search s WHERE {} {} OFFSET 0").format(
        sql.SQL(_COLUMNS), conditions.all_of([conditions.labelled(scope, aside=True), *full]), step.order
    )
    return _run(connection, text, scope, step.order, most)


def _in_line(step: _Step, query: Query, where: Sequence[sql.Composable]) -> list[_Row]:
    """Return rows of an answer that no index narrows: walked in the order of cursors, or as one stream for each label set and type."""
    streams = len(step.scope.narrowed) * max(len(query.types), 1)
    if streams > _STREAMS:
        begun = step.begun()
        if begun is None:
            return []
        step = begun
        found = step.among_next(where, _WALKED)
        if len(found) == step.most or not step.goes_on(_WALKED):
            return found
    _in_order(step.connection)
    if streams > _STREAMS_AT_MOST:
        rows: sql.Composable = sql.SQL("SELECT {} FROM ({}) s WHERE {} {} OFFSET 0").format(
            sql.SQL(_COLUMNS),
            step.next_rows(),
            conditions.all_of([conditions.labelled(step.scope), *where]),
            step.order,
        )
    else:
        rows = _streams(query, step.scope, where, step.order)
    return _run(step.connection, rows, step.scope, step.order, step.most)


def _about(query: Query) -> str:
    """Return the id of the one object that a query asks for what refers to, "" where that is not what narrows it most.

    Links do not know who made an object, which its words do, so identities are left to these.
    """
    if query.ids or query.refers:
        return query.refers[0] if len(query.refers) == 1 and not query.ids else ""
    match [clause.any_of for clause in query.clauses if not clause.negated]:
        case [((Lexeme(text=text, prefix=False),),)] if text.startswith(_REFERS):
            identifier = text.removeprefix(_REFERS)
            return "" if identifier.startswith("identity--") else identifier
    return ""


def _of_one(step: _Step, about: str, where: Sequence[sql.Composable]) -> sql.Composable:
    """Return the statement of what refers to one object, in the order of cursors: read no further than the page goes."""
    _in_order(step.connection)
    bound: sql.Composable = sql.SQL("")
    if step.beyond is not None:
        bound = sql.SQL("AND l.cursor > {}" if step.oldest else "AND l.cursor < {}").format(
            sql.Literal(step.beyond)
        )
    direction = sql.SQL("" if step.oldest else " DESC")
    links = sql.SQL("{} ORDER BY l.cursor{}").format(bound, direction)
    return sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY near.cursor{} OFFSET 0").format(
        sql.SQL(_COLUMNS.replace("s.cursor", "near.cursor", 1)),
        sql.SQL(_REFERRING_TO_ONE).format(sql.Literal(hashed(about)), links),
        conditions.all_of([conditions.labelled(step.scope, aside=True), *where]),
        direction,
    )


def _used(connection: Connection, query: Query, scope: Scope) -> Scope:
    """Return a scope with those label sets alone that are in use in the collections that the query names."""
    if not query.collections or not scope.collections or not scope.narrowed:
        return scope
    rows = connection.execute(
        "SELECT DISTINCT label_id FROM label_use WHERE collection_id = ANY(%s)", (list(scope.collections),)
    ).fetchall()
    return msgspec.structs.replace(
        scope, narrowed=tuple(sorted({row[0] for row in rows}.intersection(scope.narrowed)))
    )


def _run(
    connection: Connection, rows: sql.Composable, scope: Scope, order: sql.Composable, most: int
) -> list[_Row]:
    """Return up to `most` of `rows`, without those that the reader has a newer version of."""
    text = sql.SQL("{} {} LIMIT {}").format(_newest(rows, scope), order, sql.Literal(most))
    return connection.execute(text, prepare=False).fetchall()


class _Step(NamedTuple):
    """Ways to a page, each of which may not get there."""

    connection: Connection
    scope: Scope
    types: tuple[str, ...]
    most: int
    beyond: Micros | None
    oldest: bool

    @property
    def order(self) -> sql.Composable:
        """The order of the page."""
        return sql.SQL("ORDER BY cursor" if self.oldest else "ORDER BY cursor DESC")

    def begun(self) -> _Step | None:
        """Return the same way from where the first row is that the scope allows, of whatever type; None where there is none.

        What has come last may all be for others, and would only be passed over.
        """
        text = sql.SQL(_FIRST).format(
            labels=conditions.integers(self.scope.narrowed),
            collections=conditions.integers(self.scope.collections),
            best=sql.SQL("min" if self.oldest else "max"),
            bound=self._bound(),
            order=self.order,
            next=self.next_rows(),
        )
        with _for_now(self.connection):
            _in_order(self.connection)
            found = self.connection.execute(text, prepare=False).fetchone()
        if found is None or found[0] is None:
            return None
        return self._replace(beyond=found[0] - 1 if self.oldest else found[0] + 1)

    def common(self, rare: sql.Composable) -> int:
        """Return for how many of `_GLANCE` rows that come next `rare` holds, 0 for so few that they are better counted in all."""
        text = sql.SQL("SELECT count(*) FROM ({} LIMIT {}) s WHERE {}").format(
            self.next_rows(), sql.Literal(_GLANCE), rare
        )
        with _for_now(self.connection):
            _in_order(self.connection)
            found = self.connection.execute(text, prepare=False).fetchone()
        assert found is not None  # it counts
        return int(found[0]) if found[0] >= _COMMON else 0

    def held(self) -> int:
        """Return about how many rows there are, 0 where nobody has looked yet."""
        row = self.connection.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = 'search'::regclass"
        ).fetchone()
        assert row is not None  # the table is there
        return max(int(row[0]), 0)

    def few(self, rare: sql.Composable) -> bool:
        """Return whether `rare`, which an index knows without the rows themselves, holds for no more than `_FEW`."""
        text = sql.SQL("SELECT NOT EXISTS (SELECT 1 FROM search s WHERE {} OFFSET {})")
        found = self.connection.execute(text.format(rare, sql.Literal(_FEW)), prepare=False)
        return found.fetchone() == (True,)

    def matching(self, rare: sql.Composable, where: Sequence[sql.Composable]) -> tuple[int, list[_Row]]:
        """Return how many rows `rare` holds for, counted no further than `_FEW`, and up to `most` rows of an answer from those."""
        _use_index(self.connection)
        words = sql.SQL("SELECT {} FROM search s WHERE {} LIMIT {}").format(
            sql.SQL(_COLUMNS), rare, sql.Literal(_FEW + 1)
        )
        picked = sql.SQL("SELECT * FROM matching s WHERE {} {} OFFSET 0").format(
            conditions.all_of([conditions.labelled(self.scope), *where]), self.order
        )
        newest = _newest(picked, self.scope)
        rows = sql.SQL("{} {} LIMIT {}").format(newest, self.order, sql.Literal(self.most))
        text = sql.SQL(
            "WITH matching AS MATERIALIZED ({}) SELECT all_of.number, r.* "
            "FROM (SELECT count(*) AS number FROM matching) all_of LEFT JOIN ({}) r ON true {}"
        ).format(words, rows, self.order)
        found = self.connection.execute(text, prepare=False).fetchall()
        return found[0][0], [row[1:] for row in found if row[1] is not None]

    def next_rows(self) -> sql.Composable:
        """Return the statement of all rows of the types that come next in the order of cursors."""
        kinds: list[sql.Composable] = [
            sql.SQL("type = {}").format(sql.Literal(kind)) for kind in self.types
        ] or [sql.SQL("true")]
        text = sql.SQL("(SELECT * FROM search WHERE {} AND {} {})")
        each = [text.format(self._bound(), kind, self.order) for kind in kinds]
        return sql.SQL("SELECT * FROM ({}) n {}").format(sql.SQL(" UNION ALL ").join(each), self.order)

    def _bound(self) -> sql.Composable:
        if self.beyond is None:
            return sql.SQL("true")
        return sql.SQL("cursor > {}" if self.oldest else "cursor < {}").format(sql.Literal(self.beyond))

    def goes_on(self, rows: int) -> bool:
        """Return whether there are more than so many rows that come next."""
        _in_order(self.connection)
        text = sql.SQL("SELECT EXISTS (SELECT 1 FROM ({}) n OFFSET {})").format(
            self.next_rows(), sql.Literal(rows)
        )
        return self.connection.execute(text, prepare=False).fetchone() == (True,)

    def among_next(self, where: Sequence[sql.Composable], rows: int) -> list[_Row]:
        """Return up to `most` rows of an answer from the `rows` that come next in the order of cursors."""
        text = sql.SQL("SELECT {} FROM ({} LIMIT {}) s WHERE {} {} OFFSET 0").format(
            sql.SQL(_COLUMNS),
            self.next_rows(),
            sql.Literal(rows),
            conditions.all_of([conditions.labelled(self.scope), *where]),
            self.order,
        )
        with _for_now(self.connection):
            _in_order(self.connection)
            return _run(self.connection, text, self.scope, self.order, self.most)


@contextmanager
def _for_now(connection: Connection) -> Iterator[None]:
    """Take back afterwards what is set within; after an error there is nothing to take back."""
    connection.execute("SAVEPOINT walking")
    yield
    connection.execute("ROLLBACK TO SAVEPOINT walking")


def _in_order(connection: Connection) -> None:
    """Have rows read in the order of cursors, only as many as are needed: without bitmaps, which is all that GIN gives, and sorting."""
    connection.execute(_IN_ORDER)


def _use_index(connection: Connection) -> None:
    """Leave the planner the inverted index alone.

    Of thirty ranges that may contain an address it believes that half the table is in one, and would rather read all of it. With label sets
    put `aside` (`_under`) there is no other index left.
    """
    connection.execute("SET LOCAL enable_seqscan = off")


def _newest(rows: sql.Composable, scope: Scope) -> sql.Composed:
    return sql.SQL(_LATEST).format(
        rows=rows,
        visible=conditions.integers(scope.clearance.labels),
        readable=conditions.integers(scope.readable),
        labels=conditions.integers(scope.narrowed),
        locals=conditions.integers(scope.collections),
    )


def _streams(
    query: Query, scope: Scope, where: Sequence[sql.Composable], order: sql.Composable
) -> sql.Composable:
    """Return the statement of rows in the order of cursors: one stream for each label set and type, merged."""
    columns = sql.SQL(_COLUMNS)
    kinds: list[sql.Composable] = [
        sql.SQL("s.type = {}").format(sql.Literal(kind)) for kind in query.types
    ] or [sql.SQL("true")]
    streams = [
        sql.SQL("(SELECT {} FROM search s WHERE s.label_id = {} AND {} AND {} {})").format(
            columns, sql.Literal(label), kind, sql.SQL(" AND ").join(where), order
        )
        for label in scope.narrowed
        for kind in kinds
    ]
    return sql.SQL("SELECT * FROM ({}) s {} OFFSET 0").format(sql.SQL(" UNION ALL ").join(streams), order)


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
