"""Imports: how far each is, and what became of it."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
from psycopg import sql
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.errors import NotFoundError
from tocsin.store.connection import Connection

KEPT: Final = 200
"""Imports of one organisation that are kept."""
_COLUMNS = sql.SQL("id, organisation, account, channel, collection, name, began, moved, ended, report")


class Import(msgspec.Struct, frozen=True):
    """An import.

    Attributes:
        id: of the import.
        organisation, account: who brought it in; the account is "local" on the console.
        channel: "page" or "import" (the console).
        collection: alias of where it goes.
        name: of the file, or what else it came from.
        began, moved, ended: µs; `moved` when it was last heard of, `ended` None while it is under way or was broken off.
        report: counts; at the end those of `node.intake.IntakeReport`, or `failed`, why it could not go on.
    """

    id: uuid.UUID
    organisation: str
    account: str
    channel: str
    collection: str
    name: str
    began: Micros
    moved: Micros
    ended: Micros | None
    report: dict[str, Any]


def begin(connection: Connection, made: Import) -> None:
    """Note that an import begins. Those of long ago are forgotten."""
    connection.execute(
        sql.SQL("INSERT INTO import_run ({}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)").format(
            _COLUMNS
        ),
        (
            *(made.id, made.organisation, made.account, made.channel, made.collection, made.name),
            *(made.began, made.moved, made.ended, Jsonb(made.report)),
        ),
    )
    connection.execute(
        "DELETE FROM import_run WHERE organisation = %s AND began <= "
        "(SELECT began FROM import_run WHERE organisation = %s ORDER BY began DESC OFFSET %s LIMIT 1)",
        (made.organisation, made.organisation, KEPT),
    )


def note(
    connection: Connection, identifier: uuid.UUID, report: dict[str, Any], *, now: Micros, ended: bool = False
) -> None:
    """Note how far an import is, or what became of it."""
    connection.execute(
        "UPDATE import_run SET report = %s, moved = %s, ended = %s WHERE id = %s",
        (Jsonb(report), now, now if ended else None, identifier),
    )


def get(connection: Connection, identifier: str, organisation: str) -> Import:
    """Return an import of an organisation.

    Raises:
        NotFoundError: it has none of this id.
    """
    try:
        wanted = uuid.UUID(identifier)
    except ValueError:
        raise NotFoundError("no such import") from None
    row = connection.execute(
        sql.SQL("SELECT {} FROM import_run WHERE id = %s AND organisation = %s").format(_COLUMNS),
        (wanted, organisation),
    ).fetchone()
    if row is None:
        raise NotFoundError("no such import")
    return Import(*row)


def newest(connection: Connection, organisation: str | None, *, limit: int) -> list[Import]:
    """Return the imports of an organisation, or of all for None, newest first."""
    rows = connection.execute(
        sql.SQL(
            "SELECT {} FROM import_run WHERE %s::text IS NULL OR organisation = %s ORDER BY began DESC, id LIMIT %s"
        ).format(_COLUMNS),
        (organisation, organisation, limit),
    ).fetchall()
    return [Import(*row) for row in rows]
