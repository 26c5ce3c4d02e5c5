"""Webhooks and what was delivered to them. A delivery names placements; what they say is decided about when it is sent."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, LimitError, NotFoundError
from tocsin.store.connection import Connection

AT_MOST = 20
"""Hooks of one organisation."""
FORMER: Micros = 24 * 3_600_000_000
"""µs for which the secret before the last rotation is signed with as well."""
KEPT: Micros = 30 * 24 * 3_600_000_000
"""µs for which deliveries that came to an end are kept."""
_COLUMNS = "id, organisation, account, url, query, secret, former, former_until, enabled, created, position"
_DELIVERY = "id, webhook, made, cursors, state, attempts, next, said"


class Webhook(msgspec.Struct, frozen=True):
    """Where an organisation wants to be told of what a query finds. `repr` shows no secret.

    `position` is the cursor up to which matches were queued; `former` is signed with as well until `former_until` (µs).
    """

    id: UUID
    organisation: str
    account: str
    url: str
    query: str
    secret: bytes
    former: bytes | None
    former_until: Micros
    enabled: bool
    created: Micros
    position: Micros

    def __repr__(self) -> str:
        return f"Webhook({self.id}, {self.organisation!r}, {self.url!r})"

    def secrets(self, now: Micros) -> tuple[bytes, ...]:
        """Return the secrets to sign with, the newest first."""
        if self.former is not None and now < self.former_until:
            return self.secret, self.former
        return (self.secret,)


class Delivery(msgspec.Struct, frozen=True):
    """What a hook is to be told of, by dates added; `state` is waiting, delivered or failed, `said` what the receiver answered last."""

    id: UUID
    webhook: UUID
    made: Micros
    cursors: tuple[int, ...]
    state: str
    attempts: int
    next: Micros
    said: str


def add(
    connection: Connection, organisation: str, account: str, url: str, query: str, *, now: Micros
) -> Webhook:
    """Make a hook with a fresh secret of 32 bytes; it is told of what comes from now on.

    Raises:
        LimitError: the organisation has too many.
        ConflictError: it has this one already.
    """
    held = connection.execute(
        "SELECT url, query FROM webhook WHERE organisation = %s", (organisation,)
    ).fetchall()
    if (url, query) in held:
        raise ConflictError("there is a webhook with this address and this query")
    if len(held) >= AT_MOST:
        raise LimitError(f"an organisation has at most {AT_MOST} webhooks", hint="remove one")
    made = Webhook(
        *(uuid4(), organisation, account, url, query, secrets.token_bytes(32)),
        None, 0, True, now, now,
    )  # fmt: skip
    connection.execute(
        f"INSERT INTO webhook ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
        msgspec.structs.astuple(made),
    )
    return made


def of(connection: Connection, organisation: str) -> list[Webhook]:
    """Return the hooks of an organisation, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM webhook WHERE organisation = %s ORDER BY created, id",  # noqa: S608
        (organisation,),
    )
    return [Webhook(*row) for row in rows.fetchall()]


