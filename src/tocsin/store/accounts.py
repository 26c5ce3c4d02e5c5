"""Accounts, API tokens and the one-time code of the first administrator.

A token is `toc_` and 256 random bits; only its SHA-256 is kept, and it is shown once. Tokens of that entropy
need no slow hash. There are no passwords and no default account.
"""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from tocsin.store.connection import Connection

SCOPES = ("taxii:read", "taxii:write", "propose", "metrics", "admin")
CEILINGS = ("clear", "green", "amber", "amber+strict", "red")
DAY: Micros = 86_400_000_000
_LONGEST_DAYS = 365
_CLAIM_ATTEMPTS = 5
_CLAIM_LIFE = DAY


class Account(msgspec.Struct, frozen=True):
    """Someone or something that signs in, on behalf of one organisation."""

    name: str
    organisation: str
    administrator: bool = False
    disabled: bool = False
    created: Micros = 0


class Token(msgspec.Struct, frozen=True):
    """An API token as it is kept: never the secret itself.

    `ceiling` is the strictest TLP that it shows, of `CEILINGS`, or "" where there is none but what its organisation may have.
    """

    id: str
    account: str
    scopes: tuple[str, ...]
    created: Micros
    expires: Micros
    last_used: Micros | None
    revoked: bool
    ceiling: str = ""


class Principal(msgspec.Struct, frozen=True):
    """Who asks: an account, its organisation and what its token permits. Roles grant actions, never data.

    `ceiling` is the token's: it only takes away from what the organisation may have.
    """

    account: str
    organisation: str
    scopes: tuple[str, ...]
    administrator: bool
    token: str
    expires: Micros
    ceiling: str = ""


def add(connection: Connection, account: Account) -> None:
    """Make an account.

    Raises:
        ConflictError: the name is taken, or is not one.
    """
    if connection.execute("SELECT 1 FROM account WHERE name = %s", (account.name,)).fetchone():
        raise ConflictError(f"there is an account {account.name!r} already")
    connection.execute(
        "INSERT INTO account (name, organisation, administrator, disabled, created) VALUES (%s, %s, %s, %s, %s)",
        (account.name, account.organisation, account.administrator, account.disabled, account.created),
    )


def get(connection: Connection, name: str) -> Account:
    """Return an account.

    Raises:
        NotFoundError: no such account.
    """
    row = connection.execute(
        "SELECT name, organisation, administrator, disabled, created FROM account WHERE name = %s", (name,)
    ).fetchone()
    if row is None:
        raise NotFoundError(f"no account {name!r}", hint="`tocsin account list` names them")
    return Account(*row)


def everything(connection: Connection) -> list[Account]:
    """Return all accounts by name."""
    rows = connection.execute(
        "SELECT name, organisation, administrator, disabled, created FROM account ORDER BY name"
    ).fetchall()
    return [Account(*r) for r in rows]


def disable(connection: Connection, name: str, *, disabled: bool = True) -> None:
    """Shut an account out, or let it in again; its tokens follow at once, and its sessions end for good.

    Raises:
        NotFoundError: no such account.
    """
    if not connection.execute("UPDATE account SET disabled = %s WHERE name = %s", (disabled, name)).rowcount:
        raise NotFoundError(f"no account {name!r}", hint="`tocsin account list` names them")
    if disabled:
        connection.execute("UPDATE session SET ended = true WHERE account = %s", (name,))
        connection.execute("DELETE FROM ceremony WHERE account = %s", (name,))


def issue(
    connection: Connection,
    account: str,
    scopes: tuple[str, ...],
    *,
    now: Micros,
    days: int = 90,
    ceiling: str = "",
) -> tuple[str, Token]:
    """Make a token and return its secret, which is never to be had again.

    Raises:
        NotFoundError: no such account.
        InputError: unknown scopes or ceiling, no scope, or a life that is too long.
    """
    found = {a.name: a for a in everything(connection)}.get(account)
    if found is None:
        raise NotFoundError(f"no account {account!r}", hint="`tocsin account list` names them")
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise InputError(f"unknown scope {unknown[0]!r}", hint=f"scopes are {', '.join(SCOPES)}")
    if not scopes or not 1 <= days <= _LONGEST_DAYS:
        raise InputError(f"a token needs a scope and a life of 1 to {_LONGEST_DAYS} days")
    if ceiling and ceiling not in CEILINGS:
        raise InputError(f"unknown ceiling {ceiling!r}", hint=f"ceilings are {', '.join(CEILINGS)}")
    if "admin" in scopes and not found.administrator:
        raise InputError(f"{account} is no administrator: its tokens cannot have the scope admin")
    secret = f"toc_{secrets.token_urlsafe(32)}"
    identifier, expires = secrets.token_hex(6), now + days * DAY
    token = Token(identifier, account, tuple(sorted(set(scopes))), now, expires, None, False, ceiling)
    connection.execute(
        "INSERT INTO token (id, hash, account, scopes, created, expires, ceiling) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (token.id, _hash(secret), account, list(token.scopes), token.created, token.expires, ceiling or None),
    )
    return secret, token


