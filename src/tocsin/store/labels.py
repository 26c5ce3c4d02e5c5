"""Label sets and origins, interned; what marking ids mean, and who said so.

A new label set raises the generation in the same transaction: a reader whose clearance does not know the label yet is
told to decide again instead of passing by rows it may have (`store.pages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from tocsin.sharing.labels import Definitions, Label
from tocsin.store.connection import Connection
from tocsin.store.values import Origin

_COLUMNS = "markings, owner, communities, recipients, assumed"
# By the key, as the unique index has it: the lists themselves may be longer than an index entry can be
_FIND = """
SELECT wanted.place, l.id FROM (VALUES {rows}) AS wanted (place, markings, owner, communities, recipients, assumed)
JOIN label l ON label_key(l.markings, l.owner, l.communities, l.recipients, l.assumed)
  = label_key(wanted.markings, wanted.owner, wanted.communities, wanted.recipients, wanted.assumed)
"""
_FIND_ROW = "(%s::integer, %s::text[], %s::text, %s::text[], %s::text[], %s::text)"
_FIND_AT_ONCE = 500
_INSERT = f"INSERT INTO label ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s) RETURNING id"  # noqa: S608


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


def _values(label: Label) -> tuple[list[str], str, list[str], list[str], str | None]:
    return list(label.markings), label.owner, list(label.communities), list(label.recipients), label.assumed


def everything(connection: Connection) -> dict[int, Label]:
    """Return all label sets by id."""
    rows = connection.execute(f"SELECT id, {_COLUMNS} FROM label ORDER BY id").fetchall()  # noqa: S608
    return {
        r[0]: Label(
            markings=tuple(r[1]), owner=r[2], communities=tuple(r[3]), recipients=tuple(r[4]), assumed=r[5]
        )
        for r in rows
    }


def definitions(connection: Connection) -> Definitions:
    """Return what is known of marking ids, by definer."""
    rows = connection.execute("SELECT marking, definer, kind FROM definition").fetchall()
    return Definitions({(r[0], r[1]): r[2] for r in rows})


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
