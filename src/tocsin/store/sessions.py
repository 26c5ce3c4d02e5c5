"""Sessions of people in a browser: opened by a proof of who they are, listed, ended, and gone after a while of silence.

The secret is 256 random bits in a cookie; only its SHA-256 is kept. A session never outlives `LIFE`, and ends after `SILENCE`
without a request (NIST SP 800-63B-4 section 2.2.3: at most 24 hours, and an hour of inactivity).
"""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from tocsin.clock import Micros
from tocsin.errors import NotFoundError, UnauthenticatedError
from tocsin.store.accounts import Principal
from tocsin.store.connection import Connection

HOUR: Micros = 3_600_000_000
LIFE = 12 * HOUR
SILENCE = HOUR
_SEEN_EVERY: Micros = 60_000_000
_AGENT = 200


class Session(msgspec.Struct, frozen=True):
    """A session as it is kept: never the secret itself. `proved`: when the person last showed who they are."""

    id: str
    account: str
    method: str
    created: Micros
    seen: Micros
    expires: Micros
    proved: Micros
    address: str
    agent: str


def begin(connection: Connection, account: str, method: str, address: str, agent: str, *, now: Micros) -> str:
    """Open a session and return its secret, which is never to be had again."""
    secret = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO session (id, hash, account, method, created, seen, expires, proved, address, agent) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (secrets.token_hex(6), _hash(secret), account, method, now, now, now + LIFE, now, address, agent[:_AGENT]),
    )  # fmt: skip
    return secret


def recognise(connection: Connection, secret: str, *, now: Micros) -> tuple[Principal, Session, int]:
    """Return who a session's secret belongs to, the session, and the generation of what decisions rest on.

    Raises:
        UnauthenticatedError: unknown, ended, expired, silent for too long, or its account is disabled; never says which.
    """
    row = connection.execute(
        "SELECT s.id, s.account, s.method, s.created, s.seen, s.expires, s.proved, s.address, s.agent, "
        "a.organisation, a.administrator, (SELECT generation FROM state) "
        "FROM session s JOIN account a ON a.name = s.account JOIN organisation o ON o.id = a.organisation "
        "WHERE s.hash = %s AND NOT s.ended AND s.expires > %s AND s.seen > %s AND NOT a.disabled",
        (_hash(secret), now, now - SILENCE),
    ).fetchone()
    if row is None:
        raise UnauthenticatedError("the session does not hold")
    session = Session(*row[:9])
    if now - session.seen > _SEEN_EVERY:
        connection.execute("UPDATE session SET seen = %s WHERE id = %s", (now, session.id))
    scopes = ("taxii:read", "taxii:write", *(("admin", "metrics") if row[10] else ()))
    principal = Principal(session.account, row[9], scopes, row[10], f"session {session.id}", session.expires)
    return principal, session, row[11]


def prove(connection: Connection, identifier: str, *, now: Micros) -> None:
    """Note that the person has just shown again who they are."""
    connection.execute("UPDATE session SET proved = %s WHERE id = %s", (now, identifier))


def of(connection: Connection, account: str, *, now: Micros) -> list[Session]:
    """Return the sessions of an account that hold, newest first."""
    rows = connection.execute(
        "SELECT id, account, method, created, seen, expires, proved, address, agent FROM session "
        "WHERE account = %s AND NOT ended AND expires > %s AND seen > %s ORDER BY created DESC, id",
        (account, now, now - SILENCE),
    ).fetchall()
    return [Session(*row) for row in rows]


def end(connection: Connection, account: str, identifier: str) -> None:
    """End a session of an account at once.

    Raises:
        NotFoundError: it has no such session.
    """
    found = connection.execute(
        "UPDATE session SET ended = true WHERE id = %s AND account = %s AND NOT ended", (identifier, account)
    )
    if not found.rowcount:
        raise NotFoundError("no such session")


def end_all(connection: Connection, account: str, *, but: str = "") -> int:
    """End all sessions of an account, except one; return how many."""
    return connection.execute(
        "UPDATE session SET ended = true WHERE account = %s AND NOT ended AND id <> %s", (account, but)
    ).rowcount


def forget(connection: Connection, *, now: Micros) -> int:
    """Drop what ended or expired a day ago; return how many."""
    return connection.execute("DELETE FROM session WHERE expires < %s", (now - 24 * HOUR,)).rowcount


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
