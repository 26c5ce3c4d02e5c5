"""Hits of hunts, each kept once however often its log is hunted again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from tocsin.clock import Micros
from tocsin.store.connection import Connection


class Hit(msgspec.Struct, frozen=True):
    """An indicator's value found at a place: which log (by name or digest), line, and whatever else was known."""

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


def put(connection: Connection, hits: Sequence[Hit]) -> int:
    """Keep hits; return how many were not known."""
    new = 0
    with connection.transaction():
        for hit in hits:
            new += connection.execute(
                "INSERT INTO hit (digest, at, indicator, value, place, line, label_id, detail) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (
                    hit.digest,
                    hit.at,
                    hit.indicator,
                    hit.value,
                    hit.place,
                    hit.line,
                    hit.label_id,
                    Jsonb(hit.detail),
                ),
            ).rowcount
    return new


def recent(connection: Connection, labels: Sequence[int], *, limit: int = 100) -> list[Hit]:
    """Return the newest hits on indicators under these label sets (those of a `match` clearance)."""
    rows = connection.execute(
        "SELECT at, indicator, value, place, line, label_id, detail FROM hit WHERE label_id = ANY(%s) "
        "ORDER BY at DESC LIMIT %s",
        (list(labels), limit),
    ).fetchall()
    return [Hit(*r) for r in rows]
