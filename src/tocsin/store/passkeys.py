"""Passkeys (Web Authentication level 3): public keys that people registered, several an account, each under a name of their choice."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from tocsin.store.connection import Connection
from tocsin.store.secrets import handles_key

MOST = 20
"""Passkeys of one account."""
_NAME = 60
_COLUMNS = "id, account, rp, name, key, counter, synced, created, used"


class Passkey(msgspec.Struct, frozen=True):
    """One passkey: the credential's id, whose it is, the name it is bound to (`rp`), its COSE key and counter of signatures."""

    id: bytes
    account: str
    rp: str
    name: str
    key: bytes
    counter: int
    synced: bool
    created: Micros
    used: Micros | None = None


def handle(connection: Connection, account: str) -> bytes:
    """Return the user handle of an account: 32 bytes that say nothing about the person (WebAuthn level 3, section 14.6.1)."""
    return hmac.new(handles_key(connection), account.encode(), hashlib.sha256).digest()


def add(connection: Connection, passkey: Passkey) -> None:
    """Keep a passkey.

    Raises:
        ConflictError: the credential is registered already, or the account has `MOST`.
        InputError: no name, or one that is too long.
    """
    if not passkey.name or len(passkey.name) > _NAME:
        raise InputError(f"a passkey has a name of up to {_NAME} characters")
    if len(of(connection, passkey.account)) >= MOST:
        raise ConflictError(f"an account has at most {MOST} passkeys", hint="remove one first")
    added = connection.execute(
        f"INSERT INTO passkey ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",  # noqa: S608 - constants
        msgspec.structs.astuple(passkey),
    )
    if not added.rowcount:
        raise ConflictError("this passkey is registered already")


def of(connection: Connection, account: str) -> list[Passkey]:
    """Return the passkeys of an account, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM passkey WHERE account = %s ORDER BY created, id",  # noqa: S608 - constants
        (account,),
    ).fetchall()
    return [Passkey(*row) for row in rows]


def find(connection: Connection, identifier: bytes) -> Passkey | None:
    """Return the passkey of a credential, unless its account is disabled."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM passkey p WHERE id = %s "  # noqa: S608 - constants
        "AND NOT (SELECT disabled FROM account a WHERE a.name = p.account)",
        (identifier,),
    ).fetchone()
    return None if row is None else Passkey(*row)


def note_use(connection: Connection, identifier: bytes, counter: int, *, now: Micros) -> None:
    """Keep a passkey's counter and when it was used.

    Raises:
        UnauthenticatedError: it is gone, or the counter has not gone up: the signature is old, or the authenticator was copied.
    """
    noted = connection.execute(
        "UPDATE passkey SET counter = %(counter)s, used = %(now)s "
        "WHERE id = %(id)s AND (counter < %(counter)s OR (counter = 0 AND %(counter)s = 0))",
        {"id": identifier, "counter": counter, "now": now},
    )
    if not noted.rowcount:
        raise UnauthenticatedError("the passkey does not hold")


def remove(connection: Connection, account: str, identifier: bytes) -> None:
    """Remove a passkey of an account.

    Raises:
        NotFoundError: it has no such passkey.
    """
    found = connection.execute("DELETE FROM passkey WHERE id = %s AND account = %s", (identifier, account))
    if not found.rowcount:
        raise NotFoundError("no such passkey")
