"""The node's own key, from which the tokens in redacted forms are made. It is made once and is part of a backup."""

from __future__ import annotations

import secrets

from tocsin.store.connection import Connection

_FORMS = "forms"
_BYTES = 32


def forms_key(connection: Connection) -> bytes:
    """Return the 32 bytes that all tokens in forms of objects come from, making them at first."""
    find = "SELECT value FROM secret WHERE name = %s"
    row = connection.execute(find, (_FORMS,)).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO secret VALUES (%s, %s) ON CONFLICT DO NOTHING", (_FORMS, secrets.token_bytes(_BYTES))
        )
        row = connection.execute(find, (_FORMS,)).fetchone()
    assert row is not None
    return bytes(row[0])
