"""Label sets and origins, interned; what marking ids mean, and who said so.

A new label set raises the generation in the same transaction: a reader whose clearance does not know the label yet is
told to decide again instead of passing by rows it may have (`store.pages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg.types.json import Jsonb

from tocsin.sharing.agreements import Terms
from tocsin.sharing.labels import Definitions, Label
from tocsin.store.connection import Connection
from tocsin.store.values import Origin

_COLUMNS = "markings, owner, communities, recipients, assumed, holds, rests"
# By the key, as the unique index has it: the lists themselves may be longer than an index entry can be
_FIND = """
SELECT wanted.place, l.id
FROM (VALUES {rows}) AS wanted (place, markings, owner, communities, recipients, assumed, holds, rests)
JOIN label l ON label_key(l.markings, l.owner, l.communities, l.recipients, l.assumed, l.holds, l.rests) = label_key(
  wanted.markings, wanted.owner, wanted.communities, wanted.recipients, wanted.assumed, wanted.holds, wanted.rests
)
"""
_FIND_ROW = "(%s::integer, %s::text[], %s::text, %s::text[], %s::text[], %s::text, %s::text[], %s::jsonb)"
_FIND_AT_ONCE = 500
_INSERT = f"INSERT INTO label ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id"  # noqa: S608


@contextmanager
def changing(connection: Connection) -> Iterator[None]:
    """Open a transaction that changes what decisions rest on.

    The generation is raised first: its row is a lock that all such changes take before any other, so they come one after
    the other and none waits for another crosswise.
    """
    with connection.transaction():
        raise_generation(connection)
        yield


def intern(connection: Connection, wanted: Iterable[Label]) -> dict[Label, int]:
    """Return the id of each label set, making those that are new."""
    every = list(dict.fromkeys(wanted))
    found = _find(connection, every)
    if len(found) < len(every):
        with connection.transaction():
            connection.execute("SELECT 1 FROM state FOR UPDATE")
            found |= _find(connection, [label for label in every if label not in found])
            new = [label for label in every if label not in found]  # nobody else was quicker
            for label in new:
                row = connection.execute(_INSERT, _values(label)).fetchone()
                assert row is not None
                found[label] = row[0]
            if new:
                raise_generation(connection)
    return found


def _find(connection: Connection, wanted: Sequence[Label]) -> dict[Label, int]:
    found: dict[Label, int] = {}
    for start in range(0, len(wanted), _FIND_AT_ONCE):
        some = wanted[start : start + _FIND_AT_ONCE]
        query = _FIND.format(rows=", ".join([_FIND_ROW] * len(some)))
        values = [value for place, label in enumerate(some) for value in (place, *_values(label))]
        for place, identifier in connection.execute(query, values).fetchall():
            found[some[place]] = identifier
    return found


def _values(label: Label) -> tuple[list[str], str, list[str], list[str], str | None, list[str], Jsonb]:
    return (
        list(label.markings),
        label.owner,
        list(label.communities),
        list(label.recipients),
        label.assumed,
        list(label.holds),
        Jsonb([list(each) for each in label.rests]),
    )


def everything(connection: Connection) -> dict[int, Label]:
    """Return all label sets by id."""
    rows = connection.execute(f"SELECT id, {_COLUMNS} FROM label ORDER BY id").fetchall()  # noqa: S608
    return {row[0]: _read(row[1:]) for row in rows}


def _read(row: tuple[Any, ...]) -> Label:
    return Label(
        markings=tuple(row[0]),
        owner=row[1],
        communities=tuple(row[2]),
        recipients=tuple(row[3]),
        assumed=row[4],
        holds=tuple(row[5]),
        rests=tuple(tuple(each) for each in row[6]),
    )


def of_owners(connection: Connection, owners: Iterable[str]) -> dict[int, Label]:
    """Return the label sets of what some organisations assert, by id."""
    rows = connection.execute(
        f"SELECT id, {_COLUMNS} FROM label WHERE owner = ANY(%s)",  # noqa: S608
        (list(owners),),
    ).fetchall()
    return {row[0]: _read(row[1:]) for row in rows}


def definitions(connection: Connection) -> Definitions:
    """Return what is known of marking ids, by definer, and what was agreed in communities."""
    rows = connection.execute("SELECT marking, definer, kind FROM definition").fetchall()
    agreed = connection.execute(
        "SELECT c.id::text, a.title, a.permitted, a.closed FROM community c JOIN agreement a ON a.id = c.agreement"
    ).fetchall()
    return Definitions(
        {(marking, definer): kind for marking, definer, kind in rows},
        {
            community: Terms(title, None if permitted is None else tuple(permitted), closed)
            for community, title, permitted, closed in agreed
        },
    )


def define(connection: Connection, marking: str, definer: str, kind: str) -> None:
    """Keep what `definer` says that `marking` is; its first word stands."""
    values = (marking, definer)
    find = "SELECT 1 FROM definition WHERE marking = %s AND definer = %s"
    if connection.execute(find, values).fetchone():
        return
    with connection.transaction():
        connection.execute("SELECT 1 FROM state FOR UPDATE")
        done = connection.execute(
            "INSERT INTO definition (marking, definer, kind) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (*values, kind),
        )
        if done.rowcount:
            raise_generation(connection)


def intern_origin(connection: Connection, origin: Origin) -> int:
    """Return the id of an origin, making it if it is new."""
    values = (origin.source, origin.peer, origin.channel)
    find = "SELECT id FROM origin WHERE source = %s AND peer IS NOT DISTINCT FROM %s AND channel = %s"
    row = (
        connection.execute(find, values).fetchone()
        or connection.execute(
            "INSERT INTO origin (source, peer, channel) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            values,
        ).fetchone()
        or connection.execute(find, values).fetchone()
    )
    assert row is not None
    return int(row[0])


def generation(connection: Connection) -> int:
    """Return the number that rises whenever a decision may have changed."""
    row = connection.execute("SELECT generation FROM state").fetchone()
    assert row is not None  # the first migration puts it there
    return int(row[0])


def raise_generation(connection: Connection) -> None:
    """Say that decisions made so far may no longer hold."""
    connection.execute("UPDATE state SET generation = generation + 1")