def tokens(connection: Connection, account: str | None = None) -> list[Token]:
    """Return tokens, of one account or of all, without their secrets."""
    rows = connection.execute(
        "SELECT id, account, scopes, created, expires, last_used, revoked, coalesce(ceiling, '') FROM token "
        "WHERE %s::text IS NULL OR account = %s ORDER BY created",
        (account, account),
    ).fetchall()
    return [Token(r[0], r[1], tuple(r[2]), r[3], r[4], r[5], r[6], r[7]) for r in rows]


def revoke(connection: Connection, token: str, *, account: str | None = None) -> None:
    """End a token at once, and with it the sessions that it opened.

    Raises:
        NotFoundError: no such token, or not one of `account`.
    """
    found = connection.execute(
        "UPDATE token SET revoked = true WHERE id = %s AND (%s::text IS NULL OR account = %s)",
        (token, account, account),
    )
    if not found.rowcount:
        raise NotFoundError(f"no token {token!r}", hint="`tocsin token list` names them")


def authenticate(
    connection: Connection, secret: str, *, now: Micros, account: str | None = None
) -> Principal:
    """Return who `secret` belongs to. With HTTP Basic, `account` must be the account's name as well.

    Raises:
        UnauthenticatedError: unknown, expired, revoked, disabled or not this account's; never says which.
    """
    return recognise(connection, secret, now=now, account=account)[0]


def recognise(
    connection: Connection, secret: str, *, now: Micros, account: str | None = None
) -> tuple[Principal, int]:
    """Return who `secret` belongs to, as `authenticate`, and the generation of what decisions rest on, in one visit.

    Raises:
        UnauthenticatedError: as `authenticate`.
    """
    row = connection.execute(
        "SELECT t.id, a.name, a.organisation, t.scopes, a.administrator, t.expires, coalesce(t.ceiling, ''), "
        "(SELECT generation FROM state) "
        "FROM token t JOIN account a ON a.name = t.account JOIN organisation o ON o.id = a.organisation "
        "WHERE t.hash = %s AND NOT t.revoked AND t.expires > %s AND NOT a.disabled",
        (_hash(secret), now),
    ).fetchone()
    if row is None or (account is not None and account != row[1]):
        raise UnauthenticatedError("the credentials do not hold")
    return Principal(row[1], row[2], tuple(row[3]), row[4], row[0], row[5], row[6]), row[7]


def touch(connection: Connection, used: dict[str, Micros]) -> None:
    """Note when tokens were last used."""
    for token, at in used.items():
        connection.execute("UPDATE token SET last_used = %s WHERE id = %s", (at, token))


def offer_claim(connection: Connection, *, now: Micros) -> str | None:
    """Return a fresh one-time code for the first administrator, or None when there is one."""
    if connection.execute("SELECT 1 FROM account WHERE administrator").fetchone():
        return None
    code = "-".join(secrets.token_hex(2) for _ in range(6))
    connection.execute(
        "INSERT INTO claim (hash, expires) VALUES (%s, %s) ON CONFLICT (one) DO UPDATE "
        "SET hash = excluded.hash, expires = excluded.expires, attempts = 0",
        (_hash(code), now + _CLAIM_LIFE),
    )
    return code


def claim(connection: Connection, code: str, name: str, organisation: str, *, now: Micros) -> str:
    """Trade the one-time code for the first administrator's account; return its token's secret.

    Call it outside a transaction that a failure rolls back: a wrong attempt must count.

    Raises:
        UnauthenticatedError: no code is offered, it is wrong, expired or used up, or there is an administrator; never says which.
    """
    with connection.transaction():
        # a code lies in a log for a day: once the console has made an administrator it is worth nothing
        taken = connection.execute("SELECT 1 FROM account WHERE administrator").fetchone()
        row = connection.execute("SELECT hash, expires, attempts FROM claim FOR UPDATE").fetchone()
        holds = (
            taken is None
            and row is not None
            and row[2] < _CLAIM_ATTEMPTS
            and row[1] > now
            and secrets.compare_digest(row[0], _hash(code.strip().lower()))
        )
        if holds:
            add(connection, Account(name, organisation, administrator=True, created=now))
            secret, _ = issue(connection, name, SCOPES, now=now)
            connection.execute("DELETE FROM claim")
            return secret
        connection.execute("UPDATE claim SET attempts = attempts + 1")
    raise UnauthenticatedError("the code does not hold", hint="restart `tocsin serve` for a new one")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
