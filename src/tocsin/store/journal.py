"""The access journal: who asked for what, when, with which outcome. Appended in batches, never edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import sql
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.store.connection import Connection

LOOKED_AT = 50_000
"""Most entries that are looked at for one page: whoever seeks what is rare goes on from there, and waits for nothing long."""
_LAST = (1 << 63) - 1
_COLUMNS = "at, principal, action, target, outcome, detail"
_DATED = {"after": "at >= %(after)s", "until": "at < %(until)s"}
_WANTED = {
    "principal": "principal = %(principal)s",
    "action": "starts_with(action, %(action)s)",
    "target": "strpos(target, %(target)s) > 0",
    "outcome": "outcome = %(outcome)s",
}
_PAGE = (
    f"SELECT id, {_COLUMNS} FROM (SELECT * FROM journal WHERE id < %(before)s {{dated}} ORDER BY id DESC LIMIT %(looked_at)s) looked_at "  # noqa: S608
    "WHERE {wanted} ORDER BY id DESC LIMIT %(limit)s"
)
_REACHED = (
    "SELECT id FROM journal WHERE id < %(before)s {dated} ORDER BY id DESC OFFSET %(looked_at)s - 1 LIMIT 1"
)


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
    until: Micros = _LAST


_ALL = Sought()


class Page(msgspec.Struct, frozen=True):
    """Entries, newest first, and the number before which the next page goes on; None where there are no more.

    It may hold fewer than were asked for, even none, and yet not be the last: see `LOOKED_AT`.
    """

    entries: tuple[Entry, ...]
    following: int | None


def page(connection: Connection, sought: Sought, *, limit: int, before: int | None = None) -> Page:
    """Return up to `limit` entries that are sought: those before number `before`."""
    values = {
        "principal": sought.principal.replace("\0", ""),
        "action": sought.action.replace("\0", ""),
        "target": sought.target.replace("\0", ""),
        "outcome": sought.outcome.replace("\0", ""),
        "after": sought.after,
        "until": sought.until,
        "before": _LAST if before is None else before,
        "looked_at": LOOKED_AT,
        "limit": limit + 1,
    }
    # what is not asked for is no condition: a plan for all questions would look at each row for each of them
    dated = " AND ".join(
        text for name, text in _DATED.items() if getattr(sought, name) != getattr(_ALL, name)
    )
    wanted = " AND ".join(text for name, text in _WANTED.items() if values[name])
    parts = {"dated": f"AND {dated}" if dated else "", "wanted": wanted or "true"}
    rows = connection.execute(_PAGE.format(**parts), values, prepare=False).fetchall()
    if len(rows) > limit:
        following = rows[limit - 1][0]
    else:
        reached = connection.execute(_REACHED.format(**parts), values, prepare=False).fetchone()
        following = reached[0] if reached else None
    return Page(tuple(Entry(*row[1:]) for row in rows[:limit]), following)


def last(connection: Connection, action: str) -> Entry | None:
    """Return the newest entry of an action; an index knows those of `backup`, others may take a look at the whole journal."""
    statement = sql.SQL("SELECT {} FROM journal WHERE action = {} ORDER BY id DESC LIMIT 1")
    # written there: an index of some rows is for a plan that knows which
    found = connection.execute(
        statement.format(sql.SQL(_COLUMNS), sql.Literal(action)), prepare=False
    ).fetchone()
    return Entry(*found) if found else None
