"""What one request of a browser begins and a later one ends: challenges, states of a provider, one-time links, second steps.

Each has a secret of 256 random bits that only the browser (or the link) has; its SHA-256 is kept, for minutes. `take` uses it up, so
that nothing is answered twice. Whoever asks for one that never was, is over or was used gets the same answer.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.errors import UnauthenticatedError
from tocsin.store.connection import Connection

MINUTE: Micros = 60_000_000
LIFE = 5 * MINUTE
# nothing goes on for an account that is shut out
_HOLDS = (
    "hash = %s AND kind = %s AND expires > %s "
    "AND NOT coalesce((SELECT disabled FROM account WHERE name = ceremony.account), false)"
)


class Ceremony(msgspec.Struct, frozen=True):
    """One that is under way. `account` and `session` are whose it is, where that is known already."""

    kind: str
    account: str | None
    session: str | None
    data: dict[str, Any]


def begin(
    connection: Connection,
    kind: str,
    data: dict[str, Any],
    *,
    now: Micros,
    life: Micros = LIFE,
    account: str | None = None,
    session: str | None = None,
) -> str:
    """Begin one and return its secret. Of one kind a session has one at a time: the one before is over."""
    if session is not None:
        connection.execute("DELETE FROM ceremony WHERE session = %s AND kind = %s", (session, kind))
    secret = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO ceremony (hash, kind, account, session, data, expires) VALUES (%s, %s, %s, %s, %s, %s)",
        (_hash(secret), kind, account, session, Jsonb(data), now + life),
    )
    return secret


def peek(connection: Connection, secret: str, kind: str, *, now: Micros) -> Ceremony:
    """Return one without using it up.

    Raises:
        UnauthenticatedError: there is none of this kind with this secret, or it is over.
    """
    row = connection.execute(
        f"SELECT kind, account, session, data FROM ceremony WHERE {_HOLDS}",  # noqa: S608 - constants
        (_hash(secret), kind, now),
    ).fetchone()
    return _found(row)


def take(connection: Connection, secret: str, kind: str, *, now: Micros) -> Ceremony:
    """Return one and use it up. Call it outside a transaction that a failure rolls back: a failed attempt uses it up as well.

    Raises:
        UnauthenticatedError: as `peek`.
    """
    row = connection.execute(
        f"DELETE FROM ceremony WHERE {_HOLDS} RETURNING kind, account, session, data",  # noqa: S608 - constants
        (_hash(secret), kind, now),
    ).fetchone()
    return _found(row)


def drop(connection: Connection, account: str, kind: str) -> None:
    """End all of a kind that an account has under way."""
    connection.execute("DELETE FROM ceremony WHERE account = %s AND kind = %s", (account, kind))


def forget(connection: Connection, *, now: Micros) -> int:
    """Drop those that are over; return how many."""
    return connection.execute("DELETE FROM ceremony WHERE expires <= %s", (now,)).rowcount


def _found(row: tuple[Any, ...] | None) -> Ceremony:
    if row is None:
        raise UnauthenticatedError("that does not hold")
    return Ceremony(*row)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
