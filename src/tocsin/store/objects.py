"""Writing and deleting placements.

`put` is set-based: a batch is copied into a temporary table without any lock, and moved into its partition under the
lock of the one-row table `head`. Whoever holds that lock assigns dates added (the cursor), so cursors rise in the order
of commits and a reader that follows them misses nothing (docs/adr/0003-date-added-is-the-cursor.md).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from uuid import UUID

from psycopg import sql

from tocsin.sharing.labels import Label, narrowness
from tocsin.store import collections, derived, indexed, labels
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.standing import restand
from tocsin.store.values import Origin, Outcome, Placement

_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TAIL = b"\xff\xff"
# fields seq int4, version int8, label int4, revoked bool; then lengths and bytes of type, id, digest, body
_FIXED = struct.Struct(">hiiiqiiiB").pack
_LENGTH = struct.Struct(">i").pack
_DIGEST_LENGTH = _LENGTH(32)
_NO_VERSION = -1

# Once for each connection. Bodies are not packed on the way through: they are kept unpacked.
_STAGE = """
CREATE TEMP TABLE stage (
  seq integer, version bigint, label_id integer, revoked boolean, type text, stix_id text, digest bytea, body bytea
) ON COMMIT DELETE ROWS;
ALTER TABLE stage ALTER COLUMN body SET STORAGE EXTERNAL
"""
# LATERAL with LIMIT: one index probe a row, whatever the planner believes about an unanalysed temporary table
_KNOWN = """
SELECT s.seq, same.cursor FROM stage s
CROSS JOIN LATERAL (SELECT 1 FROM {part} o WHERE o.stix_id = s.stix_id LIMIT 1) any_version
LEFT JOIN LATERAL (
  SELECT o.cursor FROM (SELECT * FROM {part} o WHERE o.stix_id = s.stix_id OFFSET 0) o
  WHERE o.digest = s.digest AND o.label_id = s.label_id LIMIT 1
) same ON true
"""
_MOVE = """
INSERT INTO {part} (cursor, version, collection_id, label_id, origin_id, revoked, type, stix_id, digest, body)
SELECT {base} + seq, CASE WHEN version < 0 THEN {base} + seq ELSE version END, {collection}, label_id, {origin}, revoked,
  type, stix_id, digest, body
