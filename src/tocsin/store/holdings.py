"""What is held, for the node itself and its local operator: never an answer to any reader, so no clearance filters it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from psycopg import sql

from tocsin.store import collections
from tocsin.store.database import Store


class Held(msgspec.Struct, frozen=True, gc=False):
    """A row of one organisation: STIX id, SHA-256 of its bytes, where it is and under which label set."""

    stix_id: str
    digest: bytes
    collection: UUID
    label: int


def count_by_label(store: Store, collection: UUID) -> dict[int, int]:
    """Return how many rows a collection has under each label set.

    Raises:
        NotFoundError: no such collection.
    """
    with store.connection() as connection:
        part = collections.partition(collections.local_id(connection, collection))
        statement = sql.SQL("SELECT label_id, count(*) FROM {} GROUP BY label_id").format(part)
        return dict(connection.execute(statement).fetchall())


def count_of_labels(store: Store, labels: Collection[int]) -> dict[int, int]:
    """Return how many rows all collections have under each of these label sets; read from the index on label sets alone."""
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT label_id, count(*) FROM object WHERE label_id = ANY(%s) GROUP BY label_id",
            (list(labels),),
        ).fetchall()
    return dict(rows)


def some_ids(store: Store, labels: Collection[int], most: int) -> tuple[str, ...]:
    """Return the STIX ids of up to `most` rows under these label sets, the latest first."""
    if not labels:
        return ()
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT stix_id FROM object WHERE label_id = ANY(%s) AND standing < 2 ORDER BY cursor DESC LIMIT %s",
            (list(labels), most),
        ).fetchall()
    return tuple(row[0] for row in rows)


def of_owner(store: Store, ids: Sequence[str], owner: str) -> list[Held]:
    """Return the rows of these STIX ids, in any collection, that `owner` asserted."""
    if not ids:
        return []
    with store.connection() as connection:
        labels = [
            r[0] for r in connection.execute("SELECT id FROM label WHERE owner = %s", (owner,)).fetchall()
        ]
        if not labels:
            return []
        rows = connection.execute(
            "SELECT o.stix_id, o.digest, c.id, o.label_id FROM object o JOIN collection c ON c.local_id = o.collection_id "
            "WHERE o.stix_id = ANY(%s) AND o.label_id = ANY(%s)",
            (list(ids), labels),
        ).fetchall()
    return [Held(*row) for row in rows]
