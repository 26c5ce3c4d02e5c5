"""Organisations and communities: who can be decided about, and the standing groups they belong to."""

from __future__ import annotations

from uuid import UUID, uuid4

import msgspec

from tocsin.errors import ConflictError, NotFoundError
from tocsin.sharing.audience import Organisation
from tocsin.store.connection import Connection
from tocsin.store.labels import changing

_SELECT = """
SELECT o.id, o.name, o.country, o.sector, o.roles,
  array(SELECT m.community::text FROM membership m WHERE m.organisation = o.id ORDER BY 1),
  o.client, o.suspended, o.own
FROM organisation o
"""


class Community(msgspec.Struct, frozen=True):
    """A standing group of organisations. Its member list is shown to nobody but the local operator."""

    id: UUID
    alias: str
    title: str
    members: tuple[str, ...] = ()


def put(connection: Connection, organisation: Organisation) -> None:
    """Store an organisation, new or with new facts. Its communities are changed by `join` and `leave`.

    Raises:
        ConflictError: another organisation has this name, or there is an own one already.
    """
    with changing(connection):
        clash = connection.execute(
            "SELECT id FROM organisation WHERE name = %s AND id <> %s", (organisation.name, organisation.id)
        ).fetchone()
        if clash:
            raise ConflictError(f"there is another organisation called {organisation.name!r}: {clash[0]}")
        if (
            organisation.own
            and connection.execute(
                "SELECT 1 FROM organisation WHERE own AND id <> %s", (organisation.id,)
            ).fetchone()
        ):
            raise ConflictError("this node has an organisation of its own already")
        connection.execute(
            "INSERT INTO organisation (id, name, country, sector, roles, client, suspended, own) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
            "country = excluded.country, sector = excluded.sector, roles = excluded.roles, client = excluded.client, "
            "suspended = excluded.suspended",
            (
                organisation.id,
                organisation.name,
                organisation.country,
                organisation.sector,
                list(organisation.roles),
                organisation.client,
                organisation.suspended,
                organisation.own,
            ),
        )


def everything(connection: Connection) -> list[Organisation]:
    """Return all organisations by name."""
    return [_read(row) for row in connection.execute(_SELECT + " ORDER BY o.name").fetchall()]


def own(connection: Connection) -> Organisation:
    """Return the organisation that runs this node.

    Raises:
        NotFoundError: the node was never initialised.
    """
    row = connection.execute(_SELECT + " WHERE o.own").fetchone()
    if row is None:
        raise NotFoundError("this node has no organisation of its own", hint="run `tocsin init`")
    return _read(row)


def get(connection: Connection, name: str) -> Organisation:
    """Return an organisation by id or name.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(_SELECT + " WHERE o.id = %s OR o.name = %s", (name, name)).fetchone()
    if row is None:
        raise NotFoundError(f"no organisation {name!r}", hint="`tocsin organisation list` names them")
    return _read(row)


def _read(row: tuple[object, ...]) -> Organisation:
    return msgspec.convert(dict(zip(Organisation.__struct_fields__, row, strict=True)), type=Organisation)


def add_community(
    connection: Connection, alias: str, title: str, identifier: UUID | None = None
) -> Community:
    """Make a community.

    `identifier` is given when it is another node's community, so that both mean the same.

    Raises:
        ConflictError: the alias is taken.
    """
    made = Community(identifier or uuid4(), alias, title or alias)
    with changing(connection):
        if connection.execute("SELECT 1 FROM community WHERE alias = %s", (alias,)).fetchone():
            raise ConflictError(f"there is a community {alias!r} already")
        connection.execute(
            "INSERT INTO community (id, alias, title) VALUES (%s, %s, %s)", (made.id, alias, made.title)
        )
    return made


def communities(connection: Connection) -> list[Community]:
    """Return all communities by alias."""
    rows = connection.execute(
        "SELECT c.id, c.alias, c.title, array(SELECT m.organisation FROM membership m WHERE m.community = c.id ORDER BY 1) "
        "FROM community c ORDER BY c.alias"
    ).fetchall()
    return [Community(r[0], r[1], r[2], tuple(r[3])) for r in rows]


def community(connection: Connection, name: str) -> Community:
    """Return a community by id or alias.

    Raises:
        NotFoundError: there is none.
    """
    for found in communities(connection):
        if name in {str(found.id), found.alias}:
            return found
    raise NotFoundError(f"no community {name!r}", hint="`tocsin community list` names them")


def join(connection: Connection, group: Community, organisation: Organisation) -> None:
    """Make `organisation` a member."""
    with changing(connection):
        connection.execute(
            "INSERT INTO membership (community, organisation) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (group.id, organisation.id),
        )


def leave(connection: Connection, group: Community, organisation: Organisation) -> None:
    """End a membership."""
    with changing(connection):
        connection.execute(
            "DELETE FROM membership WHERE community = %s AND organisation = %s", (group.id, organisation.id)
        )
