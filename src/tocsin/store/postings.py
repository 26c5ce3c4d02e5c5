"""Status resources of TAXII POSTs (TAXII 2.1 section 4.3), each seen by the organisation that posted and nobody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.errors import NotFoundError
from tocsin.store.connection import Connection

_KEPT: Micros = 7 * 86_400_000_000


def put(
    connection: Connection, identifier: UUID, organisation: str, status: dict[str, Any], *, now: Micros
) -> None:
    """Keep a status for a week; older ones go."""
    connection.execute("DELETE FROM posting WHERE at < %s", (now - _KEPT,))
    connection.execute(
        "INSERT INTO posting (id, organisation, at, status) VALUES (%s, %s, %s, %s)",
        (identifier, organisation, now, Jsonb(status, dumps=msgspec.json.encode)),
    )


def get(connection: Connection, identifier: UUID, organisation: str) -> dict[str, Any]:
    """Return a status.

    Raises:
        NotFoundError: there is none, or another organisation posted.
    """
    row = connection.execute(
        "SELECT status FROM posting WHERE id = %s AND organisation = %s", (identifier, organisation)
    ).fetchone()
    if row is None:
        raise NotFoundError("no such status")
    found: dict[str, Any] = row[0]
    return found
