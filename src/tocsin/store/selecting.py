"""The statements that select placements of a collection under some label sets.

A page costs O(page) wherever it stands: for each label set that the reader may see there is an index
on (label, cursor), and PostgreSQL merges those ordered streams until the page is full.
"Latest" is the latest among what this reader may see (TAXII 2.1 section 3.4.1 with `match[version]`).
"""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from psycopg import sql
from psycopg.types.numeric import Int8

from tocsin.store import collections
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.values import PageQuery

# With more streams than this, planning the merge costs more than skipping rows.
_MERGE_AT_MOST = 64
# Bodies of a page together; one that is larger alone still goes. A thousand objects of 16 MiB would be nobody's page.
PAGE_BYTES = 32 * 1024 * 1024
_TEXTS_KEPT = 256

# Rows, joined here: string_agg in the database takes 1.5 ms longer for a page of a thousand.
_FRAME = """
SELECT (SELECT generation FROM state), r.cursor, r.body{more} FROM (SELECT 1) one LEFT JOIN (
  SELECT cursor, CASE
    WHEN row_number() OVER added = 1 OR (row_number() OVER added <= {limit} AND sum(octet_length(body)) OVER added <= {most})
    THEN body END AS body{more}
  FROM ({rows}) picked WINDOW added AS (ORDER BY cursor ROWS UNBOUNDED PRECEDING)
) r ON true ORDER BY r.cursor
"""
BODIES = _FRAME.replace("{more}", "")
"""Generation, cursor and body of each object; NULL for bodies behind those that a page has room for."""
BODY_COLUMNS = "o.cursor, o.body"
LABELLED = _FRAME.replace("{more}", ", label_id, version")
"""The same with label set and version."""
LABELLED_COLUMNS = "o.cursor, o.body, o.label_id, o.version"


def local_id(store: Store, connection: Connection, collection: UUID) -> int:
    """Return the partition key of a collection; it is given once and stays."""
    known = store.partitions.get(collection)
    if known is None:
        known = store.partitions[collection] = collections.local_id(connection, collection)
    return known


_Key: TypeAlias = tuple[str, int, tuple[int, ...], PageQuery]
_texts: dict[_Key, bytes] = {}


def statement(
    frame: str,
    columns: str,
    local: int,
    query: PageQuery,
    labels: tuple[int, ...],
    *,
    exact: str = "version",
) -> tuple[bytes, dict[str, Any]]:
    """Return a statement and its values. Its text is kept: putting it together takes as long as running it.

    Args:
        frame: around the rows.
        columns: of the rows.
        local: the partition.
        query: which rows.
        labels: ids of the label sets that they may be under.
        exact: the column that an exact version of the query means.
    """
    shape = msgspec.structs.replace(
        query,
        after=0,
        ids=("",) if query.ids else (),
        versions=tuple(dict.fromkeys(0 if isinstance(v, int) else v for v in query.versions)),
    )
    key = (frame + columns + exact, local, labels, shape)
    text = _texts.get(key)
    if text is None:
        rows = _select(local, shape, labels, columns, exact)
        limits = {"limit": sql.Literal(query.limit), "most": sql.Literal(PAGE_BYTES)}
        if len(_texts) >= _TEXTS_KEPT:
            _texts.clear()
        text = _texts[key] = sql.SQL(frame).format(rows=rows, **limits).as_bytes(None)
    return text, _values(query, labels)


def _values(query: PageQuery, labels: tuple[int, ...]) -> dict[str, Any]:
    """Return the values of the placeholders that `_select` uses."""
    return {
        "after": Int8(query.after),
        "labels": list(labels),
        "types": list(query.types),
        "ids": list(query.ids),
        "exact": [v for v in query.versions if isinstance(v, int)],
    }


def _select(
    local: int, query: PageQuery, labels: tuple[int, ...], columns: str, exact: str
) -> sql.Composable:
    """Return the statement of up to limit+1 rows in the order of cursors."""
    part = collections.partition(local)
    where = [_version_filter(part, query.versions, exact)]
    if query.types:
        where.append(sql.SQL("o.type = ANY(%(types)s)"))
    if query.spec_versions and "2.1" not in query.spec_versions:
        where.append(sql.SQL("false"))
    tail = sql.SQL(" AND ").join([sql.SQL("o.cursor > %(after)s"), *where])
    order = sql.SQL("ORDER BY cursor LIMIT {}").format(sql.Literal(query.limit + 1))
    head = sql.SQL("SELECT {columns} FROM {part} o WHERE ").format(columns=sql.SQL(columns), part=part)
    if query.ids:
        return sql.SQL(
            "{head} o.stix_id = ANY(%(ids)s) AND o.label_id = ANY(%(labels)s) AND {tail} {order}"
        ).format(head=head, tail=tail, order=order)
    kinds = _by_type(query.types)
    if len(labels) * len(kinds) > _MERGE_AT_MOST:
        kinds = [sql.SQL("true")]  # the types are in the tail all the same
    if not 0 < len(labels) <= _MERGE_AT_MOST:
        # written out, so that the planner knows how many rows they have
        return sql.SQL("{head} o.label_id = ANY({labels}::integer[]) AND {tail} {order}").format(
            head=head, labels=sql.Literal(list(labels)), tail=tail, order=order
        )
    streams = [
        sql.SQL("({head} o.label_id = {label} AND {one} AND {tail} {order})").format(
            head=head, label=sql.Literal(label), one=one, tail=tail, order=order
        )
        for label in labels
        for one in kinds
    ]
    if len(streams) == 1:
        return streams[0]
    return sql.SQL("{} {}").format(sql.SQL(" UNION ALL ").join(streams), order)


def _by_type(types: tuple[str, ...]) -> list[sql.Composable]:
    """One stream a type keeps the index on (label, type, cursor) in order; without types there is one stream."""
    return [sql.SQL("o.type = {}").format(sql.Literal(t)) for t in dict.fromkeys(types)] or [sql.SQL("true")]


def _version_filter(part: sql.Identifier, versions: tuple[str | int, ...], exact: str) -> sql.Composable:
    if "all" in versions:
        return sql.SQL("true")
    other = sql.SQL(
        "EXISTS (SELECT 1 FROM {part} p WHERE p.stix_id = o.stix_id AND p.label_id = ANY(%(labels)s) AND "
    ).format(part=part)
    choices: list[sql.Composable] = []
    if "last" in versions:
        later = sql.SQL(
            "{other} (p.version > o.version OR (p.version = o.version AND p.cursor < o.cursor)))"
        ).format(other=other)
        choices.append(sql.SQL("(o.standing < 2 AND (o.standing <= 0 OR NOT {}))").format(later))
    if "first" in versions:
        earlier = sql.SQL(
            "{other} (p.version < o.version OR (p.version = o.version AND p.cursor < o.cursor)))"
        ).format(other=other)
        choices.append(sql.SQL("(o.standing = 0 OR NOT {})").format(earlier))
    if any(isinstance(v, int) for v in versions):
        choices.append(sql.SQL("o.{} = ANY(%(exact)s)").format(sql.Identifier(exact)))
    if len(choices) == 1:
        return choices[0]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(choices) if choices else sql.SQL("false"))
