"""Reading placements: pages and manifests. Everything here is filtered by a clearance inside the query.

How a page is found: `tocsin.store.selecting`. Where a clearance lets only forms of some objects go: `tocsin.store.forms`.
"""

from __future__ import annotations

from typing import Any

from tocsin.sharing.release import Clearance, Released
from tocsin.store import collections, forms
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.selecting import BODIES, BODY_COLUMNS, local_id, statement
from tocsin.store.values import Page, PageQuery, Record, Records, Stale

_RECORDS = "SELECT (SELECT generation FROM state), r.* FROM (SELECT 1) one LEFT JOIN ({rows}) r ON true ORDER BY r.cursor"


def page(store: Store, query: PageQuery, clearance: Clearance) -> Released[Page] | Stale:
    """Return the next objects of a selection that the clearance allows, each in the form that it allows.

    Raises:
        NotFoundError: no such collection.
    """
    if clearance.redacted or clearance.minimised:
        return forms.page(store, query, clearance)
    with store.connection() as connection:
        local = local_id(store, connection, query.collection)
        text, values = statement(BODIES, BODY_COLUMNS, local, query, clearance.labels)
        found = connection.execute(text, values, binary=True).fetchall()
    if found[0][0] != clearance.generation:
        return Stale(found[0][0])
    bodies = [row[2] for row in found if row[2] is not None]
    if not bodies:
        return clearance.seal(Page(b"", 0, 0, 0, more=False))
    cursors = tuple([row[1] for row in found[: len(bodies)]])
    more = len(found) > len(bodies)
    return clearance.seal(
        Page(b",".join(bodies), len(bodies), cursors[0], cursors[-1], more=more, cursors=cursors)
    )


def explain(connection: Connection, query: PageQuery, clearance: Clearance) -> dict[str, Any]:
    """Return what the database does for a page, as EXPLAIN (ANALYZE, BUFFERS) says, for tests and benchmarks."""
    local = collections.local_id(connection, query.collection)
    text, values = statement(BODIES, BODY_COLUMNS, local, query, clearance.labels)
    row = connection.execute(b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text, values).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]
    return plan


def records(store: Store, query: PageQuery, clearance: Clearance) -> Released[Records] | Stale:
    """Return the manifest records of the same selection as `page`, in its order.

    Raises:
        NotFoundError: no such collection.
    """
    if clearance.redacted or clearance.minimised:
        return forms.records(store, query, clearance)
    with store.connection() as connection:
        local = local_id(store, connection, query.collection)
        text, values = statement(_RECORDS, "o.cursor, o.stix_id, o.version", local, query, clearance.labels)
        found = connection.execute(text, values, binary=True).fetchall()
    if found[0][0] != clearance.generation:
        return Stale(found[0][0])
    listed = [Record(id=r[2], added=r[1], version=r[3]) for r in found if r[1] is not None]
    return clearance.seal(Records(tuple(listed[: query.limit]), len(listed) > query.limit))
