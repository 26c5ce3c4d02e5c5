"""The organisation's own policies: proposed, in force, retired. What they mean: `tocsin.sharing.policy`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.errors import ConflictError, NotFoundError
from tocsin.store.connection import Connection
from tocsin.store.labels import changing

_SELECT = "SELECT id, texts, state, at, proposer, decided, approver FROM policy_change"


class PolicyChange(msgspec.Struct, frozen=True):
    """A set of policy files by name, what became of it, and who answers for that; times in µs."""

    id: int
    texts: dict[str, str]
    state: str
    at: Micros
    proposer: str
    decided: Micros | None
    approver: str | None


def active(connection: Connection) -> dict[str, str]:
    """Return the files in force by name; none at first."""
    row = connection.execute("SELECT texts FROM policy_change WHERE state = 'active'").fetchone()
    return dict(row[0]) if row else {}


def everything(connection: Connection) -> list[PolicyChange]:
    """Return all sets there were, the newest first."""
    return [PolicyChange(*row) for row in connection.execute(_SELECT + " ORDER BY id DESC").fetchall()]


def get(connection: Connection, number: int) -> PolicyChange:
    """Return a set by its number.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(_SELECT + " WHERE id = %s", (number,)).fetchone()
    if row is None:
        raise NotFoundError(f"no policy change {number}", hint="`tocsin policy list` has their numbers")
    return PolicyChange(*row)


def propose(connection: Connection, texts: Mapping[str, str], *, by: str, at: Micros) -> int:
    """Keep a set that waits for approval; return its number."""
    row = connection.execute(
        "INSERT INTO policy_change (texts, state, at, proposer) VALUES (%s, 'proposed', %s, %s) RETURNING id",
        (Jsonb(dict(texts)), at, by),
    ).fetchone()
    assert row is not None
    return int(row[0])


def activate(connection: Connection, number: int, *, by: str, at: Micros) -> None:
    """Put a proposed set in force, in the place of the one that was.

    Raises:
        NotFoundError: there is no such set.
        ConflictError: it does not wait for approval.
    """
    with changing(connection):
        if get(connection, number).state != "proposed":
            raise ConflictError(f"policy change {number} does not wait for approval")
        connection.execute("UPDATE policy_change SET state = 'retired' WHERE state = 'active'")
        connection.execute(
            "UPDATE policy_change SET state = 'active', decided = %s, approver = %s WHERE id = %s",
            (at, by, number),
        )


def withdraw(connection: Connection, number: int, *, by: str, at: Micros) -> None:
    """Give up a proposed set.

    Raises:
        NotFoundError: there is no such set.
        ConflictError: it does not wait for approval.
    """
    if get(connection, number).state != "proposed":
        raise ConflictError(f"policy change {number} does not wait for approval")
    connection.execute(
        "UPDATE policy_change SET state = 'withdrawn', decided = %s, approver = %s WHERE id = %s",
        (at, by, number),
    )
