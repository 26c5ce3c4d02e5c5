"""What objects rest on (`tocsin.sharing.resting`): worked out when they come, and again when what they refer to comes or goes.

An object refers to another wherever its id stands in it: in references, in custom properties, in text. It rests on what the same owner
asserts under that id, anywhere on this node; what others assert does not count, or anyone could find out by a relationship
whether something is held here. Whoever writes such objects holds the lock of `state` before that of `head`, so that of two who write what
belongs together the later one sees the other's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TypeAlias

import msgspec
from psycopg import sql

from tocsin.sharing.labels import Label
from tocsin.store import collections, labels
from tocsin.store.connection import Connection
from tocsin.store.standing import restand
from tocsin.store.values import Placement

_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9A-Za-z])")
_KIND = re.compile(rb"[a-z][a-z0-9-]*\Z")
_KIND_LENGTH = 250  # STIX 2.1 section 11.1
_NOT_RESTED_ON = (b"marking-definition", b"extension-definition")
_DEEP = 64  # how far what rests on what is followed within one batch
# LATERAL and OFFSET: one index probe a row, whatever the planner believes about lists it has not seen
_HELD = """
SELECT wanted.id, o.label_id FROM unnest(%s::text[]) AS wanted (id) CROSS JOIN LATERAL (
  SELECT DISTINCT o.label_id FROM object o WHERE o.stix_id = wanted.id AND o.collection_id = ANY({collections}) OFFSET 0
) o WHERE o.label_id = ANY(%s)
"""
_WHERE = "SELECT DISTINCT label_id, collection_id FROM label_use WHERE label_id = ANY(%s)"
_LINKING = """
SELECT 1 FROM label_use u JOIN label l ON l.id = u.label_id WHERE u.linking AND l.owner = ANY(%s) LIMIT 1
"""
_REFERRING = """
SELECT DISTINCT o.cursor, o.collection_id, o.label_id, o.stix_id, o.body
FROM unnest(%(targets)s::bigint[], %(labels)s::integer[], %(owners)s::text[]) AS fresh (target, label_id, owner)
CROSS JOIN LATERAL (
  SELECT link.cursor, link.collection_id FROM link WHERE link.target = fresh.target AND link.cursor < %(before)s OFFSET 0
) link
CROSS JOIN LATERAL (
  SELECT * FROM object o WHERE o.cursor = link.cursor AND o.collection_id = link.collection_id
    AND o.label_id <> fresh.label_id OFFSET 0
) o
JOIN label l ON l.id = o.label_id AND l.owner = fresh.owner
"""

_MOVE = """
UPDATE {part} o SET label_id = moved.label, cursor = moved.new
FROM unnest(%s::bigint[], %s::bigint[], %s::integer[]) AS moved (old, new, label)
WHERE o.cursor = moved.old AND o.collection_id = %s
"""
_FOLLOW = {
    "link": "UPDATE link SET cursor = moved.new FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS moved (target, old, new) "
    "WHERE link.target = moved.target AND link.cursor = moved.old AND link.collection_id = %s",
    "assertion": "UPDATE assertion SET cursor = moved.new FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS moved (_, old, new) "
    "WHERE assertion.cursor = moved.old AND assertion.collection_id = %s",
}

References: TypeAlias = Mapping[int, tuple[str, ...]]
"""For each place in a batch the ids that the object there refers to."""


class NeedsLockError(Exception):
    """Objects are held that refer to what is written: begin again with the lock of `state`. Never leaves the store."""


class Fresh(msgspec.Struct, frozen=True):
    """What has just come, or gone: STIX id, label set (0: gone), owner."""

    stix_id: str
    label: int
    owner: str


def references(body: bytes, own_id: str, creator: str | None) -> tuple[str, ...]:
    """Return the ids that stand anywhere in the canonical bytes of an object, but its own and its creator's; sorted.

    Markings and extensions are no content of their own.
    """
    found: set[str] = set()
    at = body.find(b"--")
    while at >= 0:
        tail = _UUID.match(body, at + 2)
        if tail is not None:
            kind = _KIND.search(body[max(0, at - _KIND_LENGTH) : at].rpartition(b'"')[2])
            if kind is not None and kind.group() not in _NOT_RESTED_ON:
                found.add(f"{kind.group().decode()}--{tail.group().decode()}")
        at = body.find(b"--", at + 2)
    found -= {own_id, creator}
    return tuple(sorted(found))


def references_of(placements: Sequence[Placement]) -> References:
    """Return what the objects of a batch refer to."""
    linked = {}
    for place, placement in enumerate(placements):
        found = placement.object
        creator = found.data.get("created_by_ref")
        # its own id, its creator's, its markings': most objects have no others
        usual = 1 + (creator is not None) + len(found.markings)
        if found.body.count(b"--") > usual:
            ids = references(found.body, found.id, creator)
            if ids:
                linked[place] = ids
    return linked


def hashed(stix_id: str) -> int:
    """Return what table `link` knows an id by. Several ids may share it: whoever finds one looks into the object."""
    return int.from_bytes(blake2b(stix_id.encode(), digest_size=8).digest(), "big", signed=True)


def settle(
    connection: Connection, placements: Sequence[Placement], linked: References, given: Mapping[Label, int]
) -> dict[int, int]:
    """Return the label sets of those objects of a batch that rest on something under another one, by place.

    Both locks are held.
    """
    owners = {placements[place].label.owner for place in linked}
    grounds = _Grounds(connection, owners)
    batch: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, placement in enumerate(placements):
        if placement.label.owner in owners:
            batch[placement.label.owner, placement.object.id].append(place)
    if len(grounds.labels) <= len(owners) and len({p.label for p in placements}) == 1:
        return {}  # there is no other label set that anything could be under
    grounds.look_up({target for ids in linked.values() for target in ids})
    final = {place: given[placement.label] for place, placement in enumerate(placements)}
    changed: dict[int, int] = {}
    for level in _levels(placements, linked, batch):
        wanted = {}
        for place in level:
            label = placements[place].label
            here = {
                target: {final[other] for other in batch.get((label.owner, target), ())}
                for target in linked[place]
            }
            made = grounds.over(label, given[label], linked[place], here)
            if made is not None:
                wanted[place] = made
        if wanted:
            ids = labels.intern(connection, wanted.values())
            changed |= {place: ids[made] for place, made in wanted.items()}
            final |= changed
    return changed


def _levels(
    placements: Sequence[Placement], linked: References, batch: Mapping[tuple[str, str], Sequence[int]]
) -> list[list[int]]:
    """Return the places of linked objects so that what one refers to comes before it, as far as that can be."""
    waiting = {
        place: {
            other
            for target in ids
            for other in batch.get((placements[place].label.owner, target), ())
            if other in linked and other != place
        }
        for place, ids in linked.items()
    }
    levels: list[list[int]] = []
    while waiting:
        ready = [place for place, others in waiting.items() if others.isdisjoint(waiting)]
        if not ready or len(levels) >= _DEEP:  # in a circle; what they refer to directly counts all the same
            ready = list(waiting)
        levels.append(ready)
        for place in ready:
            del waiting[place]
    return levels


class _Grounds:
    """What some organisations assert, under which label sets."""

    def __init__(self, connection: Connection, owners: Iterable[str]) -> None:
        self._connection = connection
        self.labels = labels.of_owners(connection, owners)
        self._held: dict[tuple[str, str], set[int]] = defaultdict(set)

    def look_up(self, targets: Iterable[str]) -> None:
        """Read under which label sets objects of these ids are held."""
        where = self._connection.execute(_WHERE, (list(self.labels),)).fetchall()
        if not where:
            return
        query = sql.SQL(_HELD).format(collections=sql.Literal(sorted({row[1] for row in where})))
        values = (list(targets), sorted({row[0] for row in where}))
        for stix_id, label in self._connection.execute(query, values, prepare=False).fetchall():
            self._held[self.labels[label].owner, stix_id].add(label)

    def over(
        self, label: Label, number: int, targets: Iterable[str], here: Mapping[str, set[int]]
    ) -> Label | None:
        """Return the label set of an object under `label` that refers to `targets`; None where it is `label` itself."""
        found = []
        for target in targets:
            under = self._held.get((label.owner, target), set()) | here.get(target, set())
            if under and number not in under:
                found.append(frozenset(under))
        # who may have one of few may have one of those and more
        least = [each for each in set(found) if not any(other < each for other in found)]
        if not least:
            return None
        return msgspec.structs.replace(label, rests=tuple(sorted(tuple(sorted(each)) for each in least)))


def note(
    connection: Connection,
    local: int,
    cursors: Mapping[int, int],
    linked: References,
    used: Iterable[tuple[int, bool]],
) -> None:
    """Keep what new rows refer to, and which label sets are used in a collection now.

    Args:
        connection: both locks are held where there is something in `linked`.
        local: the collection.
        cursors: of new rows by place.
        linked: what the objects of the batch refer to.
        used: label sets, and whether objects under them refer to others.
    """
    rows = [
        (hashed(t), cursors[place], local) for place, ids in linked.items() if place in cursors for t in ids
    ]
    if rows:
        with connection.cursor().copy("COPY link (target, cursor, collection_id) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    for label, linking in used:
        connection.execute(
            "INSERT INTO label_use VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (label, local, linking)
        )


def again(connection: Connection, fresh: Sequence[Fresh], *, before: int, locked: bool) -> None:
    """Work out anew what rests on things that have just come or gone; what is under another label set now is added anew.

    Args:
        connection: the lock of `head` is held.
        fresh: what came or went.
        before: rows from this cursor on have just been worked out.
        locked: the lock of `state` is held.

    Raises:
        NeedsLockError: it is not, and is needed.
    """
    owners = sorted({each.owner for each in fresh})
    if not connection.execute(_LINKING, (owners,)).fetchone():
        return
    if not locked:
        raise NeedsLockError
    for _ in range(_DEEP):
        if not fresh:
            return
        values = {
            "targets": [hashed(each.stix_id) for each in fresh],
            "labels": [each.label for each in fresh],
            "owners": [each.owner for each in fresh],
            "before": before,
        }
        rows = connection.execute(_REFERRING, values, prepare=False).fetchall()
        fresh = _relabel(connection, rows, owners)


def _relabel(
    connection: Connection, rows: Sequence[tuple[int, int, int, str, bytes]], owners: Sequence[str]
) -> list[Fresh]:
    if not rows:
        return []
    grounds = _Grounds(connection, owners)
    linked = {}
    for cursor, local, _, stix_id, body in rows:
        creator = msgspec.json.decode(body, type=_Created).created_by_ref
        linked[cursor, local] = references(body, stix_id, creator)
    grounds.look_up({target for ids in linked.values() for target in ids})
    bases = {number: msgspec.structs.replace(label, rests=()) for number, label in grounds.labels.items()}
    base_ids = labels.intern(connection, {bases[row[2]] for row in rows})
    wanted = {}
    for cursor, local, number, _, _ in rows:
        base = bases[number]
        wanted[cursor, local] = grounds.over(base, base_ids[base], linked[cursor, local], {}) or base
    ids = labels.intern(connection, wanted.values())
    moves = [
        _Move(stix_id, cursor, local, ids[wanted[cursor, local]], linked[cursor, local])
        for cursor, local, number, stix_id, _ in rows
        if ids[wanted[cursor, local]] != number
    ]
    for local in {move.local for move in moves}:
        _move(connection, local, [move for move in moves if move.local == local])
    return [Fresh(m.stix_id, m.label, wanted[m.cursor, m.local].owner) for m in moves]


class _Move(msgspec.Struct, frozen=True):
    """A row that comes under another label set."""

    stix_id: str
    cursor: int
    local: int
    label: int
    targets: tuple[str, ...]


class _Created(msgspec.Struct):
    created_by_ref: str | None = None


def _move(connection: Connection, local: int, moves: Sequence[_Move]) -> None:
    """Put rows under other label sets, with new dates added: who may have one now must not have passed it by."""
    row = connection.execute("UPDATE head SET last = last + %s RETURNING last", (len(moves),)).fetchone()
    assert row is not None  # the first migration puts it there
    first = row[0] - len(moves) + 1
    part = collections.partition(local)
    old, new = [m.cursor for m in moves], list(range(first, first + len(moves)))
    connection.execute(
        sql.SQL(_MOVE).format(part=part), (old, new, [m.label for m in moves], local), prepare=False
    )
    for table, keys in (
        ("link", [(hashed(t), m.cursor, at) for m, at in zip(moves, new, strict=True) for t in m.targets]),
        ("assertion", [(0, before, at) for before, at in zip(old, new, strict=True)]),
    ):
        columns = [list(column) for column in zip(*keys, strict=True)] or [[], [], []]
        connection.execute(_FOLLOW[table], (*columns, local), prepare=False)
    for label in {m.label for m in moves}:
        connection.execute(
            "INSERT INTO label_use VALUES (%s, %s, true) ON CONFLICT DO NOTHING", (label, local)
        )
    restand(connection, part, [m.stix_id for m in moves])