def enabled(connection: Connection) -> list[Webhook]:
    """Return all hooks of accounts that are not disabled."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM webhook w WHERE enabled "  # noqa: S608
        "AND EXISTS (SELECT 1 FROM account a WHERE a.name = w.account AND NOT a.disabled) ORDER BY created, id"
    )
    return [Webhook(*row) for row in rows.fetchall()]


def get(connection: Connection, organisation: str, name: str) -> Webhook:
    """Return a hook of an organisation by its id.

    Raises:
        NotFoundError: it has none of this id.
    """
    for each in of(connection, organisation):
        if str(each.id) == name:
            return each
    raise NotFoundError("no such webhook")


def remove(connection: Connection, hook: Webhook) -> None:
    """Remove a hook with its deliveries."""
    connection.execute("DELETE FROM webhook WHERE id = %s", (hook.id,))


def rotate(connection: Connection, hook: Webhook, *, now: Micros) -> Webhook:
    """Give a hook a new secret; the one before is signed with as well for `FORMER`."""
    made = msgspec.structs.replace(
        hook, secret=secrets.token_bytes(32), former=hook.secret, former_until=now + FORMER, enabled=True
    )
    connection.execute(
        "UPDATE webhook SET secret = %s, former = %s, former_until = %s, enabled = true WHERE id = %s",
        (made.secret, made.former, made.former_until, hook.id),
    )
    return made


def disable(connection: Connection, hook: Webhook) -> None:
    """Tell a hook nothing any more: its receiver said that it is gone."""
    connection.execute("UPDATE webhook SET enabled = false WHERE id = %s", (hook.id,))


def queue(connection: Connection, hook: Webhook, cursors: tuple[int, ...], *, now: Micros) -> None:
    """Queue a delivery of placements, and go on behind the last of them; in one transaction.

    Two processes that queue the same: the second finds the position moved, and leaves it.
    """
    moved = connection.execute(
        "UPDATE webhook SET position = %s WHERE id = %s AND position = %s RETURNING 1",
        (cursors[-1], hook.id, hook.position),
    ).fetchone()
    if moved is not None:
        connection.execute(
            "INSERT INTO delivery (id, webhook, made, cursors, state, next) VALUES (%s, %s, %s, %s, 'waiting', %s)",
            (uuid4(), hook.id, now, list(cursors), now),
        )


def take_due(connection: Connection, *, now: Micros, hold: Micros) -> Delivery | None:
    """Return a delivery whose time has come, and keep it from others for `hold` µs."""
    row = connection.execute(
        f"UPDATE delivery SET next = %s, attempts = attempts + 1 WHERE id = ("  # noqa: S608
        "SELECT d.id FROM delivery d JOIN webhook w ON w.id = d.webhook WHERE d.state = 'waiting' AND d.next <= %s AND w.enabled "
        f"ORDER BY d.next LIMIT 1 FOR UPDATE OF d SKIP LOCKED) RETURNING {_DELIVERY}",
        (now + hold, now),
    ).fetchone()
    return None if row is None else _read(row)


def note(connection: Connection, delivery: Delivery, state: str, said: str, *, next_at: Micros) -> None:
    """Keep what became of an attempt."""
    connection.execute(
        "UPDATE delivery SET state = %s, said = %s, next = %s WHERE id = %s",
        (state, said[:300].replace("\0", ""), next_at, delivery.id),
    )


def deliveries(
    connection: Connection, hook: Webhook, *, limit: int, before: Micros | None = None
) -> list[Delivery]:
    """Return the deliveries of a hook, newest first: those made before `before`."""
    rows = connection.execute(
        f"SELECT {_DELIVERY} FROM delivery WHERE webhook = %s AND made < %s ORDER BY made DESC, id LIMIT %s",  # noqa: S608
        (hook.id, (1 << 63) - 1 if before is None else before, limit),
    )
    return [_read(row) for row in rows.fetchall()]


def states(connection: Connection) -> dict[str, int]:
    """Return how many deliveries of all hooks there are in each state; for the node's operator."""
    return dict(connection.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall())


def replay(connection: Connection, hook: Webhook, name: str, *, now: Micros) -> Delivery:
    """Queue a delivery again, under its own id, so that a receiver that has had it can tell.

    Raises:
        NotFoundError: the hook has none of this id.
    """
    row = connection.execute(
        "UPDATE delivery SET state = 'waiting', attempts = 0, next = %s "  # noqa: S608
        f"WHERE webhook = %s AND id::text = %s RETURNING {_DELIVERY}",
        (now, hook.id, name),
    ).fetchone()
    if row is None:
        raise NotFoundError("no such delivery")
    return _read(row)


def forget_old(connection: Connection, *, now: Micros) -> None:
    """Delete deliveries that came to an end long ago."""
    connection.execute("DELETE FROM delivery WHERE state <> 'waiting' AND made < %s", (now - KEPT,))


def _read(row: tuple[UUID, UUID, int, list[int], str, int, int, str]) -> Delivery:
    return Delivery(row[0], row[1], row[2], tuple(row[3]), row[4], row[5], row[6], row[7])
