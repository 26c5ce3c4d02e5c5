"""Ways through the index in the order of cursors: as far as a page needs, or a bound lets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import sql

from tocsin.clock import Micros
from tocsin.store.connection import Connection
from tocsin.store.search import conditions
from tocsin.store.search.conditions import Scope
from tocsin.store.search.newest import COLUMNS, Row, page_of

GLANCE = 1000
"""Rows that are looked at first: of frequent words they fill a page."""
FEW = 2000
"""Matches up to which all of them are looked at, whatever else there is: 12 ms of work."""
_COMMON = 2  # of `GLANCE` rows: of a million, so many would be `FEW`
COVERED = "cursor, version, collection_id, label_id, confidence, revoked, type"
"""What indexes by type and by time know of a row (migration 33)."""
# Without bitmaps, which is all that GIN gives, and without sorting; taken back in the same breath.
_IN_ORDER = "SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)"
_WALK = sql.SQL(f"SAVEPOINT walking; {_IN_ORDER}; {{}}; ROLLBACK TO SAVEPOINT walking")
_KNOWN = "SELECT histogram_bounds::text::bigint[] FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'search' AND attname = 'cursor'"
_BOUNDS = 20  # of fewer, one is no part worth telling apart
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


class Step(NamedTuple):
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

    def begun(self) -> Step | None:
        """Return the same way from where the first row is that the scope allows, of whatever type; None where there is none.

        What has come last may all be for others, and would only be passed over.
        """
        text = sql.SQL(_FIRST).format(
            labels=conditions.integers(self.scope.narrowed),
            collections=conditions.integers(self.scope.collections),
            best=sql.SQL("min" if self.oldest else "max"),
            bound=self.bound(),
            order=self.order,
            next=self.next_rows(),
        )
        found = _walk(self.connection, text)
        if not found or found[0][0] is None:
            return None
        return self._replace(beyond=found[0][0] - 1 if self.oldest else found[0][0] + 1)

    def common(self, rare: sql.Composable) -> int:
        """Return for how many of `GLANCE` rows that come next `rare` holds, 0 for so few that they are better counted in all."""
        text = sql.SQL("SELECT count(*) FROM ({} LIMIT {}) s WHERE {}").format(
            self.next_rows(), sql.Literal(GLANCE), rare
        )
        ((found,),) = _walk(self.connection, text)
        return int(found) if found >= _COMMON else 0

    def held(self) -> int:
        """Return about how many rows there are, 0 where nobody has looked yet."""
        row = self.connection.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = 'search'::regclass"
        ).fetchone()
        assert row is not None  # the table is there
        return max(int(row[0]), 0)

    def further(self, rows: int) -> Micros | None:
        """Return the cursor behind about so many rows that come next; None where that may be all of them.

        By what is known of cursors since somebody last looked; of whatever types.
        """
        found = self.connection.execute(_KNOWN).fetchone()
        bounds: list[int] = (found and found[0]) or []
        if len(bounds) < _BOUNDS:
            return None
        steps = -(-rows * (len(bounds) - 1) // max(self.held(), 1))
        if self.oldest:
            place = bisect_left(bounds, -1 if self.beyond is None else self.beyond) + steps
        else:
            place = (len(bounds) if self.beyond is None else bisect_right(bounds, self.beyond)) - 1 - steps
        return bounds[place] if 0 <= place < len(bounds) else None

    def within(self, cursor: Micros) -> sql.Composable:
        """Return the condition that holds for rows up to a cursor, that one with them."""
        return sql.SQL("cursor <= {}" if self.oldest else "cursor >= {}").format(sql.Literal(cursor))

    def matching(self, rare: sql.Composable, where: Sequence[sql.Composable]) -> tuple[int, list[Row]]:
        """Return how many rows `rare` holds for, counted no further than `FEW`, and up to `most` rows of an answer from those."""
        use_index(self.connection)
        words = sql.SQL("SELECT {} FROM search s WHERE {} LIMIT {}").format(
            sql.SQL(COLUMNS), rare, sql.Literal(FEW + 1)
        )
        picked = sql.SQL("SELECT * FROM matching s WHERE {} {} OFFSET 0").format(
            conditions.all_of([conditions.labelled(self.scope), *where]), self.order
        )
        rows = page_of(picked, self.scope, self.order, self.most)
        text = sql.SQL(
            "WITH matching AS MATERIALIZED ({}) SELECT all_of.number, r.* "
            "FROM (SELECT count(*) AS number FROM matching) all_of LEFT JOIN ({}) r ON true {}"
        ).format(words, rows, self.order)
        found = self.connection.execute(text, prepare=False).fetchall()
        return found[0][0], [row[1:] for row in found if row[1] is not None]

    def next_rows(self, columns: str = "*") -> sql.Composable:
        """Return the statement of all rows of the types that come next in the order of cursors."""
        kinds: list[sql.Composable] = [
            sql.SQL("type = {}").format(sql.Literal(kind)) for kind in self.types
        ] or [sql.SQL("true")]
        text = sql.SQL("(SELECT {} FROM search WHERE {} AND {} {})")
        each = [text.format(sql.SQL(columns), self.bound(), kind, self.order) for kind in kinds]
        return sql.SQL("SELECT * FROM ({}) n {}").format(sql.SQL(" UNION ALL ").join(each), self.order)

    def bound(self) -> sql.Composable:
        """Return the condition that holds for rows that come next."""
        if self.beyond is None:
            return sql.SQL("true")
        return sql.SQL("cursor > {}" if self.oldest else "cursor < {}").format(sql.Literal(self.beyond))

    def walked(
        self, where: Sequence[sql.Composable], words: Sequence[sql.Composable], rows: int
    ) -> tuple[list[Row], Step | None]:
        """Return what `among_next` does, and the way on to what is left of the page; None where there is nothing left, or no more rows."""
        found = self.among_next(where, words, rows)
        if len(found) == self.most:
            return found, None
        text = sql.SQL("SELECT n.cursor FROM ({}) n OFFSET {} LIMIT 1")
        following = _walk(self.connection, text.format(self.next_rows(COVERED), sql.Literal(rows)))
        if not following:
            return found, None
        beyond = following[0][0] - 1 if self.oldest else following[0][0] + 1
        return found, self._replace(beyond=beyond, most=self.most - len(found))

    def among_next(
        self, where: Sequence[sql.Composable], words: Sequence[sql.Composable], rows: int
    ) -> list[Row]:
        """Return up to `most` rows of an answer from the `rows` that come next in the order of cursors.

        Of one type there may be one row in each block of the table: these are told apart by the index alone, unless words are asked for.
        """
        found, at = (self._covered, "near.") if self.types and not words else (self._whole, "")
        return _walk(
            self.connection,
            page_of(
                found(conditions.all_of([conditions.labelled(self.scope), *where, *words]), rows)
                + self._ordered(at)
                + sql.SQL(" OFFSET 0"),
                self.scope,
                self.order,
                self.most,
            ),
        )

    def _whole(self, where: sql.Composable, rows: int) -> sql.Composed:
        return sql.SQL("SELECT {} FROM ({} LIMIT {}) s WHERE {}").format(
            sql.SQL(COLUMNS), self.next_rows(), sql.Literal(rows), where
        )

    def _covered(self, where: sql.Composable, rows: int) -> sql.Composed:
        next_ = self.next_rows(COVERED)
        near = sql.SQL("SELECT s.cursor FROM ({} LIMIT {}) s WHERE {}").format(
            next_, sql.Literal(rows), where
        )
        return fetched(near + self._ordered("s."))

    def _ordered(self, of: str) -> sql.SQL:
        return sql.SQL(f" ORDER BY {of}cursor{'' if self.oldest else ' DESC'}")


def fetched(near: sql.Composable) -> sql.Composed:
    """Return the statement of the rows, of `COLUMNS`, at the cursors of another one, in its order: no more of them are read than are taken."""
    return sql.SQL(
        "SELECT {} FROM ({} OFFSET 0) near CROSS JOIN LATERAL (SELECT * FROM search x WHERE x.cursor = near.cursor OFFSET 0) s"
    ).format(sql.SQL(COLUMNS.replace("s.cursor", "near.cursor", 1)), near)


def in_order(connection: Connection) -> None:
    """Have rows read in the order of cursors from now on, only as many as are needed."""
    connection.execute(_IN_ORDER)


def use_index(connection: Connection) -> None:
    """Leave the planner the inverted index alone.

    Of thirty ranges that may contain an address it believes that half the table is in one, and would rather read all of it. With label sets
    put `aside` (`conditions.labelled`) there is no other index left.
    """
    connection.execute("SET LOCAL enable_seqscan = off")


def _walk(connection: Connection, statement: sql.Composable) -> list[Any]:
    """Return the rows of a statement that is answered in the order of cursors, in one exchange with the database."""
    answers = connection.execute(_WALK.format(statement), prepare=False)
    for _ in range(2):  # the savepoint, and what was set
        answers.nextset()
    return answers.fetchall()
