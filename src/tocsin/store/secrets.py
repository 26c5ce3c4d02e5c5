"""The node's own keys, made once and part of a backup: tokens in redacted forms come from one, user handles of passkeys from another."""

from __future__ import annotations

import secrets

from tocsin.store.connection import Connection

_FORMS = "forms"
_HANDLES = "handles"
_BYTES = 32


def forms_key(connection: Connection) -> bytes:
    """Return the 32 bytes that all tokens in forms of objects come from, making them at first."""
    return _key(connection, _FORMS)


def handles_key(connection: Connection) -> bytes:
    """Return the 32 bytes that the user handles of passkeys come from, making them at first."""
    return _key(connection, _HANDLES)


def _key(connection: Connection, name: str) -> bytes:
    find = "SELECT value FROM secret WHERE name = %s"
    row = connection.execute(find, (name,)).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO secret VALUES (%s, %s) ON CONFLICT DO NOTHING", (name, secrets.token_bytes(_BYTES))
        )
        row = connection.execute(find, (name,)).fetchone()
    assert row is not None
    return bytes(row[0])
