"""Reading placements: pages, manifests, versions. Everything here is filtered by a clearance inside the query.

A page costs O(page) wherever it stands: for each label set that the reader may see there is an index
on (label, cursor), and PostgreSQL merges those ordered streams until the page is full.
"Latest" is the latest among what this reader may see (TAXII 2.1 section 3.4.1 with `match[version]`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import sql

from tocsin.sharing.release import Clearance, Released
from tocsin.store import collections
from tocsin.store.database import Store
from tocsin.store.values import Page, PageQuery, Record, Records, Stale

# With more label sets than this, planning the merge costs more than skipping rows.
_MERGE_AT_MOST = 64

_AGGREGATE = """
SELECT (SELECT generation FROM state), coalesce(count(*), 0), min(cursor), max(cursor),
  string_agg(body, ','::bytea ORDER BY cursor) FILTER (WHERE nth <= {limit}),
  max(cursor) FILTER (WHERE nth <= {limit})
FROM (SELECT cursor, body, row_number() OVER (ORDER BY cursor) AS nth FROM ({rows}) picked) page
"""
_RECORDS = "SELECT (SELECT generation FROM state), r.* FROM (SELECT 1) one LEFT JOIN ({rows}) r ON true ORDER BY r.cursor"


def page(store: Store, query: PageQuery, clearance: Clearance) -> Released[Page] | Stale:
    """Return the next objects of a selection that the clearance allows.

    Raises:
        NotFoundError: no such collection.
    """
    with store.connection() as connection:
        local = collections.local_id(connection, query.collection)
        rows, values = _select(local, query, clearance, "o.cursor, o.body")
        statement = sql.SQL(_AGGREGATE).format(rows=rows, limit=sql.Literal(query.limit))
        row = connection.execute(statement, values, binary=True).fetchone()
    assert row is not None  # an aggregate answers with one row
    generation, count, first, _, body, last = row
    if generation != clearance.generation:
        return Stale(generation)
    more = count > query.limit
    return clearance.seal(Page(body or b"", min(count, query.limit), first or 0, last or 0, more))


def records(store: Store, query: PageQuery, clearance: Clearance) -> Released[Records] | Stale:
    """Return the manifest records of the same selection as `page`, in its order.

    Raises:
        NotFoundError: no such collection.
    """
    with store.connection() as connection:
        local = collections.local_id(connection, query.collection)
        rows, values = _select(local, query, clearance, "o.cursor, o.stix_id, o.version")
        found = connection.execute(sql.SQL(_RECORDS).format(rows=rows), values, binary=True).fetchall()
    if found[0][0] != clearance.generation:
        return Stale(found[0][0])
    listed = [Record(id=r[2], added=r[1], version=r[3]) for r in found if r[1] is not None]
    return clearance.seal(Records(tuple(listed[: query.limit]), len(listed) > query.limit))


def _select(
    local: int, query: PageQuery, clearance: Clearance, columns: str
) -> tuple[sql.Composable, dict[str, Any]]:
    """Return the statement of up to limit+1 rows in the order of cursors, and its values."""
    part = collections.partition(local)
    values: dict[str, Any] = {"after": query.after, "labels": list(clearance.labels)}
    where = [_version_filter(part, query.versions, values)]
    if query.types:
        values["types"] = list(query.types)
        where.append(sql.SQL("o.type = ANY(%(types)s)"))
    if query.spec_versions and "2.1" not in query.spec_versions:
        where.append(sql.SQL("false"))
    tail = sql.SQL(" AND ").join([sql.SQL("o.cursor > %(after)s"), *where])
    order = sql.SQL("ORDER BY cursor LIMIT {}").format(sql.Literal(query.limit + 1))
    head = sql.SQL("SELECT {columns} FROM {part} o WHERE ").format(columns=sql.SQL(columns), part=part)
    if query.ids:
        values["ids"] = list(query.ids)
        return sql.SQL(
            "{head} o.stix_id = ANY(%(ids)s) AND o.label_id = ANY(%(labels)s) AND {tail} {order}"
        ).format(head=head, tail=tail, order=order), values
    if not 0 < len(clearance.labels) <= _MERGE_AT_MOST:
        return sql.SQL("{head} o.label_id = ANY(%(labels)s) AND {tail} {order}").format(
            head=head, tail=tail, order=order
        ), values
    streams = [
        sql.SQL("({head} o.label_id = {label} AND {one} AND {tail} {order})").format(
            head=head, label=sql.Literal(label), one=one, tail=tail, order=order
        )
        for label in clearance.labels
        for one in _by_type(query.types)
    ]
    if len(streams) == 1:
        return streams[0], values
    return sql.SQL("{} {}").format(sql.SQL(" UNION ALL ").join(streams), order), values


def _by_type(types: tuple[str, ...]) -> list[sql.Composable]:
    """One stream a type keeps the index on (type, label, cursor) in order; without types there is one stream."""
    return [sql.SQL("o.type = {}").format(sql.Literal(t)) for t in dict.fromkeys(types)] or [sql.SQL("true")]


def _version_filter(
    part: sql.Identifier, versions: tuple[str | int, ...], values: dict[str, Any]
) -> sql.Composable:
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
        choices.append(sql.SQL("(o.standing < 2 AND (o.standing = 0 OR NOT {}))").format(later))
    if "first" in versions:
        earlier = sql.SQL(
            "{other} (p.version < o.version OR (p.version = o.version AND p.cursor < o.cursor)))"
        ).format(other=other)
        choices.append(sql.SQL("NOT {}").format(earlier))
    exact = [v for v in versions if isinstance(v, int)]
    if exact:
        values["exact"] = exact
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
