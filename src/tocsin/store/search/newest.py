"""The last step of every way through the index: what has a newer version that the reader may have is passed over."""

from __future__ import annotations

from typing import TypeAlias

from psycopg import sql

from tocsin.store.connection import Connection
from tocsin.store.search import conditions
from tocsin.store.search.conditions import Scope

Row: TypeAlias = tuple[int, int, int, int, int | None, bool, str, str, str]
COLUMNS = (
    "s.cursor, s.version, s.collection_id, s.label_id, s.confidence, s.revoked, s.type, s.stix_id, s.name"
)
# Few ids stand in more than one row, and `search_again` knows all of them (as the index keeps it); only of those the others are looked for.
# `+ 0`: by its id, never by its label set, which a planner without statistics holds to be as rare.
_LATEST = """
SELECT s.* FROM ({rows}) s LEFT JOIN LATERAL (
  SELECT other.yes FROM (SELECT true AS yes FROM search_again WHERE id = hashtextextended(s.stix_id, 0) OFFSET 0) again
  CROSS JOIN LATERAL (SELECT true AS yes FROM search p WHERE again.yes AND p.stix_id = s.stix_id AND p.cursor <> s.cursor
    AND p.label_id + 0 = ANY({visible}) AND p.collection_id = ANY({readable}) AND (
      p.version > s.version
      OR (p.version = s.version AND p.cursor < s.cursor AND p.label_id = ANY({labels}) AND p.collection_id = ANY({locals}))
    ) LIMIT 1) other
) newer ON true WHERE newer.yes IS NULL
"""


def newest(rows: sql.Composable, scope: Scope) -> sql.Composed:
    """Return the statement of `rows`, of `COLUMNS`, without those that the reader has a newer version of."""
    return sql.SQL(_LATEST).format(
        rows=rows,
        visible=conditions.integers(scope.clearance.labels),
        readable=conditions.integers(scope.readable),
        labels=conditions.integers(scope.narrowed),
        locals=conditions.integers(scope.collections),
    )


def page_of(rows: sql.Composable, scope: Scope, order: sql.Composable, most: int) -> sql.Composed:
    """Return the statement of up to `most` of `rows`, without those that the reader has a newer version of."""
    return sql.SQL("{} {} LIMIT {}").format(newest(rows, scope), order, sql.Literal(most))


def run(
    connection: Connection, rows: sql.Composable, scope: Scope, order: sql.Composable, most: int
) -> list[Row]:
    """Return what `page_of` asks for."""
    return connection.execute(page_of(rows, scope, order, most), prepare=False).fetchall()