FROM stage WHERE seq <> ALL({held}) ORDER BY seq
"""
_ASSERT = """
INSERT INTO assertion (cursor, collection_id, origin_id, at)
SELECT o.cursor, {collection}, {origin}, {at} FROM {part} o
WHERE o.cursor = ANY({cursors}) AND o.origin_id <> {origin}
ON CONFLICT DO NOTHING
"""
_RESTING = """
UPDATE stage s SET label_id = resting.label
FROM unnest(%s::integer[], %s::integer[]) AS resting (seq, label) WHERE s.seq = resting.seq
"""
_DELETE = """
DELETE FROM {part} o WHERE o.stix_id = %(id)s AND o.cursor = ANY(%(cursors)s) AND (%(any_source)s OR (
  EXISTS (SELECT 1 FROM origin g WHERE g.id = o.origin_id AND g.source = %(source)s)
  AND NOT EXISTS (
    SELECT 1 FROM assertion a JOIN origin g ON g.id = a.origin_id
    WHERE a.collection_id = o.collection_id AND a.cursor = o.cursor AND g.source <> %(source)s
  )
))
RETURNING o.cursor, (SELECT l.owner FROM label l WHERE l.id = o.label_id)
"""


def put(store: Store, collection: UUID, placements: Sequence[Placement], *, origin: Origin) -> list[Outcome]:
    """Keep `placements` in `collection`, in one transaction; return one outcome each, in order.

    A placement that is held already is `same`; if it came from another origin, that assertion is added.

    Raises:
        NotFoundError: no such collection.
        StoreUnavailableError: the database is away or full; nothing of the batch was kept.
    """
    if not placements:
        return []
    order = _widest_first(placements)
    placements = [placements[place] for place in order]
    linked = derived.references_of(placements)
    owners = {label.owner for label in {placement.label for placement in placements}}
    locked = bool(linked) or not owners.isdisjoint(store.linking)
    try:
        unique, cursors, known, held = _put(store, collection, placements, origin, linked, locked=locked)
    except derived.NeedsLockError:
        store.linking |= owners
        unique, cursors, known, held = _put(store, collection, placements, origin, linked, locked=True)
    outcomes = [Outcome("same", 0)] * len(placements)
    seen: set[str] = set()
    for index, (position, placement) in enumerate(zip(unique, placements, strict=True)):
        if position in held or position != index:  # held before, or a repetition within the batch
            kind = "same"
        else:
            kind = "updated" if position in known or placement.object.id in seen else "new"
        seen.add(placement.object.id)
        outcomes[order[index]] = Outcome(kind, cursors[position])
    return outcomes


def _widest_first(placements: Sequence[Placement]) -> Sequence[int]:
    """Return places so that what the most may have comes first: whoever may have less of a batch sees no gap in its dates.

    Dates count one after the other within a batch; a gap would tell how much of it is withheld.
    """
    distinct = dict.fromkeys(placement.label for placement in placements)
    if len(distinct) == 1:
        return range(len(placements))
    rank = {label: place for place, label in enumerate(sorted(distinct, key=narrowness))}
    return sorted(range(len(placements)), key=lambda place: rank[placements[place].label])


def _put(
    store: Store,
    collection: UUID,
    placements: Sequence[Placement],
    origin: Origin,
    linked: derived.References,
    *,
    locked: bool,
) -> tuple[list[int], dict[int, int], set[int], set[int]]:
    """Return for each placement the place of its row, the rows' cursors, which ids were known, and which rows were held.

    `locked`: take the lock of `state`, for objects that refer to others.

    Raises:
        NeedsLockError: what others refer to is among them, and `locked` is not set.
    """
    with store.transaction() as connection:
        local = collections.local_id(connection, collection)
        if locked:
            connection.execute("SELECT 1 FROM state FOR UPDATE")
        label_ids = labels.intern(connection, {p.label for p in placements})
        origin_id = labels.intern_origin(connection, origin)
        unique = _stage(connection, placements, label_ids)
        now = store.clock()
        base = _lock_head(connection, now)
        resting = derived.settle(connection, placements, linked, label_ids) if linked else {}
        if resting:
            connection.execute(_RESTING, (list(resting), list(resting.values())))
        cursors, known, held = _move(connection, now, base, unique, local=local, origin=origin_id)
        new = {place: cursors[place] for place in linked if place not in held and place in cursors}
        used = {(label, local, False) for label in label_ids.values()}
        used |= {(resting.get(place, label_ids[placements[place].label]), local, True) for place in new}
        used -= store.label_uses
        derived.note(connection, local, new, linked, [(label, linking) for label, _, linking in used])
        if len(held) < len(cursors):
            owners = {label.owner for label in label_ids}
            derived.after_staged(connection, owners, before=base, held=held, locked=locked)
    store.label_uses |= used
    return unique, cursors, known, held


def _stage(connection: Connection, placements: Sequence[Placement], label_ids: dict[Label, int]) -> list[int]:
    """Copy the distinct placements to `stage`; return for each placement the position of its row."""
    positions: dict[tuple[bytes, int], int] = {}
    unique = []
    rows = [_COPY_HEAD]
    for position, placement in enumerate(placements):
        found = placement.object
        label = label_ids[placement.label]
        digest = hashlib.sha256(found.body).digest()
        at = positions.setdefault((digest, label), position)
        unique.append(at)
        if at != position:
            continue
        kind, name, body = found.type.encode(), found.id.encode(), found.body
        version = _NO_VERSION if found.version is None else found.version
        rows += (
            _FIXED(8, 4, position, 8, version, 4, label, 1, found.revoked),
            _LENGTH(len(kind)), kind, _LENGTH(len(name)), name, _DIGEST_LENGTH, digest, _LENGTH(len(body)), body,
        )  # fmt: skip
    rows.append(_COPY_TAIL)
    if connection.execute("SELECT to_regclass('pg_temp.stage') IS NULL").fetchone() == (True,):
        connection.execute(_STAGE, prepare=False)  # two statements cannot be prepared as one
    with connection.cursor().copy("COPY stage FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"".join(rows))
    return unique


def _lock_head(connection: Connection, now: int) -> int:
    """Take the lock of `head`; return the cursor that the next row gets."""
    row = connection.execute("SELECT last FROM head FOR UPDATE").fetchone()
    assert row is not None  # the first migration puts it there
    return max(now, int(row[0]) + 1)


def _move(
    connection: Connection, now: int, base: int, unique: list[int], *, local: int, origin: int
) -> tuple[dict[int, int], set[int], set[int]]:
    """Move `stage` into the partition; return cursors by position, positions of known ids, and of held rows."""
    part = collections.partition(local)
    found = connection.execute(sql.SQL(_KNOWN).format(part=part)).fetchall()
    held = {seq: cursor for seq, cursor in found if cursor is not None}
    cursors = {seq: held.get(seq, base + seq) for seq in set(unique)}
    known = {seq for seq, _ in found}
    if len(held) < len(cursors):
        connection.execute(
            sql.SQL(_MOVE).format(
                part=part,
                base=sql.Literal(base),
                collection=sql.Literal(local),
                origin=sql.Literal(origin),
                held=sql.Literal(list(held)) if held else sql.SQL("'{}'::integer[]"),
            )
        )
        connection.execute("UPDATE head SET last = %s", (base + len(unique) - 1,))
        _restand_staged(connection, part)
    if held:
        connection.execute(
            sql.SQL(_ASSERT).format(
                part=part,
                collection=sql.Literal(local),
                origin=sql.Literal(origin),
                at=sql.Literal(now),
                cursors=sql.Literal(list(held.values())),
            )
        )
    return cursors, known, set(held)


def _restand_staged(connection: Connection, part: sql.Identifier) -> None:
    several = connection.execute(
        sql.SQL(
            "SELECT DISTINCT s.stix_id FROM stage s CROSS JOIN LATERAL "
            "(SELECT 1 FROM {part} o WHERE o.stix_id = s.stix_id OFFSET 1 LIMIT 1) other"
        ).format(part=part)
    ).fetchall()
    if several:
        restand(connection, part, [r[0] for r in several])


def delete(
    store: Store,
    collection: UUID,
    stix_id: str,
    cursors: Sequence[int],
    *,
    source: str,
    any_source: bool = False,
) -> int:
    """Remove the rows of `stix_id` at `cursors` that organisation `source` alone asserted; return how many went.

    Args:
        store: from where.
        collection: from which collection.
        stix_id: which object.
        cursors: dates added of the rows, as a listing under the clearance of whoever asks gave them.
        source: the organisation that asks.
        any_source: remove the rows whoever asserted them; for this node's own organisation, which may clear its own house.

    Raises:
        NotFoundError: no such collection.
    """
    with store.transaction() as connection:
        connection.execute("SELECT 1 FROM state FOR UPDATE")
        local = collections.local_id(connection, collection)
        part = collections.partition(local)
        connection.execute("SELECT 1 FROM head FOR UPDATE")
        gone = connection.execute(
            sql.SQL(_DELETE).format(part=part),
            {"id": stix_id, "cursors": list(cursors), "source": source, "any_source": any_source},
        ).fetchall()
        connection.execute(
            "DELETE FROM assertion WHERE collection_id = %s AND cursor = ANY(%s)",
            (local, [row[0] for row in gone]),
        )
        indexed.forget(connection, [row[0] for row in gone])
        restand(connection, part, [stix_id])
        derived.after(connection, [derived.Fresh(stix_id, 0, owner) for owner in {row[1] for row in gone}])
        if gone:  # what was read before, and kept somewhere, is out of date
            labels.raise_generation(connection)
    return len(gone)
