"""Searches and other views that people keep under a name, for themselves or for all of their organisation.

A view holds what is asked, never what is found.
"""

from __future__ import annotations

import uuid
from uuid import UUID

import msgspec

from tocsin.clock import Micros
from tocsin.errors import InputError, LimitError, NotFoundError
from tocsin.store.connection import Connection

NAME_AT_MOST = 80
PAGES = ("search", "graph", "matrix", "map", "timeline")
"""Pages whose address says all of what they show."""
_QUERY_AT_MOST = 4000
_MOST = 200


class SavedView(msgspec.Struct, frozen=True):
    """A view under a name; `shared` with all accounts of the organisation.

    `query`: of page "search" what is searched for, of the other `PAGES` the query string of the address.
    """

    id: UUID
    account: str
    name: str
    query: str
    shared: bool
    created: Micros
    page: str = "search"


def of(connection: Connection, account: str, organisation: str) -> list[SavedView]:
    """Return an account's own views and those that others of its organisation share, by name."""
    rows = connection.execute(
        "SELECT id, account, name, query, shared, created, page FROM saved_view "
        "WHERE account = %s OR (organisation = %s AND shared) ORDER BY name, account",
        (account, organisation),
    ).fetchall()
    return [SavedView(*row) for row in rows]


def keep(
    connection: Connection,
    account: str,
    organisation: str,
    name: str,
    query: str,
    *,
    shared: bool,
    now: Micros,
    page: str = "search",
) -> None:
    """Keep a view; one of the same name is replaced.

    Raises:
        InputError: the name is empty or too long, the query is too long, or there is no such page.
        LimitError: the account has as many as it may.
    """
    if not 0 < len(name) <= NAME_AT_MOST:
        raise InputError(f"a view needs a name of 1 to {NAME_AT_MOST} characters")
    if page not in PAGES or len(query) > _QUERY_AT_MOST:
        raise InputError("this cannot be kept", hint=f"an address of {', '.join(PAGES)}")
    count = connection.execute(
        "SELECT count(*) FROM saved_view WHERE account = %s AND name <> %s", (account, name)
    ).fetchone()
    if count is not None and count[0] >= _MOST:
        raise LimitError(f"an account keeps at most {_MOST} views", hint="remove one")
    connection.execute(
        "INSERT INTO saved_view (id, organisation, account, name, query, shared, created, page) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (account, name) DO UPDATE SET query = excluded.query, shared = excluded.shared, page = excluded.page",
        (uuid.uuid4(), organisation, account, name, query, shared, now, page),
    )


def remove(connection: Connection, account: str, identifier: str) -> None:
    """Remove a view of one's own.

    Raises:
        NotFoundError: the account has none of this id.
    """
    try:
        wanted = UUID(identifier)
    except ValueError:
        raise NotFoundError("no such view") from None
    found = connection.execute("DELETE FROM saved_view WHERE id = %s AND account = %s", (wanted, account))
    if not found.rowcount:
        raise NotFoundError("no such view")
