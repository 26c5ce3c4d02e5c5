"""Suppressions: what is not to be raised, why, and until when. They are the operator's own words about its own logs."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid4

import msgspec

from tocsin.clock import Micros
from tocsin.errors import InputError, LimitError, NotFoundError
from tocsin.store.connection import Connection

KINDS: Final = ("indicator", "value", "host", "source")
AT_MOST: Final = 10_000
_COLUMNS = "id, kind, value, reason, created, created_by, expires"


class Suppression(msgspec.Struct, frozen=True):
    """What is not raised.

    Attributes:
        id: of the suppression.
        kind: one of `KINDS`.
        value: STIX id of an indicator, a value as the indicator or the log has it, the name of a host in the logs, or the id or name of an
            organisation that shares.
        reason: for whoever asks later.
        created, created_by: when (µs), and by whom.
        expires: first µs at which it no longer holds; None: it holds until it is removed.
    """

    id: UUID
    kind: str
    value: str
    reason: str
    created: Micros
    created_by: str
    expires: Micros | None


def add(
    connection: Connection,
    kind: str,
    value: str,
    reason: str,
    *,
    expires: Micros | None,
    by: str,
    now: Micros,
) -> Suppression:
    """Keep a suppression.

    Raises:
        InputError: it has no reason, nothing to suppress, or is over already.
        LimitError: there are too many.
    """
    if kind not in KINDS or not value.strip():
        raise InputError(f"nothing to suppress: one of {', '.join(KINDS)} is needed")
    if not reason.strip():
        raise InputError(
            "a suppression needs a reason", hint="whoever asks later why nothing was raised reads it"
        )
    if expires is not None and expires <= now:
        raise InputError("the suppression would be over already")
    count = connection.execute("SELECT count(*) FROM suppression").fetchone()
    if count is not None and count[0] >= AT_MOST:
        raise LimitError(f"there are {AT_MOST:,} suppressions", hint="remove those that are over")
    made = Suppression(uuid4(), kind, value.strip(), reason.strip(), now, by, expires)
    connection.execute(
        f"INSERT INTO suppression ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
        msgspec.structs.astuple(made),
    )
    return made


def everything(connection: Connection, *, now: Micros | None = None) -> list[Suppression]:
    """Return all suppressions, newest first; with `now` (µs), those that hold then."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM suppression WHERE %s::bigint IS NULL OR expires IS NULL OR expires > %s "  # noqa: S608
        "ORDER BY created DESC, id",
        (now, now),
    ).fetchall()
    return [Suppression(*row) for row in rows]


def remove(connection: Connection, identifier: str) -> Suppression:
    """Remove a suppression.

    Raises:
        NotFoundError: there is none of this id.
    """
    statement = f"DELETE FROM suppression WHERE id::text = %s RETURNING {_COLUMNS}"  # noqa: S608
    row = connection.execute(statement, (identifier,)).fetchone()
    if row is None:
        raise NotFoundError("no such suppression")
    return Suppression(*row)
