"""All that a reader may have of one object: every version, wherever it stands. Read from the placements, not from the index."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.clock import Micros
from tocsin.sharing.release import Released
from tocsin.store import labels
from tocsin.store.database import Store
from tocsin.store.search.conditions import Scope
from tocsin.store.values import Stale

MOST = 500
"""Placements of one object that are read at once, the newest; more is not a history but a feed."""
_MOST_BYTES = 32 * 1024 * 1024
_SELECT = """
SELECT cursor, version, collection_id, label_id, revoked, body FROM (
  SELECT o.*, sum(octet_length(body)) OVER (ORDER BY version DESC, cursor ROWS UNBOUNDED PRECEDING) AS size FROM (
    SELECT * FROM object WHERE stix_id = %s AND label_id = ANY(%s) AND collection_id = ANY(%s)
    ORDER BY version DESC, cursor LIMIT %s
  ) o
) o WHERE size <= %s OR size = octet_length(body) ORDER BY version DESC, cursor
"""
_ORIGINS = """
SELECT o.cursor, g.source, g.peer, g.channel, o.cursor FROM object o JOIN origin g ON g.id = o.origin_id
WHERE o.cursor = ANY(%(cursors)s) AND o.stix_id = %(id)s
UNION ALL
SELECT a.cursor, g.source, g.peer, g.channel, a.at FROM assertion a JOIN origin g ON g.id = a.origin_id
WHERE a.cursor = ANY(%(cursors)s)
ORDER BY 1, 5
"""


class Version(msgspec.Struct, frozen=True, gc=False):
    """One placement: date added and version in µs, local id of its collection, label set, canonical bytes."""

    added: Micros
    version: Micros
    collection: int
    label: int
    revoked: bool
    body: bytes


class Arrival(msgspec.Struct, frozen=True):
    """How a placement, known by its date added, reached this node: from whom, through which peer, over what, when (µs)."""

    added: Micros
    source: str
    peer: str | None
    channel: str
    at: Micros


def versions_of(store: Store, stix_id: str, scope: Scope) -> Released[tuple[Version, ...]] | Stale:
    """Return the newest placements of an object that the scope allows, newest version first."""
    values = (stix_id, list(scope.clearance.labels), list(scope.readable), MOST, _MOST_BYTES)
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        generation = labels.generation(connection)
        if generation != scope.clearance.generation:
            return Stale(generation)
        rows = connection.execute(_SELECT, values, binary=True).fetchall()
    return scope.clearance.seal(tuple(Version(*row) for row in rows))


def arrivals(store: Store, stix_id: str, cursors: Sequence[int]) -> list[Arrival]:
    """Return how placements of an object came; for this node's own organisation alone, because it tells who its peers are."""
    with store.connection() as connection:
        rows = connection.execute(_ORIGINS, {"cursors": list(cursors), "id": stix_id}).fetchall()
    return [Arrival(*row) for row in rows]
