"""Sharing agreements, their parties, and the communities that rest on them. What they mean: `tocsin.sharing.agreements`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, NotFoundError
from tocsin.sharing.agreements import Agreement, Party
from tocsin.store.connection import Connection
from tocsin.store.labels import changing

_COLUMNS = (
    "id, alias, title, purpose, legal_basis, basis_until, starts, ends, withdrawn, notify, transfer, law, "
    "permitted, closed"
)
_NAMES = _COLUMNS.split(", ")


def add(connection: Connection, agreement: Agreement) -> None:
    """Keep a new agreement with its parties.

    Raises:
        ConflictError: the alias is taken.
    """
    with changing(connection):
        if connection.execute("SELECT 1 FROM agreement WHERE alias = %s", (agreement.alias,)).fetchone():
            raise ConflictError(f"there is an agreement {agreement.alias!r} already")
        connection.execute(
            f"INSERT INTO agreement ({_COLUMNS}) VALUES ({', '.join(['%s'] * len(_NAMES))})",  # noqa: S608
            [_written(getattr(agreement, name)) for name in _NAMES],
        )
        for party in agreement.parties:
            enter(connection, agreement.id, party.organisation, party.entered)


def everything(connection: Connection) -> list[Agreement]:
    """Return all agreements by alias, each with its parties."""
    parties: dict[UUID, list[Party]] = {}
    for row in connection.execute(
        "SELECT agreement, organisation, entered, gone, notified FROM party ORDER BY organisation"
    ).fetchall():
        parties.setdefault(row[0], []).append(Party(*row[1:]))
    rows = connection.execute(f"SELECT {_COLUMNS} FROM agreement ORDER BY alias").fetchall()  # noqa: S608
    return [_read(row, tuple(parties.get(row[0], ()))) for row in rows]


def _written(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _read(row: Sequence[object], parties: tuple[Party, ...]) -> Agreement:
    return msgspec.convert({**dict(zip(_NAMES, row, strict=True)), "parties": parties}, type=Agreement)


def get(connection: Connection, name: str) -> Agreement:
    """Return an agreement by id or alias.

    Raises:
        NotFoundError: there is none.
    """
    for found in everything(connection):
        if name in {str(found.id), found.alias}:
            return found
    raise NotFoundError(f"no agreement {name!r}", hint="`tocsin agreement list` names them")


def by_community(connection: Connection) -> dict[str, Agreement]:
    """Return for each community that rests on an agreement which one."""
    every = {agreement.id: agreement for agreement in everything(connection)}
    rows = connection.execute(
        "SELECT id::text, agreement FROM community WHERE agreement IS NOT NULL"
    ).fetchall()
    return {community: every[agreement] for community, agreement in rows}


def rest(connection: Connection, community: UUID, agreement: UUID | None) -> None:
    """Let a community rest on an agreement, or on none."""
    with changing(connection):
        connection.execute("UPDATE community SET agreement = %s WHERE id = %s", (agreement, community))


def enter(connection: Connection, agreement: UUID, organisation: str, at: Micros) -> None:
    """Make an organisation a party from `at` on; one that had left is one again."""
    with changing(connection):
        connection.execute(
            "INSERT INTO party (agreement, organisation, entered) VALUES (%s, %s, %s) "
            "ON CONFLICT (agreement, organisation) DO UPDATE SET entered = excluded.entered, gone = NULL, notified = NULL "
            "WHERE party.gone IS NOT NULL",
            (agreement, organisation, at),
        )


def leave(connection: Connection, agreement: Agreement, organisation: str, at: Micros) -> None:
    """End an organisation's part at `at`.

    Raises:
        NotFoundError: it is no party.
    """
    _change_party(connection, agreement, organisation, "gone", at)


def notified(connection: Connection, agreement: Agreement, organisation: str, at: Micros) -> None:
    """Note that an organisation told its authority that it takes part.

    Raises:
        NotFoundError: it is no party.
    """
    _change_party(connection, agreement, organisation, "notified", at)


def _change_party(
    connection: Connection, agreement: Agreement, organisation: str, column: str, at: Micros
) -> None:
    with changing(connection):
        done = connection.execute(
            f"UPDATE party SET {column} = %s WHERE agreement = %s AND organisation = %s",  # noqa: S608
            (at, agreement.id, organisation),
        )
        if not done.rowcount:
            raise NotFoundError(f"it is no party to {agreement.alias}")


def withdraw(connection: Connection, agreement: Agreement, at: Micros) -> None:
    """End an agreement at `at` for all its parties."""
    with changing(connection):
        connection.execute("UPDATE agreement SET withdrawn = %s WHERE id = %s", (at, agreement.id))


def renew(
    connection: Connection, agreement: Agreement, *, ends: Micros | None, basis_until: Micros | None
) -> None:
    """Set when an agreement ends and when its legal basis lapses; None for either: not foreseen. A withdrawal is undone."""
    with changing(connection):
        connection.execute(
            "UPDATE agreement SET ends = %s, basis_until = %s, withdrawn = NULL WHERE id = %s",
            (ends, basis_until, agreement.id),
        )
