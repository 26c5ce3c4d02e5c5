"""Proposals: changes that somebody suggests and somebody else decides about. They are no intelligence: nothing finds, shares or matches them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, LimitError
from tocsin.store.connection import Connection
from tocsin.store.sessions import PREFIX

KINDS = ("object", "version", "note", "opinion", "sighting", "relation")
STATUSES = ("open", "accepted", "rejected", "withdrawn", "expired")
DAY: Micros = 24 * 3_600_000_000
LIFE: Micros = 30 * DAY
"""µs for which a proposal is open."""
KEPT: Micros = 90 * DAY
"""µs for which one is kept after its end."""
OPEN_AT_MOST = 100
"""Open proposals of one token."""
DAILY_AT_MOST = 200
"""Proposals of one token within a day, whatever became of them."""
_COLUMNS = (
    "id, made, expires, account, organisation, token, channel, kind, about, reason, collection, decider, tlp, base, "
    "body, status, decided, decided_by, answer"
)
_SEEN = "(organisation = %(reader)s OR decider = %(reader)s) AND tlp = ANY(%(levels)s)"
_STATUS = "CASE WHEN status = 'open' AND expires <= %(now)s THEN 'expired' ELSE status END"


class TooManyError(LimitError):
    """A token made more proposals than anybody could decide about."""


class Proposal(msgspec.Struct, frozen=True):
    """A suggested change.

    Attributes:
        id: random; it says nothing of how many there are.
        made, expires: µs.
        account, organisation, token: who proposed it, and with which token.
        channel: from where: "api" or "mcp".
        kind: of `KINDS`.
        about: STIX id of the object that it adds, changes or says something about.
        reason: why, in the proposer's words.
        collection: where it would go.
        decider: id of the organisation whose people decide.
        tlp: "clear" to "red", the strictest level that it would carry; "none" where it carries none.
        base: `modified` of the version that a new version was made from, as the object writes it; "" for other kinds.
        body: canonical bytes of the object, as it would be written.
        status: of `STATUSES`; "expired" is worked out, never kept.
        decided, decided_by, answer: when (µs), which account, and what it said.
    """

    id: UUID
    made: Micros
    expires: Micros
    account: str
    organisation: str
    token: str
    channel: str
    kind: str
    about: str
    reason: str
    collection: UUID
    decider: str
    tlp: str
    base: str
    body: bytes
    status: str = "open"
    decided: Micros | None = None
    decided_by: str = ""
    answer: str = ""

    def at(self, now: Micros) -> Proposal:
        """Return it as it stands at a moment."""
        if self.status == "open" and self.expires <= now:
            return msgspec.structs.replace(self, status="expired")
        return self


def add(connection: Connection, made: Proposal) -> None:
    """Keep a proposal, in a transaction; those that came to an end long ago are forgotten.

    Raises:
        TooManyError: its token, or all sessions of its account together, have too many open ones, or made too many within a day.
    """
    connection.execute("SELECT 1 FROM account WHERE name = %s FOR UPDATE", (made.account,))  # one at a time
    row = connection.execute(
        "SELECT count(*) FILTER (WHERE status = 'open' AND expires > %(now)s), count(*) FILTER (WHERE made > %(since)s) "
        "FROM proposal WHERE token = %(token)s "
        # a person has as many sessions as they like: all of an account's count as one
        "OR (organisation = %(organisation)s AND account = %(account)s AND starts_with(token, %(session)s) AND starts_with(%(token)s, %(session)s))",
        {
            "now": made.made,
            "since": made.made - DAY,
            "token": made.token,
            "organisation": made.organisation,
            "account": made.account,
            "session": PREFIX,
        },
    ).fetchone()
    assert row is not None
    if row[0] >= OPEN_AT_MOST or row[1] >= DAILY_AT_MOST:
        raise TooManyError(
            f"a token has at most {OPEN_AT_MOST} open proposals, and makes at most {DAILY_AT_MOST} a day",
            hint="wait until some are decided about, or withdraw some",
        )
    connection.execute(
        "DELETE FROM proposal WHERE coalesce(decided, expires) < %s AND organisation = %s",
        (made.made - KEPT, made.organisation),
    )
    connection.execute(
        f"INSERT INTO proposal ({_COLUMNS}) VALUES ({', '.join(['%s'] * 19)})",  # noqa: S608
        msgspec.structs.astuple(made),
    )


def get(
    connection: Connection, identifier: UUID, reader: str, levels: tuple[str, ...], *, now: Micros
) -> Proposal | None:
    """Return a proposal that organisation `reader` made or decides about, if it is of one of these levels."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM proposal WHERE id = %(id)s AND {_SEEN}",  # noqa: S608
        {"id": identifier, "reader": reader, "levels": list(levels)},
    ).fetchone()
    return None if row is None else Proposal(*row).at(now)


def page(
    connection: Connection,
    reader: str,
    levels: tuple[str, ...],
    *,
    now: Micros,
    limit: int,
    status: str = "",
    before: tuple[Micros, UUID] | None = None,
) -> list[Proposal]:
    """Return proposals that organisation `reader` made or decides about, newest first, those behind `before` (`made` and id)."""
    values = {
        "reader": reader,
        "levels": list(levels),
        "now": now,
        "status": status,
        "limit": limit,
        "made": None if before is None else before[0],
        "id": None if before is None else before[1],
    }
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM proposal WHERE {_SEEN} AND (%(status)s = '' OR {_STATUS} = %(status)s) "  # noqa: S608
        "AND (%(made)s::bigint IS NULL OR (made, id) < (%(made)s, %(id)s::uuid)) ORDER BY made DESC, id DESC LIMIT %(limit)s",
        values,
    ).fetchall()
    return [Proposal(*row).at(now) for row in rows]


def finish(
    connection: Connection, identifier: UUID, status: str, *, account: str, answer: str, now: Micros
) -> None:
    """Say what became of an open proposal; the account that made it can only withdraw it.

    Raises:
        ConflictError: it is not open any more.
    """
    done = connection.execute(
        "UPDATE proposal SET status = %s, decided = %s, decided_by = %s, answer = %s "
        "WHERE id = %s AND status = 'open' AND expires > %s AND (%s = 'withdrawn' OR account <> %s)",
        (status, now, account, answer, identifier, now, status, account),
    ).rowcount
    if not done:
        raise ConflictError("the proposal is not open any more", hint="read it again")
