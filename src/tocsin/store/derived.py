"""What objects rest on (`tocsin.sharing.resting`): worked out when they come, and again when what they refer to comes or goes.

An object refers to another wherever its id stands in it: in references, in custom properties, in text. It rests on what the same owner
asserts under that id, anywhere on this node; what others assert does not count, or anyone could find out by a relationship
whether something is held here. Whoever writes such objects holds the lock of `state` before that of `head`, so that of two who write what
belongs together the later one sees the other's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import md5
from typing import Any, TypeAlias

import msgspec
from psycopg import sql

from tocsin.sharing.labels import Label
from tocsin.stix import Object
from tocsin.stix.validation import TYPES
from tocsin.store import collections, indexed, labels
from tocsin.store.connection import Connection
from tocsin.store.standing import restand
from tocsin.store.values import Placement

_TAIL = re.compile(rb"--([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9A-Za-z])")
_KIND = re.compile(rb"[a-z][a-z0-9-]*\Z")
_KINDS = frozenset(kind.encode() for kind in TYPES)  # looked at first: an id is a whole string nearly always
_KIND_LENGTH = 250  # STIX 2.1 section 11.1
_NOT_RESTED_ON = (b"marking-definition", b"extension-definition")
_NONE: frozenset[int] = frozenset()
_DEEP = 64  # how far what rests on what is followed within one batch
# LATERAL and OFFSET: one index probe a row, whatever the planner believes about lists it has not seen
_HELD = """
SELECT wanted.id, o.label_id FROM unnest(%s::text[]) AS wanted (id) CROSS JOIN LATERAL (
  SELECT DISTINCT o.label_id FROM object o WHERE o.stix_id = wanted.id AND o.collection_id = ANY({collections}) OFFSET 0
) o WHERE o.label_id = ANY(%s)
"""
_WHERE = "SELECT DISTINCT label_id, collection_id FROM label_use WHERE label_id = ANY(%s)"
_OWNERS = "SELECT DISTINCT owner FROM label WHERE id = ANY(%s)"
_LINKING = """
SELECT 1 FROM label_use u JOIN label l ON l.id = u.label_id WHERE u.linking AND l.owner = ANY(%s) LIMIT 1
"""
_REFERRING = """
SELECT DISTINCT o.cursor, o.collection_id, o.label_id, o.stix_id, o.body FROM {fresh} CROSS JOIN LATERAL (
  SELECT link.cursor, link.collection_id FROM link WHERE link.target = {target} AND {old} OFFSET 0
) link
CROSS JOIN LATERAL (
  SELECT * FROM object o WHERE o.cursor = link.cursor AND o.collection_id = link.collection_id
    AND o.label_id <> fresh.label_id OFFSET 0
) o
JOIN label l ON l.id = o.label_id AND l.owner = {owner}
"""
_TO_STAGED = _REFERRING.format(
    fresh="stage fresh",
    target="('x' || left(md5(fresh.stix_id), 16))::bit(64)::bigint",
    old="link.cursor < %(before)s AND fresh.seq <> ALL(%(held)s)",
    owner="(SELECT owner FROM label WHERE id = fresh.label_id)",
)
_TO_THESE = _REFERRING.format(
    fresh="unnest(%(targets)s::bigint[], %(labels)s::integer[], %(owners)s::text[]) AS fresh (target, label_id, owner)",
    target="fresh.target",
    old="true",
    owner="fresh.owner",
)
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
    for match in _TAIL.finditer(body):
        at = match.start()
        kind = body[body.rfind(b'"', max(0, at - _KIND_LENGTH), at) + 1 : at]
        if kind not in _KINDS:
            within = _KIND.search(kind)
            if within is None:
                continue
            kind = within[0]
        if kind not in _NOT_RESTED_ON:
            found.add(f"{kind.decode()}--{match[1].decode()}")
    found -= {own_id, creator}
    return tuple(sorted(found))


def _named(found: Object, seen: int) -> tuple[str, ...]:
    """Return the ids in the reference properties of an object where those are all that it has; else none.

    `seen`: how often `--` stands in it, as it does once in every id.
    """
    named: list[Any] = []
    for key, value in found.data.items():
        if key.endswith("_ref"):
            named.append(value)
        elif key.endswith("_refs") and type(value) is list:
            named += value
    if len(named) + 1 != seen or not all(type(each) is str for each in named):
        return ()
    aside = {found.id, found.data.get("created_by_ref"), *found.markings}
    return tuple(sorted({each for each in named if each not in aside}))


def references_of(placements: Sequence[Placement]) -> References:
    """Return what the objects of a batch refer to."""
    linked = {}
    for place, placement in enumerate(placements):
        found = placement.object
        creator = found.data.get("created_by_ref")
        seen = found.body.count(b"--")
        # its own id, its creator's, its markings': most objects have no others
        if seen > 1 + (creator is not None) + len(found.markings):
            ids = _named(found, seen) or references(found.body, found.id, creator)
            if ids:
                linked[place] = ids
    return linked


def hashed(stix_id: str) -> int:
    """Return what table `link` knows an id by: the first 8 bytes of its MD5, which PostgreSQL can make as well (`_TO_STAGED`).

    Several ids may share it: whoever finds one looks into the object.
    """
    return int.from_bytes(md5(stix_id.encode(), usedforsecurity=False).digest()[:8], "big", signed=True)


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
                target: {final[other] for other in batch[label.owner, target]}
                for target in linked[place]
                if (label.owner, target) in batch
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
        ready = [place for place, others in waiting.items() if all(other not in waiting for other in others)]
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
            held, beside = self._held.get((label.owner, target), _NONE), here.get(target, _NONE)
            if number not in held and number not in beside and (held or beside):
                found.append(frozenset(held).union(beside))
        if not found:
            return None
        # who may have one of few may have one of those and more
        least = [each for each in set(found) if not any(other < each for other in found)]
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
            copy.write("".join(f"{target}\t{cursor}\t{collection}\n" for target, cursor, collection in rows))
    _note_use(connection, local, used)


def _note_use(connection: Connection, local: int, used: Iterable[tuple[int, bool]]) -> None:
    labels_of, linking = [list(column) for column in zip(*used, strict=True)] or [[], []]
    if labels_of:
        connection.execute(
            "INSERT INTO label_use SELECT label, %s, linking FROM unnest(%s::integer[], %s::boolean[]) AS used (label, linking) "
            "ON CONFLICT DO NOTHING",
            (local, labels_of, linking),
        )


def after_staged(
    connection: Connection, owners: Collection[str], *, before: int, held: Collection[int], locked: bool
) -> None:
    """Work out anew what rests on the rows that have just been moved out of `stage`.

    Args:
        connection: the lock of `head` is held.
        owners: of those rows.
        before: rows from this cursor on have just been worked out.
        held: places of rows that were there before.
        locked: the lock of `state` is held.

    Raises:
        NeedsLockError: it is not, and is needed.
    """
    if not connection.execute(_LINKING, (list(owners),)).fetchone():
        return
    if not locked:
        raise NeedsLockError
    values = {"before": before, "held": list(held)}
    after(connection, _relabel(connection, connection.execute(_TO_STAGED, values, prepare=False).fetchall()))


def after(connection: Connection, fresh: Sequence[Fresh]) -> None:
    """Work out anew what rests on things that have come, gone or moved; what is under another label set now is added anew.

    Both locks are held.
    """
    for _ in range(_DEEP):
        if not fresh:
            return
        values = {
            "targets": [hashed(each.stix_id) for each in fresh],
            "labels": [each.label for each in fresh],
            "owners": [each.owner for each in fresh],
        }
        fresh = _relabel(connection, connection.execute(_TO_THESE, values, prepare=False).fetchall())


def _relabel(connection: Connection, rows: Sequence[tuple[int, int, int, str, bytes]]) -> list[Fresh]:
    """Put objects under the label sets that they rest on now; return those that moved."""
    if not rows:
        return []
    owned = connection.execute(_OWNERS, (list({row[2] for row in rows}),)).fetchall()
    grounds = _Grounds(connection, [row[0] for row in owned])
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
    if moves:  # who keeps what was under the old label set has to look again
        labels.raise_generation(connection)
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
    _note_use(connection, local, {(move.label, True) for move in moves})
    indexed.forget(connection, old)
    restand(connection, part, [m.stix_id for m in moves])
