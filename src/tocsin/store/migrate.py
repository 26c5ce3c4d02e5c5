"""The schema, moved forwards and back by the numbered SQL files in `store/migrations`.

All steps of a call are one transaction together with their rows in `migration`, under an advisory lock, so two processes that
start at once do not both migrate, and what fails leaves nothing behind. An applied file that was edited later is refused.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

import msgspec
import psycopg

from tocsin.errors import MigrationError
from tocsin.store.connection import Connection

_LOCK = 7_246_183_011


class Migration(msgspec.Struct, frozen=True):
    """One numbered step: how to take it, and how to go back."""

    number: int
    name: str
    up: str
    down: str

    @property
    def checksum(self) -> str:
        """SHA-256 of both files."""
        return hashlib.sha256((self.up + "\0" + self.down).encode()).hexdigest()


class Step(msgspec.Struct, frozen=True):
    """A migration that was, or would be, applied or taken back.

    `changes` says what it makes ("+") and drops ("-") of tables, columns, indexes and functions; a plan leaves it empty.
    """

    number: int
    name: str
    direction: str
    changes: tuple[str, ...] = ()


def available() -> list[Migration]:
    """Return the steps this program knows, in order."""
    folder = files("tocsin.store") / "migrations"
    found = []
    for file in sorted(f.name for f in folder.iterdir() if f.name.endswith(".up.sql")):
        stem = file.removesuffix(".up.sql")
        number, name = stem.split("_", 1)
        up = (folder / file).read_text(encoding="utf-8")
        down = (folder / f"{stem}.down.sql").read_text(encoding="utf-8")
        found.append(Migration(int(number), name, up, down))
    return found


def applied(connection: Connection) -> list[tuple[int, str, str]]:
    """Return (number, name, checksum) of the steps the database has taken, in order."""
    exists = connection.execute("SELECT to_regclass('public.migration') IS NOT NULL").fetchone()
    if not (exists and exists[0]):
        return []
    rows = connection.execute("SELECT number, name, checksum FROM migration ORDER BY number").fetchall()
    return [(r[0], r[1], r[2]) for r in rows]


def require_current(connection: Connection) -> None:
    """Make sure that schema and program fit.

    Raises:
        MigrationError: the schema is older, newer or altered.
    """
    taken = applied(connection)
    known = available()
    _check(taken, known)
    if len(taken) < len(known):
        raise MigrationError(
            f"the database is at schema {taken[-1][0] if taken else 0}, this program needs {known[-1].number}",
            hint="run `tocsin migrate` (`--dry-run` first shows what it would do)",
        )


def plan(connection: Connection, to: int | None = None) -> list[Step]:
    """Return the steps from where the database stands to `to` (default: the newest)."""
    taken, known = applied(connection), available()
    _check(taken, known)
    goal = known[-1].number if to is None else to
    if goal != 0 and goal not in {m.number for m in known}:
        raise MigrationError(f"there is no schema {goal}; known are 0 to {known[-1].number}")
    have = {number for number, _, _ in taken}
    ups = [Step(m.number, m.name, "up") for m in known if m.number not in have and m.number <= goal]
    downs = [Step(m.number, m.name, "down") for m in reversed(known) if m.number in have and m.number > goal]
    return ups + downs


def migrate(connection: Connection, *, to: int | None = None, dry_run: bool = False) -> list[Step]:
    """Move the schema to `to` and return the steps taken; with `dry_run`, take them and roll them back.

    Raises:
        MigrationError: unknown or altered steps, or a step that the database refuses; nothing is changed then.
    """
    with connection.transaction(force_rollback=dry_run):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL, "
            "checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
        )
        steps = plan(connection, to)
        by_number = {m.number: m for m in available()}
        taken = []
        for step in steps:
            before = _catalogue(connection)
            _take(connection, by_number[step.number], step.direction)
            taken.append(msgspec.structs.replace(step, changes=_changes(before, _catalogue(connection))))
    return taken


_CATALOGUE = """
SELECT CASE WHEN relkind IN ('i', 'I') THEN 'index' ELSE 'table' END, relname, '', '' FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'i', 'I') AND NOT relispartition
UNION ALL
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
UNION ALL
SELECT 'function', proname, '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'index of', t.relname, i.relname, '' FROM pg_index x
JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE t.relnamespace = 'public'::regnamespace
"""


def _catalogue(connection: Connection) -> set[tuple[str, ...]]:
    return set(connection.execute(_CATALOGUE).fetchall())


def _changes(before: set[tuple[str, ...]], after: set[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the differences; what belongs to a table that came or went as a whole goes without saying."""
    lines = []
    for sign, rows in (("+", after - before), ("-", before - after)):
        tables = {name for kind, name, *_ in rows if kind == "table"}
        theirs = {index for kind, table, index, _ in rows if kind == "index of" and table in tables}
        for kind, name, column, form in sorted(rows):
            if kind in {"table", "function"} or (kind == "index" and name not in theirs):
                lines.append(f"{sign} {kind} {name}")
            elif kind == "column" and name not in tables:
                lines.append(f"{sign} column {name}.{column} {form}")
    return tuple(lines)


def _take(connection: Connection, migration: Migration, direction: str) -> None:
    try:
        if direction == "up":
            connection.execute(migration.up.encode(), prepare=False)
            connection.execute(
                "INSERT INTO migration (number, name, checksum) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.checksum),
            )
        else:
            connection.execute(migration.down.encode(), prepare=False)
            connection.execute("DELETE FROM migration WHERE number = %s", (migration.number,))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise MigrationError(
            f"step {migration.number} ({migration.name}, {direction}) failed: {error.diag.message_primary or error}"
        ) from error


def _check(taken: list[tuple[int, str, str]], known: list[Migration]) -> None:
    by_number = {m.number: m for m in known}
    for number, name, checksum in taken:
        found = by_number.get(number)
        if found is None:
            raise MigrationError(
                f"the database has schema step {number} ({name}), which this program does not know",
                hint="it was made by a newer version; upgrade, or go back with that version's `tocsin migrate --to`",
            )
        if found.checksum != checksum:
            raise MigrationError(f"step {number} ({name}) was applied in another form than this program has")
