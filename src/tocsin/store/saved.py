"""Saved hunts, when they are due, and what became of their runs."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.errors import ConflictError, LimitError, NotFoundError
from tocsin.store.connection import Connection

AT_MOST: Final = 1_000
KEPT: Final = 100
"""Runs of one hunt that are kept."""
_COLUMNS = "name, what, created, every, due"


class Saved(msgspec.Struct, frozen=True):
    """A hunt to be run again.

    Attributes:
        name: of the hunt.
        what: its paths and options, as `node.saved_hunts.What` has them.
        created: in µs.
        every: µs between runs, or None.
        due: when it is to run next (µs), or None.
    """

    name: str
    what: dict[str, Any]
    created: Micros
    every: Micros | None
    due: Micros | None


class Run(msgspec.Struct, frozen=True):
    """A run: when it began and ended (µs; None: it has not, or never will), and counts and faults of its report.

    While it runs, the report has the counts so far, `at` (µs) when they were taken, and `read` of `size` bytes on disk.
    """

    id: int
    hunt: str
    began: Micros
    ended: Micros | None
    report: dict[str, Any]


def add(connection: Connection, name: str, what: dict[str, Any], *, now: Micros) -> Saved:
    """Save a hunt.

    Raises:
        ConflictError: there is one of this name.
        LimitError: there are too many.
    """
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE name = %s) FROM saved_hunt", (name,)
    ).fetchone()
    assert row is not None
    if row[1]:
        raise ConflictError(
            f"there is a hunt {name!r} already", hint="remove it first: `tocsin hunts remove`"
        )
    if row[0] >= AT_MOST:
        raise LimitError(f"there are {AT_MOST:,} saved hunts", hint="remove one")
    connection.execute(
        "INSERT INTO saved_hunt (name, what, created) VALUES (%s, %s, %s)", (name, Jsonb(what), now)
    )
    return Saved(name, what, now, None, None)


def everything(connection: Connection) -> list[Saved]:
    """Return all saved hunts by name."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM saved_hunt ORDER BY name").fetchall()  # noqa: S608
    return [Saved(*row) for row in rows]


def get(connection: Connection, name: str) -> Saved:
    """Return a saved hunt.

    Raises:
        NotFoundError: there is none of this name.
    """
    found = next((each for each in everything(connection) if each.name == name), None)
    if found is None:
        raise NotFoundError(f"there is no saved hunt {name!r}", hint="`tocsin hunts list` shows them")
    return found


def remove(connection: Connection, name: str) -> None:
    """Remove a saved hunt with its runs."""
    connection.execute("DELETE FROM saved_hunt WHERE name = %s", (get(connection, name).name,))


def schedule(connection: Connection, name: str, every: Micros | None, *, now: Micros) -> Saved:
    """Run a hunt every so many µs, from now on; None: only when somebody asks."""
    get(connection, name)
    due = None if every is None else now
    connection.execute("UPDATE saved_hunt SET every = %s, due = %s WHERE name = %s", (every, due, name))
    return get(connection, name)


def take_due(connection: Connection, *, now: Micros) -> Saved | None:
    """Return a hunt that is due, and make it due again after its time: of several processes one takes it.

    What was missed while nobody was there is run once, not as often as it was missed.
    """
    row = connection.execute(
        "UPDATE saved_hunt SET due = %s + every WHERE name = ("  # noqa: S608
        "SELECT name FROM saved_hunt WHERE every IS NOT NULL AND due <= %s ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED) "
        f"RETURNING {_COLUMNS}",
        (now, now),
    ).fetchone()
    return None if row is None else Saved(*row)


def begin(connection: Connection, name: str, *, now: Micros) -> int:
    """Note that a run begins; return its number. Runs of long ago are forgotten."""
    row = connection.execute(
        "INSERT INTO hunt_run (hunt, began, report) VALUES (%s, %s, '{}') RETURNING id", (name, now)
    ).fetchone()
    assert row is not None
    connection.execute(
        "DELETE FROM hunt_run WHERE hunt = %s AND id <= "
        "(SELECT id FROM hunt_run WHERE hunt = %s ORDER BY id DESC OFFSET %s LIMIT 1)",
        (name, name, KEPT),
    )
    return int(row[0])


def note(connection: Connection, run: int, report: dict[str, Any]) -> None:
    """Note how far a run is."""
    connection.execute(
        "UPDATE hunt_run SET report = %s WHERE id = %s AND ended IS NULL", (Jsonb(report), run)
    )


def end(connection: Connection, run: int, report: dict[str, Any], *, now: Micros) -> None:
    """Note what became of a run."""
    connection.execute("UPDATE hunt_run SET ended = %s, report = %s WHERE id = %s", (now, Jsonb(report), run))


def runs(connection: Connection, name: str, *, limit: int) -> list[Run]:
    """Return the runs of a hunt, newest first."""
    rows = connection.execute(
        "SELECT id, hunt, began, ended, report FROM hunt_run WHERE hunt = %s ORDER BY id DESC LIMIT %s",
        (name, limit),
    ).fetchall()
    return [Run(*row) for row in rows]


def last_runs(connection: Connection) -> dict[str, Run]:
    """Return the last run of each hunt that has been run, by its name."""
    rows = connection.execute(
        "SELECT r.* FROM saved_hunt h CROSS JOIN LATERAL ("
        "SELECT id, hunt, began, ended, report FROM hunt_run WHERE hunt = h.name ORDER BY id DESC LIMIT 1) r"
    ).fetchall()
    return {row[1]: Run(*row) for row in rows}
