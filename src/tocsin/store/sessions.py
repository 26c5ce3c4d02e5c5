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
PREFIX = "session "
"""What `Principal.token` begins with where a session stands there; ids of tokens are hexadecimal."""
_SEEN_EVERY: Micros = 60_000_000
_AGENT = 200


class Session(msgspec.Struct, frozen=True):
    """A session as it is kept: never the secret itself.

    `method`: how it was opened (`token`, `link`, `passkey`, `oidc`; `+totp` where a code of an app was asked for as well).
    `proved`: when the person last showed who they are, 0 if what opened it is no proof. `token`: id of the token that opened it.
    """

    id: str
    account: str
    method: str
    created: Micros
    seen: Micros
    expires: Micros
    proved: Micros
    address: str
    agent: str
    token: str | None = None


_COLUMNS = "s.id, s.account, s.method, s.created, s.seen, s.expires, s.proved, s.address, s.agent, s.token"
# a session that a token opened holds no longer than the token
_HOLDS = (
    "NOT s.ended AND s.expires > %(now)s AND s.seen > %(silent)s AND NOT a.disabled "
    "AND (s.token IS NULL OR (NOT t.revoked AND t.expires > %(now)s))"
)
_FROM = "session s JOIN account a ON a.name = s.account LEFT JOIN token t ON t.id = s.token"


def begin(
    connection: Connection,
    account: str,
    method: str,
    address: str,
    agent: str,
    *,
    now: Micros,
    token: str | None = None,
    proved: bool = True,
) -> str:
    """Open a session and return its secret, which is never to be had again.

    Args:
        connection: of the store.
        account: whose it is.
        method: see `Session`.
        address: of the browser.
        agent: what the browser says it is.
        now: the time.
        token: id of the token that opens it: the session permits what the token permits, and ends with it.
        proved: opening it showed who the person is, so that dangerous acts need no further proof for a while.
    """
    secret = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO session (id, hash, account, method, created, seen, expires, proved, address, agent, token) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (secrets.token_hex(6), _hash(secret), account, method, now, now, now + LIFE, now if proved else 0,
         address, agent[:_AGENT], token),
    )  # fmt: skip
    return secret


def recognise(
    connection: Connection, secret: str, *, now: Micros, quiet: bool = False
) -> tuple[Principal, Session, int]:
    """Return who a session's secret belongs to, the session, and the generation of what decisions rest on.

    `quiet`: it is not noted as a sign of life.

    Raises:
        UnauthenticatedError: unknown, ended, expired, silent for too long, or its account is disabled; never says which.
    """
    row = connection.execute(
        f"SELECT {_COLUMNS}, a.organisation, a.administrator, t.scopes, t.ceiling, (SELECT generation FROM state) "  # noqa: S608 - constants
        f"FROM {_FROM} JOIN organisation o ON o.id = a.organisation WHERE s.hash = %(hash)s AND {_HOLDS}",
        {"hash": _hash(secret), "now": now, "silent": now - SILENCE},
    ).fetchone()
    if row is None:
        raise UnauthenticatedError("the session does not hold")
    session = Session(*row[:10])
    organisation, administrator, scopes, ceiling, generation = row[10:]
    if now - session.seen > _SEEN_EVERY and not quiet:
        connection.execute("UPDATE session SET seen = %s WHERE id = %s", (now, session.id))
    permitted = whole(administrator=administrator) if scopes is None else tuple(scopes)
    principal = Principal(
        session.account,
        organisation,
        permitted,
        administrator,
        f"{PREFIX}{session.id}",
        session.expires,
        ceiling or "",
    )
    return principal, session, generation


def whole(*, administrator: bool) -> tuple[str, ...]:
    """Return all that an account may do, which is what a session permits that no token limits."""
    return ("taxii:read", "taxii:write", "propose", *(("admin", "metrics") if administrator else ()))


def prove(connection: Connection, identifier: str, *, now: Micros) -> str:
    """Note that the person has just shown again who they are; return the session's new secret.

    The old one holds no longer: what was seen of the session before is worth less than the proof.

    Raises:
        UnauthenticatedError: the session was ended meanwhile.
    """
    secret = secrets.token_urlsafe(32)
    found = connection.execute(
        "UPDATE session SET proved = %s, hash = %s WHERE id = %s AND NOT ended",
        (now, _hash(secret), identifier),
    )
    if not found.rowcount:
        raise UnauthenticatedError("the session does not hold")
    return secret


def of(connection: Connection, account: str, *, now: Micros) -> list[Session]:
    """Return the sessions of an account that hold, newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE s.account = %(account)s AND {_HOLDS} ORDER BY s.created DESC, s.id",  # noqa: S608 - constants
        {"account": account, "now": now, "silent": now - SILENCE},
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
