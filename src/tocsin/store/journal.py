"""The access journal: who asked for what, when, with which outcome. Appended in batches, never edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.store.connection import Connection


class Entry(msgspec.Struct, frozen=True):
    """One access. `detail` holds no content of objects and no secrets."""

    at: Micros
    principal: str
    action: str
    target: str
    outcome: str
    detail: dict[str, Any] = {}


def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write entries in order."""
    with connection.cursor().copy(
        "COPY journal (at, principal, action, target, outcome, detail) FROM STDIN"
    ) as copy:
        for e in entries:
            copy.write_row(
                (e.at, e.principal, e.action, _clean(e.target), e.outcome, Jsonb(_harmless(e.detail)))
            )


def _clean(text: str) -> str:
    return _kept(text)[:2000]


def _harmless(value: Any) -> Any:
    """Return a detail as PostgreSQL takes it: one that it does not take would keep every entry after it out of the journal."""
    if isinstance(value, str):
        return _kept(value)
    if isinstance(value, dict):
        return {_kept(str(name)): _harmless(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(each) for each in value]
    return value


def _kept(text: str) -> str:
    return text.replace("\0", "�").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def recent(connection: Connection, *, limit: int = 100, principal: str | None = None) -> list[Entry]:
    """Return the newest entries, newest first."""
    rows = connection.execute(
        "SELECT at, principal, action, target, outcome, detail FROM journal "
        "WHERE %s::text IS NULL OR principal = %s ORDER BY id DESC LIMIT %s",
        (principal, principal, limit),
    ).fetchall()
    return [Entry(*r) for r in rows]


class Sought(msgspec.Struct, frozen=True):
    """Which entries: of one principal, of actions that begin so, whose target holds a text, of one outcome, from a moment until another (µs)."""

    principal: str = ""
    action: str = ""
    target: str = ""
    outcome: str = ""
    after: Micros = 0
    until: Micros = (1 << 63) - 1


def page(
    connection: Connection, sought: Sought, *, limit: int, before: int | None = None
) -> list[tuple[int, Entry]]:
    """Return entries with their numbers, newest first: those before number `before` that are sought."""
    texts = (sought.principal, sought.principal, sought.action, sought.target, sought.outcome, sought.outcome)
    rows = connection.execute(
        "SELECT id, at, principal, action, target, outcome, detail FROM journal "
        "WHERE id < %s AND (%s = '' OR principal = %s) AND starts_with(action, %s) AND strpos(target, %s) > 0 "
        "AND (%s = '' OR outcome = %s) AND at >= %s AND at < %s ORDER BY id DESC LIMIT %s",
        (
            (1 << 63) - 1 if before is None else before,
            *(each.replace("\0", "") for each in texts),
            *(sought.after, sought.until, limit),
        ),
    ).fetchall()
    return [(row[0], Entry(*row[1:])) for row in rows]
