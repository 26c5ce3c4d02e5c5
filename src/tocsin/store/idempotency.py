"""Answers to requests that carry an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07), each of one account."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.errors import ConflictError, InputError
from tocsin.store.connection import Connection

LIFE: Micros = 24 * 3_600_000_000
"""µs for which an answer is kept, and a key stands for one request."""
_UNDER_WAY: Micros = 120_000_000  # after that whoever held the key is taken for dead


class Kept(msgspec.Struct, frozen=True):
    """An answer: status, headers of its own, body."""

    status: int
    headers: dict[str, Any]
    body: bytes


def begin(connection: Connection, account: str, key: str, fingerprint: bytes, *, now: Micros) -> Kept | None:
    """Take a key for a request; return the answer that was given before, or None to go on and give one.

    Args:
        connection: in autocommit: others must see the key at once.
        account: whose key it is.
        key: as the client made it.
        fingerprint: of the request.
        now: µs.

    Raises:
        InputError: the key stands for another request.
        ConflictError: that request is still under way.
    """
    connection.execute(
        "DELETE FROM idempotency WHERE at < %s OR (status = 0 AND at < %s)", (now - LIFE, now - _UNDER_WAY)
    )
    taken = connection.execute(
        "INSERT INTO idempotency (account, key, fingerprint, at, status, headers, body) VALUES (%s, %s, %s, %s, 0, '{}', '') "
        "ON CONFLICT DO NOTHING RETURNING 1",
        (account, key, fingerprint, now),
    ).fetchone()
    if taken is not None:
        return None
    row = connection.execute(
        "SELECT fingerprint, status, headers, body FROM idempotency WHERE account = %s AND key = %s",
        (account, key),
    ).fetchone()
    if row is None or (row[0] == fingerprint and row[1] == 0):
        raise ConflictError("a request with this Idempotency-Key is under way", hint="ask again in a moment")
    if row[0] != fingerprint:
        raise InputError(
            "this Idempotency-Key stands for another request", hint="make a new key for a new request"
        )
    return Kept(row[1], row[2], row[3])


def finish(connection: Connection, account: str, key: str, kept: Kept) -> None:
    """Keep the answer of a request."""
    connection.execute(
        "UPDATE idempotency SET status = %s, headers = %s, body = %s WHERE account = %s AND key = %s",
        (kept.status, Jsonb(kept.headers), kept.body, account, key),
    )


def forget(connection: Connection, account: str, key: str) -> None:
    """Give a key back: the request changed nothing."""
    connection.execute(
        "DELETE FROM idempotency WHERE account = %s AND key = %s AND status = 0", (account, key)
    )
