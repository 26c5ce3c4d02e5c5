"""The lock between those who move or delete placements and the one who indexes them (`store.search.index`)."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.store.connection import Connection

LOCK = 7_246_183_012
"""Advisory lock, held to the end of a transaction. Whoever holds it waits for no other lock of ours."""


def forget(connection: Connection, cursors: Sequence[int]) -> None:
    """Delete what the search index knows of placements that move or go, in their transaction."""
    if cursors:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        connection.execute("DELETE FROM search WHERE cursor = ANY(%s)", (list(cursors),))
        connection.execute("DELETE FROM search_name WHERE cursor = ANY(%s)", (list(cursors),))
