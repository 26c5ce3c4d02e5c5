"""Who an account is at an OpenID provider: bound to (issuer, subject), the one pair that a provider never gives to another person.

Names and e-mail addresses are no identity: they change hands (OpenID Connect Core 1.0 section 5.7). So nothing is ever found by them.
"""

from __future__ import annotations

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, InputError, NotFoundError
from tocsin.store import accounts
from tocsin.store.connection import Connection

_LONGEST = 255  # characters of a subject: OpenID Connect Core 1.0 section 2


class Identity(msgspec.Struct, frozen=True):
    """One binding of an account."""

    issuer: str
    subject: str
    account: str
    created: Micros
    used: Micros | None = None


def bind(connection: Connection, account: str, issuer: str, subject: str, *, now: Micros) -> None:
    """Bind an account to a subject of an issuer.

    Raises:
        NotFoundError: no such account.
        ConflictError: that subject is bound already, to this account or another.
        InputError: no issuer or no subject, or one that cannot be.
    """
    accounts.get(connection, account)
    if not issuer.startswith(("https://", "http://")):
        raise InputError("an issuer is a web address, exactly as the provider gives it")
    if not 0 < len(subject) <= _LONGEST or "\0" in subject:
        raise InputError(f"a subject has 1 to {_LONGEST} characters")
    added = connection.execute(
        "INSERT INTO identity (issuer, subject, account, created) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (issuer, subject, account, now),
    )
    if not added.rowcount:
        raise ConflictError("this identity is bound to an account already", hint="unbind it there first")


def recognise(connection: Connection, issuer: str, subject: str, *, now: Micros) -> str | None:
    """Return the account that a subject of an issuer is bound to, unless it is disabled; note that it was used."""
    if "\0" in subject:  # PostgreSQL holds none; without it, it would be another's
        return None
    row = connection.execute(
        "UPDATE identity i SET used = %s FROM account a WHERE i.issuer = %s AND i.subject = %s "
        "AND a.name = i.account AND NOT a.disabled RETURNING i.account",
        (now, issuer, subject),
    ).fetchone()
    return None if row is None else str(row[0])


def of(connection: Connection, account: str) -> list[Identity]:
    """Return the bindings of an account, oldest first."""
    rows = connection.execute(
        "SELECT issuer, subject, account, created, used FROM identity WHERE account = %s ORDER BY created, issuer, subject",
        (account,),
    ).fetchall()
    return [Identity(*row) for row in rows]


def unbind(connection: Connection, account: str, issuer: str, subject: str) -> None:
    """Remove a binding of an account.

    Raises:
        NotFoundError: it has no such binding.
    """
    found = connection.execute(
        "DELETE FROM identity WHERE account = %s AND issuer = %s AND subject = %s", (account, issuer, subject)
    )
    if not found.rowcount:
        raise NotFoundError("no such binding")
