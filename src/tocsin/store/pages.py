"""Reading placements: pages, manifests, versions. Everything here is filtered by a clearance inside the query.

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

from tocsin.sharing.release import Clearance, Released
from tocsin.store import collections
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.values import Page, PageQuery, Record, Records, Stale

# With more streams than this, planning the merge costs more than skipping rows.
_MERGE_AT_MOST = 64
# Bodies of a page together; one that is larger alone still goes. A thousand objects of 16 MiB would be nobody's page.
_PAGE_BYTES = 32 * 1024 * 1024
_TEXTS_KEPT = 256

# Rows, joined here: string_agg in the database takes 1.5 ms longer for a page of a thousand.
_BODIES = """
SELECT (SELECT generation FROM state), r.cursor, r.body FROM (SELECT 1) one LEFT JOIN (
  SELECT cursor, CASE
    WHEN row_number() OVER added = 1 OR (row_number() OVER added <= {limit} AND sum(octet_length(body)) OVER added <= {most})
    THEN body END AS body
  FROM ({rows}) picked WINDOW added AS (ORDER BY cursor ROWS UNBOUNDED PRECEDING)
) r ON true ORDER BY r.cursor
"""
_RECORDS = "SELECT (SELECT generation FROM state), r.* FROM (SELECT 1) one LEFT JOIN ({rows}) r ON true ORDER BY r.cursor"


def page(store: Store, query: PageQuery, clearance: Clearance) -> Released[Page] | Stale:
    """Return the next objects of a selection that the clearance allows.

    Raises:
        NotFoundError: no such collection.
    """
    with store.connection() as connection:
        local = _local(store, connection, query.collection)
        text, values = _statement(_BODIES, "o.cursor, o.body", local, query, clearance)
        found = connection.execute(text, values, binary=True).fetchall()
    if found[0][0] != clearance.generation:
        return Stale(found[0][0])
    bodies = [row[2] for row in found if row[2] is not None]
    if not bodies:
        return clearance.seal(Page(b"", 0, 0, 0, more=False))
    last = found[len(bodies) - 1][1]
    return clearance.seal(
        Page(b",".join(bodies), len(bodies), found[0][1], last, more=len(found) > len(bodies))
    )


def explain(connection: Connection, query: PageQuery, clearance: Clearance) -> dict[str, Any]:
    """Return what the database does for a page, as EXPLAIN (ANALYZE, BUFFERS) says, for tests and benchmarks."""
    local = collections.local_id(connection, query.collection)
    text, values = _statement(_BODIES, "o.cursor, o.body", local, query, clearance)
    row = connection.execute(b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text, values).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]
    return plan


def records(store: Store, query: PageQuery, clearance: Clearance) -> Released[Records] | Stale:
    """Return the manifest records of the same selection as `page`, in its order.

    Raises:
        NotFoundError: no such collection.
    """
    with store.connection() as connection:
        local = _local(store, connection, query.collection)
        text, values = _statement(_RECORDS, "o.cursor, o.stix_id, o.version", local, query, clearance)
        found = connection.execute(text, values, binary=True).fetchall()
    if found[0][0] != clearance.generation:
        return Stale(found[0][0])
    listed = [Record(id=r[2], added=r[1], version=r[3]) for r in found if r[1] is not None]
    return clearance.seal(Records(tuple(listed[: query.limit]), len(listed) > query.limit))


def _local(store: Store, connection: Connection, collection: UUID) -> int:
    """Return the partition key of a collection; it is given once and stays."""
    known = store.partitions.get(collection)
    if known is None:
        known = store.partitions[collection] = collections.local_id(connection, collection)
    return known


_Key: TypeAlias = tuple[str, int, tuple[int, ...], PageQuery]
_texts: dict[_Key, bytes] = {}


def _statement(
    frame: str, columns: str, local: int, query: PageQuery, clearance: Clearance
) -> tuple[bytes, dict[str, Any]]:
    """Return a statement and its values. Its text is kept: putting it together takes as long as running it."""
    shape = msgspec.structs.replace(
        query,
        after=0,
        ids=("",) if query.ids else (),
        versions=tuple(dict.fromkeys(0 if isinstance(v, int) else v for v in query.versions)),
    )
    key = (frame, local, clearance.labels, shape)
    text = _texts.get(key)
    if text is None:
        rows, _ = _select(local, shape, clearance, columns)
        limits = {"limit": sql.Literal(query.limit), "most": sql.Literal(_PAGE_BYTES)}
        if len(_texts) >= _TEXTS_KEPT:
            _texts.clear()
        text = _texts[key] = sql.SQL(frame).format(rows=rows, **limits).as_bytes(None)
    return text, _values(query, clearance)


def _values(query: PageQuery, clearance: Clearance) -> dict[str, Any]:
    """Return the values of the placeholders that `_select` uses."""
    return {
        "after": Int8(query.after),
        "labels": list(clearance.labels),
        "types": list(query.types),
        "ids": list(query.ids),
        "exact": [v for v in query.versions if isinstance(v, int)],
    }


def _select(
    local: int, query: PageQuery, clearance: Clearance, columns: str
) -> tuple[sql.Composable, dict[str, Any]]:
    """Return the statement of up to limit+1 rows in the order of cursors, and its values."""
    part = collections.partition(local)
    values = _values(query, clearance)
    where = [_version_filter(part, query.versions)]
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
        ).format(head=head, tail=tail, order=order), values
    kinds = _by_type(query.types)
    if len(clearance.labels) * len(kinds) > _MERGE_AT_MOST:
        kinds = [sql.SQL("true")]  # the types are in the tail all the same
    if not 0 < len(clearance.labels) <= _MERGE_AT_MOST:
        # written out, so that the planner knows how many rows they have
        return sql.SQL("{head} o.label_id = ANY({labels}::integer[]) AND {tail} {order}").format(
            head=head, labels=sql.Literal(values["labels"]), tail=tail, order=order
        ), values
    streams = [
        sql.SQL("({head} o.label_id = {label} AND {one} AND {tail} {order})").format(
            head=head, label=sql.Literal(label), one=one, tail=tail, order=order
        )
        for label in clearance.labels
        for one in kinds
    ]
    if len(streams) == 1:
        return streams[0], values
    return sql.SQL("{} {}").format(sql.SQL(" UNION ALL ").join(streams), order), values


def _by_type(types: tuple[str, ...]) -> list[sql.Composable]:
    """One stream a type keeps the index on (label, type, cursor) in order; without types there is one stream."""
    return [sql.SQL("o.type = {}").format(sql.Literal(t)) for t in dict.fromkeys(types)] or [sql.SQL("true")]


def _version_filter(part: sql.Identifier, versions: tuple[str | int, ...]) -> sql.Composable:
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
        choices.append(sql.SQL("o.version = ANY(%(exact)s)"))
    if len(choices) == 1:
        return choices[0]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(choices) if choices else sql.SQL("false"))


def collection_has(store: Store, collection: UUID, stix_id: str, clearance: Clearance) -> bool:
    """Return whether this reader may know of any version of `stix_id` in the collection.

    Raises:
        NotFoundError: no such collection.
    """
    with store.connection() as connection:
        local = collections.local_id(connection, collection)
        row = connection.execute(
            sql.SQL("SELECT EXISTS (SELECT 1 FROM {} WHERE stix_id = %s AND label_id = ANY(%s))").format(
                collections.partition(local)
            ),
            (stix_id, list(clearance.labels)),
        ).fetchone()
    assert row is not None
    return bool(row[0])
