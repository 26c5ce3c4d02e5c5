"""Peers: other nodes that this one polls from and pushes to, and how far each exchange has come."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from tocsin.errors import ConflictError, NotFoundError
from tocsin.store.connection import Connection

_COLUMNS = "name, url, organisation, username, secret, ca, certificate, key, pin, allowed, suspended, result"


class Peer(msgspec.Struct, frozen=True):
    """Another node and how to reach it.

    `ca`, `certificate` and `key` are paths of PEM files; `pin` what its certificate must be (`exchange.tls`); `allowed` further
    origins it may send us to; `secret` a token or password, which `repr` does not show; `result` what the last exchange said.
    """

    name: str
    url: str
    organisation: str
    username: str | None = None
    secret: str | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    pin: str | None = None
    allowed: tuple[str, ...] = ()
    suspended: bool = False
    result: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Peer({self.name!r}, {self.url!r}, {self.organisation!r})"


class Subscription(msgspec.Struct, frozen=True):
    """One remote collection tied to one of ours, in one direction (`poll` or `push`), and how far it has come.

    `position` is opaque to the store: the remote's last date added for polls, our cursor for pushes.
    """

    peer: str
    direction: str
    remote: str
    collection: UUID
    position: str = ""


def add(connection: Connection, peer: Peer) -> None:
    """Make a peer.

    Raises:
        ConflictError: the name is taken.
    """
    if connection.execute("SELECT 1 FROM peer WHERE name = %s", (peer.name,)).fetchone():
        raise ConflictError(f"there is a peer {peer.name!r} already")
    connection.execute(
        f"INSERT INTO peer ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
        (*_values(peer), None),
    )


def replace(connection: Connection, peer: Peer) -> None:
    """Store new facts about a peer; its positions and last result stay.

    Raises:
        NotFoundError: there is none.
    """
    done = connection.execute(
        "UPDATE peer SET name = %s, url = %s, organisation = %s, username = %s, secret = %s, ca = %s, certificate = %s, "
        "key = %s, pin = %s, allowed = %s, suspended = %s WHERE name = %s",
        (*_values(peer), peer.name),
    )
    if not done.rowcount:
        raise NotFoundError(f"no peer {peer.name!r}", hint="`tocsin peer list` names them")


def _values(peer: Peer) -> tuple[Any, ...]:
    return (
        peer.name,
        peer.url,
        peer.organisation,
        peer.username,
        peer.secret,
        peer.ca,
        peer.certificate,
        peer.key,
        peer.pin,
        list(peer.allowed),
        peer.suspended,
    )


def everything(connection: Connection) -> list[Peer]:
    """Return all peers by name."""
    return [_read(r) for r in connection.execute(f"SELECT {_COLUMNS} FROM peer ORDER BY name").fetchall()]  # noqa: S608


def get(connection: Connection, name: str) -> Peer:
    """Return one peer.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(f"SELECT {_COLUMNS} FROM peer WHERE name = %s", (name,)).fetchone()  # noqa: S608
    if row is None:
        raise NotFoundError(f"no peer {name!r}", hint="`tocsin peer list` names them")
    return _read(row)


def _read(row: tuple[Any, ...]) -> Peer:
    found = dict(zip(Peer.__struct_fields__, row, strict=True))
    return Peer(**found | {"allowed": tuple(found["allowed"])})


def remove(connection: Connection, name: str) -> None:
    """Forget a peer, its credentials and positions; what came from it stays.

    Raises:
        NotFoundError: there is none.
    """
    if not connection.execute("DELETE FROM peer WHERE name = %s", (name,)).rowcount:
        raise NotFoundError(f"no peer {name!r}", hint="`tocsin peer list` names them")


def suspend(connection: Connection, name: str, *, suspended: bool = True) -> None:
    """Stop exchanging with a peer, or take it up again.

    Raises:
        NotFoundError: there is none.
    """
    if not connection.execute("UPDATE peer SET suspended = %s WHERE name = %s", (suspended, name)).rowcount:
        raise NotFoundError(f"no peer {name!r}", hint="`tocsin peer list` names them")


def note(connection: Connection, name: str, result: dict[str, Any]) -> None:
    """Keep what the last exchange with a peer said."""
    connection.execute("UPDATE peer SET result = %s WHERE name = %s", (Jsonb(result), name))


def subscribe(connection: Connection, subscription: Subscription) -> None:
    """Tie a remote collection to one of ours; an existing tie keeps its position."""
    connection.execute(
        "INSERT INTO subscription (peer, direction, remote, collection, position) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (
            subscription.peer,
            subscription.direction,
            subscription.remote,
            subscription.collection,
            subscription.position,
        ),
    )


def unsubscribe(connection: Connection, subscription: Subscription) -> None:
    """Untie a remote collection; what came from it stays, its position is forgotten.

    Raises:
        NotFoundError: they are not tied.
    """
    done = connection.execute(
        "DELETE FROM subscription WHERE peer = %s AND direction = %s AND remote = %s AND collection = %s",
        (subscription.peer, subscription.direction, subscription.remote, subscription.collection),
    )
    if not done.rowcount:
        raise NotFoundError(f"{subscription.peer} has no such {subscription.direction} subscription")


def subscriptions(connection: Connection, peer: str, direction: str) -> list[Subscription]:
    """Return a peer's ties in one direction."""
    rows = connection.execute(
        "SELECT peer, direction, remote, collection, position FROM subscription "
        "WHERE peer = %s AND direction = %s ORDER BY remote, collection",
        (peer, direction),
    ).fetchall()
    return [Subscription(*r) for r in rows]


def advance(connection: Connection, subscription: Subscription, position: str) -> None:
    """Move a tie's position; call it only when what lies before is durably kept."""
    connection.execute(
        "UPDATE subscription SET position = %s WHERE peer = %s AND direction = %s AND remote = %s AND collection = %s",
        (position, subscription.peer, subscription.direction, subscription.remote, subscription.collection),
    )
