"""What was handed to other organisations, placement by placement: read by them, pushed to them, written to a file for them.

A placement is known by its date added, and what is imported together has dates that follow each other: packed, a page of a thousand takes
some tens of bytes. Receipts are for the node's own administrators, as the journal is.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from itertools import accumulate, pairwise
from typing import Any

import msgspec

from tocsin.clock import Micros
from tocsin.store.connection import Connection

MOST = 5000
"""Receipts of one object that are looked through, the newest."""
_COLUMNS = "at, recipient, account, action, target, ground, policy"
_OF = (
    f"SELECT {_COLUMNS}, handed FROM receipt WHERE id IN ("  # noqa: S608
    "SELECT r.id FROM unnest(%s::bigint[]) AS c JOIN receipt r ON r.span @> c"
    ") ORDER BY id DESC LIMIT %s"
)


class Receipt(msgspec.Struct, frozen=True):
    """One release to another organisation.

    Attributes:
        at: when, in µs.
        recipient: global id of the organisation.
        account: whose token or session read it, or who ran the command.
        action, target: as the journal has them.
        ground: on which personal data in it went there, in words; "" where none did.
        policy: version of the policies it was decided under.
        cursors: dates added of what was handed out, in µs.
    """

    at: Micros
    recipient: str
    account: str
    action: str
    target: str
    ground: str
    policy: str
    cursors: tuple[Micros, ...]


def append(connection: Connection, receipts: Sequence[Receipt]) -> None:
    """Keep receipts in order; one of nothing is none."""
    with connection.cursor().copy(f"COPY receipt ({_COLUMNS}, span, handed) FROM STDIN") as copy:
        for each in receipts:
            if not each.cursors:
                continue
            cursors = sorted(set(each.cursors))
            texts = (each.recipient, each.account, each.action, each.target[:2000], each.ground, each.policy)
            clean = (text.replace("\0", "�") for text in texts)
            copy.write_row((each.at, *clean, f"[{cursors[0]},{cursors[-1]}]", pack(cursors)))


def of(connection: Connection, cursors: Collection[Micros]) -> list[Receipt]:
    """Return the receipts of some placements, newest first, each with those of the placements that it is of."""
    wanted = set(cursors)
    rows = connection.execute(_OF, (list(wanted), MOST)).fetchall()
    found = (_read(row, wanted) for row in rows)
    return [each for each in found if each.cursors]


def of_object(connection: Connection, stix_id: str) -> list[Receipt]:
    """Return the receipts of every placement of an object, newest first; for the node's local operator."""
    rows = connection.execute("SELECT cursor FROM object WHERE stix_id = %s", (stix_id,)).fetchall()
    return of(connection, [row[0] for row in rows])


def pack(cursors: Sequence[Micros]) -> bytes:
    """Return ascending dates added as bytes: the first and the steps between them."""
    steps = [cursors[0], *(after - before for before, after in pairwise(cursors))]
    return zlib.compress(msgspec.msgpack.encode(steps), 1)


def unpack(packed: bytes) -> set[Micros]:
    """Return what `pack` packed."""
    return set(accumulate(msgspec.msgpack.decode(zlib.decompress(packed), type=list[int])))


def _read(row: tuple[Any, ...], wanted: set[Micros]) -> Receipt:
    at, recipient, account, action, target, ground, policy, handed = row
    cursors = tuple(sorted(wanted & unpack(handed)))
    return Receipt(at, recipient, account, action, target, ground, policy, cursors)
