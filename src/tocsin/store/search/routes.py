"""Which way a search goes through the index.

Where few objects have the words an index finds them all and they are sorted; where many do, those are looked at part by part of what was added,
until the page is full; where most do, rows are walked in the order of cursors. What was modified in a time is walked or told apart by an index,
whichever costs less. Which it is, is found out by looking at the rows that come first, not by estimates: those know nothing of prefixes. A walk
begins where the first row is that the reader may have. Types are walked each in an order of its own, and where a reader may have little of what is
walked, so is each label set. What refers to one object is known in order by its links.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from psycopg import sql

from tocsin.clock import Micros
from tocsin.store.connection import Connection
from tocsin.store.derived import hashed
from tocsin.store.search import conditions
from tocsin.store.search.conditions import Scope
from tocsin.store.search.newest import COLUMNS, Row, run
from tocsin.store.search.query import Lexeme, Query
from tocsin.store.search.walking import FEW, GLANCE, Step, fetched, in_order, use_index

_WALKED = 50_000  # rows that are walked without asking what else there is: 15 ms of work
_DENSE = (
    GLANCE // 9
)  # rows with the words, of `GLANCE`, from which on walking all of them costs less than fetching those
_WINDOW = (
    200_000  # rows of which those with the words are looked at first where nobody knows how many they are
)
_WINDOWS = 6  # parts, each larger than the one before it, after which all that is left is looked at
_DATED = 1.3  # rows are walked in the time that the index of times takes for one
_SURELY = 1.5  # times as far is walked as it takes if rows go on as they begin
_NEVER = 1 << 62
_STREAMS = 64  # with more, merging them costs more than passing over rows that are for others, if there are not too many of these
_STREAMS_AT_MOST = 1000  # planning takes a tenth of a millisecond for each
_REFERS = "r:"  # what a lexeme of a reference begins with (`terms`)
# Of what refers to one object, links are in the order of cursors already.
_REFERRING_TO_ONE = """
(SELECT l.cursor FROM link l WHERE l.target = {} {}) near
CROSS JOIN LATERAL (SELECT * FROM search x WHERE x.cursor = near.cursor OFFSET 0) s
"""


def latest(
    connection: Connection, query: Query, scope: Scope, most: int, beyond: Micros | None, *, oldest: bool
) -> list[Row]:
    """Return up to `most` rows of `COLUMNS`."""
    scope = _used(connection, query, scope)
    if not scope.narrowed or not scope.collections:
        return []
    where = conditions.filters(query, scope)
    if beyond is not None:
        where.append(sql.SQL("s.cursor > {}" if oldest else "s.cursor < {}").format(sql.Literal(beyond)))
    step = Step(connection, scope, query.types, most, beyond, oldest)
    full = [*where, *conditions.words(query)]
    if about := _about(query):
        return run(connection, _of_one(step, about, full), scope, step.order, most)
    if query.ids or query.refers:
        use_index(connection)
        narrowed = conditions.all_of([conditions.labelled(scope, aside=True), *full])

        def named(bounds: sql.Composable) -> sql.Composable:
            rows = conditions.referring(query, bounds) if query.refers else conditions.named(query)
            text = sql.SQL("SELECT {} FROM {} WHERE {} {} OFFSET 0")
            return text.format(sql.SQL(COLUMNS), rows, narrowed, step.order)

        if query.refers:
            return _in_windows(step, named, _WINDOW // 4)
        return run(connection, named(sql.SQL("true")), scope, step.order, most)
    rare = conditions.rare(query)
    if not rare:
        return _in_line(step, query, where)
    begun = step.begun()
    if begun is None:
        return []
    found = begun.among_next(where, conditions.words(query), GLANCE)
    if len(found) == most:
        return found
    common = begun.common(rare)
    further = _of_words if conditions.indexed(query) else _of_time
    return further(begun, query, where, common, len(found))


def _far(step: Step, found: int, rows: int) -> int:
    """Return how far it is until the page is full, if it goes on as it was among some rows."""
    return int(_SURELY * step.most * rows / found) if found else _NEVER


def _of_words(
    step: Step, query: Query, where: Sequence[sql.Composable], common: int, found: int
) -> list[Row]:
    """Return rows of an answer that has words which `common` of those that come first have, of which `found` are answers.

    What the inverted index names is fetched one by one, in no order. An index of cursors beside it keeps that to those that were added last.
    """
    words = conditions.words(query)
    if not common:
        number, rows = step.matching(conditions.all_of(words), where)
        if number <= FEW:
            return rows
    far = _far(step, found, GLANCE)
    first: list[Row] = []
    if common > _DENSE:
        first, left = step.walked(where, words, min(far, _WALKED))
        if left is None:
            return first
        step = left
    use_index(step.connection)
    all_of = conditions.all_of([conditions.labelled(step.scope, aside=True), *where, *words])
    text = sql.SQL("SELECT {} FROM search s WHERE {} AND {} {} OFFSET 0")

    def matching(bounds: sql.Composable) -> sql.Composable:
        return text.format(sql.SQL(COLUMNS), all_of, bounds, step.order)

    return first + _in_windows(step, matching, min(far, _WINDOW))


def _in_windows(step: Step, rows_of: Callable[[sql.Composable], sql.Composable], window: int) -> list[Row]:
    """Return rows of an answer, part by part of what was added.

    Args:
        step: to the page.
        rows_of: makes the statement of rows, of `COLUMNS`, that the bounds on `cursor` let.
        window: about how many rows of the table are looked into first; then as many as it seems to take.
    """
    rows: list[Row] = []
    for _ in range(_WINDOWS):
        bound = step.further(window)
        if bound is None:
            break
        bounds = conditions.all_of([step.bound(), step.within(bound)])
        found = run(step.connection, rows_of(bounds), step.scope, step.order, step.most)
        rows += found
        if len(found) == step.most:
            return rows
        step = step._replace(beyond=bound, most=step.most - len(found))
        window = max(min(_far(step, len(found), window), 4 * window), window)
    return rows + run(step.connection, rows_of(step.bound()), step.scope, step.order, step.most)


def _of_time(step: Step, query: Query, where: Sequence[sql.Composable], common: int, found: int) -> list[Row]:
    """Return rows of an answer by when they were modified, as `common` of those that come first were, of which `found` are answers."""
    words = conditions.words(query)
    far = _far(step, found, GLANCE)
    first: list[Row] = []
    if far < _WALKED or far < _DATED * common * step.held() // GLANCE:
        first, left = step.walked(where, words, far)
        if left is None:
            return first
        step = left
    use_index(step.connection)
    rows = _dated(step, [conditions.labelled(step.scope, aside=True), *where, step.bound()], words)
    return first + run(step.connection, rows, step.scope, step.order, step.most)


def _dated(step: Step, where: Sequence[sql.Composable], words: Sequence[sql.Composable]) -> sql.Composable:
    """Return the statement of what was modified in a time: the index tells apart all of it, and only what is shown is fetched."""
    direction = sql.SQL("" if step.oldest else " DESC")
    near = sql.SQL("SELECT s.cursor FROM search s WHERE {} ORDER BY s.cursor{}").format(
        conditions.all_of(where), direction
    )
    also = sql.SQL(" WHERE {}").format(conditions.all_of(words)) if words else sql.SQL("")
    return sql.SQL("{}{} ORDER BY near.cursor{} OFFSET 0").format(fetched(near), also, direction)


def _in_line(step: Step, query: Query, where: Sequence[sql.Composable]) -> list[Row]:
    """Return rows of an answer that no index narrows: walked in the order of cursors, or as one stream for each label set and type."""
    words = conditions.words(query)  # such as no index narrows: what is not to be in it
    first: list[Row] = []
    streams = len(step.scope.narrowed) * max(len(query.types), 1)
    if streams > _STREAMS:
        begun = step.begun()
        if begun is None:
            return []
        first, left = begun.walked(where, words, _WALKED)
        if left is None:
            return first
        step = left
    in_order(step.connection)
    if streams > _STREAMS_AT_MOST:
        rows: sql.Composable = sql.SQL("SELECT {} FROM ({}) s WHERE {} {} OFFSET 0").format(
            sql.SQL(COLUMNS),
            step.next_rows(),
            conditions.all_of([conditions.labelled(step.scope), *where, *words]),
            step.order,
        )
    else:
        rows = _streams(query, step.scope, [*where, *words, step.bound()], step.order)
    return first + run(step.connection, rows, step.scope, step.order, step.most)


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


def _of_one(step: Step, about: str, where: Sequence[sql.Composable]) -> sql.Composable:
    """Return the statement of what refers to one object, in the order of cursors: read no further than the page goes."""
    in_order(step.connection)
    bound: sql.Composable = sql.SQL("")
    if step.beyond is not None:
        bound = sql.SQL("AND l.cursor > {}" if step.oldest else "AND l.cursor < {}").format(
            sql.Literal(step.beyond)
        )
    direction = sql.SQL("" if step.oldest else " DESC")
    links = sql.SQL("{} ORDER BY l.cursor{}").format(bound, direction)
    return sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY near.cursor{} OFFSET 0").format(
        sql.SQL(COLUMNS.replace("s.cursor", "near.cursor", 1)),
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


def _streams(
    query: Query, scope: Scope, where: Sequence[sql.Composable], order: sql.Composable
) -> sql.Composable:
    """Return the statement of rows in the order of cursors: one stream for each label set and type, merged."""
    columns = sql.SQL(COLUMNS)
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
