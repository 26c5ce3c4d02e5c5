"""Collections: TAXII sets of objects, each a partition of `object`, each with the community that is its audience."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid4

import msgspec
from psycopg import sql

from tocsin.errors import ConflictError, NotFoundError
from tocsin.store.connection import Connection
from tocsin.store.labels import changing

_COLUMNS = "id, alias, title, description, community, writers, private"


class Collection(msgspec.Struct, frozen=True):
    """A TAXII collection of this node.

    `writers` are ids of organisations that may add objects; the node's own always may. A `private` one is shown to the
    node's own organisation alone.
    """

    id: UUID
    alias: str
    title: str
    description: str = ""
    community: UUID | None = None
    writers: tuple[str, ...] = ()
    private: bool = False


def add(connection: Connection, collection: Collection) -> Collection:
    """Make a collection and its partition.

    Raises:
        ConflictError: the alias is taken or cannot be one.
    """
    with changing(connection):
        taken = connection.execute(
            "SELECT 1 FROM collection WHERE alias = %s", (collection.alias,)
        ).fetchone()
        if taken:
            raise ConflictError(f"there is a collection {collection.alias!r} already")
        row = connection.execute(
            f"INSERT INTO collection ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING local_id",  # noqa: S608
            (
                collection.id,
                collection.alias,
                collection.title,
                collection.description,
                collection.community,
                list(collection.writers),
                collection.private,
            ),
        ).fetchone()
        assert row is not None
        make_partition(connection, row[0])
    return collection


def new(
    alias: str,
    *,
    title: str = "",
    description: str = "",
    community: UUID | None = None,
    writers: tuple[str, ...] = (),
    private: bool = False,
) -> Collection:
    """Return a collection with an id of its own, not yet stored."""
    return Collection(uuid4(), alias, title or alias, description, community, writers, private)


def replace(connection: Connection, collection: Collection) -> None:
    """Store new facts about a collection."""
    with changing(connection):
        connection.execute(
            "UPDATE collection SET alias = %s, title = %s, description = %s, community = %s, writers = %s, private = %s WHERE id = %s",
            (
                collection.alias,
                collection.title,
                collection.description,
                collection.community,
                list(collection.writers),
                collection.private,
                collection.id,
            ),
        )


def everything(connection: Connection) -> list[Collection]:
    """Return all collections by alias."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM collection ORDER BY alias").fetchall()  # noqa: S608
    return [Collection(r[0], r[1], r[2], r[3], r[4], tuple(r[5]), r[6]) for r in rows]


def get(connection: Connection, name: str | UUID) -> Collection:
    """Return a collection by id or alias.

    Raises:
        NotFoundError: there is none.
    """
    wanted = str(name)
    for found in everything(connection):
        if wanted in {str(found.id), found.alias}:
            return found
    raise NotFoundError(f"no collection {wanted!r}", hint="`tocsin collection list` names them")


def local_id(connection: Connection, collection: UUID) -> int:
    """Return the partition key of a collection; it never leaves the store.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute("SELECT local_id FROM collection WHERE id = %s", (collection,)).fetchone()
    if row is None:
        raise NotFoundError(f"no collection {collection}")
    return int(row[0])


def partition(local: int) -> sql.Identifier:
    """Return the name of the partition that holds a collection's rows."""
    return sql.Identifier(f"object_{local:d}")


def make_partition(connection: Connection, local: int) -> None:
    """Make the partition of a collection.

    It is attached when it is whole: that lets readers and writers of other collections go on, where CREATE TABLE ... PARTITION OF
    would wait for all of them (a backup may take an hour) and hold up those that come after.
    """
    part, number = partition(local), sql.Literal(local)
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE object INCLUDING ALL)").format(part))
    connection.execute(
        sql.SQL("ALTER TABLE object ATTACH PARTITION {} FOR VALUES IN ({})").format(part, number)
    )


def aliases(connection: Connection) -> dict[int, str]:
    """Return the alias of each collection by its partition key."""
    return dict(connection.execute("SELECT local_id, alias FROM collection").fetchall())


def locals_of(connection: Connection, wanted: Iterable[UUID]) -> dict[str, int]:
    """Return the partition keys of some collections by alias."""
    rows = connection.execute("SELECT alias, local_id FROM collection WHERE id = ANY(%s)", (list(wanted),))
    return dict(rows.fetchall())
