"""How far watched logs were read. A position is kept in one transaction with what was found before it, so that nothing is found twice or missed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin.clock import Micros
from tocsin.store.connection import Connection

REMEMBERED: Final = -3
"""Stands for the device of what is no log: hits that a watch remembers (`node.remembering`)."""
_COLUMNS = "device, inode, fingerprint, length, name, place, line, head"


class Position(msgspec.Struct, frozen=True):
    """How far a log was read.

    Attributes:
        device, inode: where it is.
        fingerprint: SHA-256 of its first `length` bytes: another file may have come to the same place.
        name: what it was called last; only for people.
        place: bytes that were read, up to the end of a line.
        line: number of the next line.
        head: lines that say what the others mean, such as the header of Zeek's logs.
    """

    device: int
    inode: int
    fingerprint: bytes
    length: int
    name: str
    place: int
    line: int
    head: bytes = b""

    @property
    def key(self) -> tuple[int, int, bytes]:
        """What it is known by."""
        return self.device, self.inode, self.fingerprint


def everything(connection: Connection) -> list[Position]:
    """Return all positions."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM watched").fetchall()  # noqa: S608
    return [Position(*row) for row in rows]


def put(connection: Connection, positions: Sequence[Position], *, now: Micros) -> None:
    """Keep positions instead of those before."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO watched ({_COLUMNS}, at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) "  # noqa: S608
            "ON CONFLICT (device, inode, fingerprint) DO UPDATE SET length = excluded.length, name = excluded.name, "
            "place = excluded.place, line = excluded.line, head = excluded.head, at = excluded.at",
            [(*msgspec.structs.astuple(_written(each)), now) for each in positions],
        )


def _written(position: Position) -> Position:
    """Return a position whose name can be kept: file systems allow any bytes."""
    name = position.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return msgspec.structs.replace(position, name=name)


def drop(connection: Connection, keys: Sequence[tuple[int, int, bytes]]) -> None:
    """Forget positions."""
    for key in keys:
        connection.execute("DELETE FROM watched WHERE device = %s AND inode = %s AND fingerprint = %s", key)


def forget_old(connection: Connection, *, before: Micros) -> None:
    """Forget the positions of files in which nothing has been read since, and what was remembered by watches that are no more."""
    connection.execute(
        "DELETE FROM watched WHERE at < %s AND length > 0 AND (device >= 0 OR device = %s)",
        (before, REMEMBERED),
    )
