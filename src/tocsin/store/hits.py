"""Hits of hunts, each kept once however often its log is hunted again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.store.connection import Connection


class Hit(msgspec.Struct, frozen=True):
    """An indicator found at a place.

    Attributes:
        at: when it was found, in µs.
        indicator: its STIX id.
        value: what was found, as written there.
        place: what the place is called so that it is known again; `node.hunt` takes the digest of the log's line, which stays
            the same when the log grows, is renamed or packed.
        line: which of several equal places.
        label_id: label set under which the indicator is held.
        detail: what else is known. `owner` (who asserted the indicator), `day` (UTC, of the event, else of the hunt) and
            `event` (µs, or null) are what `tally` goes by.
    """

    at: Micros
    indicator: str
    value: str
    place: str
    line: int
    label_id: int
    detail: dict[str, Any] = {}

    @property
    def digest(self) -> bytes:
        """What makes it the same hit again."""
        return hashlib.sha256(
            "\0".join((self.indicator, self.value, self.place, str(self.line))).encode()
        ).digest()


_PUT = """
INSERT INTO hit (digest, at, indicator, value, place, line, label_id, detail)
SELECT * FROM unnest(%s::bytea[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::integer[], %s::jsonb[])
ON CONFLICT DO NOTHING RETURNING digest
"""


def put(connection: Connection, hits: Sequence[Hit]) -> int:
    """Keep hits; return how many were not known. One that is found again counts under the label set it was found by last."""
    return len(put_new(connection, hits))


def put_new(connection: Connection, hits: Sequence[Hit]) -> set[bytes]:
    """Keep hits as `put` does; return the digests of those that were not known."""
    return put_sent(connection, hits)()


def put_sent(connection: Connection, hits: Sequence[Hit]) -> Callable[[], set[bytes]]:
    """Keep hits as `put` does; return what tells the digests of those that were not known.

    In a pipeline nothing is waited for before that is asked.
    """
    if not hits:
        return set
    digests = [h.digest for h in hits]
    with connection.transaction():
        connection.execute(
            "UPDATE hit SET label_id = found.label_id FROM unnest(%s::bytea[], %s::integer[]) AS found (digest, label_id) "
            "WHERE hit.digest = found.digest AND hit.label_id <> found.label_id",
            (digests, [h.label_id for h in hits]),
        )
        columns = zip(
            *((h.at, h.indicator, h.value, h.place, h.line, h.label_id, Jsonb(h.detail)) for h in hits),
            strict=True,
        )
        answer = connection.execute(_PUT, (digests, *map(list, columns)))
    return lambda: {bytes(row[0]) for row in answer.fetchall()}


class Tally(msgspec.Struct, frozen=True):
    """How often an indicator of one owner was found under one label set on one day, and when first and last (µs; None where no event has a time).

    Label sets are kept apart: what was found while an indicator was RED is not told with what was found since it is GREEN.
    """

    indicator: str
    owner: str
    label_id: int
    day: str
    count: int
    first: Micros | None
    last: Micros | None


def tally(connection: Connection, indicators: Sequence[str]) -> list[Tally]:
    """Return the tallies of these indicators, by indicator, owner, label set and day."""
    rows = connection.execute(
        "SELECT indicator, detail->>'owner', label_id, detail->>'day', count(*), "
        "min((detail->>'event')::bigint), max((detail->>'event')::bigint) "
        "FROM hit WHERE indicator = ANY(%s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        (list(indicators),),
    ).fetchall()
    return [Tally(*row) for row in rows]


def recent(connection: Connection, labels: Sequence[int], *, limit: int = 100) -> list[Hit]:
    """Return the newest hits on indicators under these label sets (those of a `match` clearance)."""
    rows = connection.execute(
        "SELECT at, indicator, value, place, line, label_id, detail FROM hit WHERE label_id = ANY(%s) "
        "ORDER BY at DESC LIMIT %s",
        (list(labels), limit),
    ).fetchall()
    return [Hit(*r) for r in rows]
