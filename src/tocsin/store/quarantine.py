"""What was refused, with place, rule and reason, so that nothing handed in is lost in silence.

The same bytes refused again at the same place by the same rule are counted, not kept twice. Of very large refusals the
first 64 KiB are kept, with length and SHA-256 of the whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from tocsin.clock import Micros
from tocsin.errors import NotFoundError
from tocsin.store import labels
from tocsin.store.connection import Connection
from tocsin.store.values import Origin

KEEP_AT_MOST = 64 * 1024
_SELECT = (
    "SELECT q.id, q.at, q.length, q.raw, q.place, q.pointer, q.rule, q.reason, q.times, o.source, o.peer, o.channel "
    "FROM quarantine q JOIN origin o ON o.id = q.origin_id"
)


class Refused(msgspec.Struct, frozen=True):
    """One refusal to be kept.

    `length` and `digest` (SHA-256) are of all the bytes refused, and given where `raw` is only their beginning.
    """

    raw: bytes
    where: str
    pointer: str
    rule: str
    reason: str
    length: int | None = None
    digest: bytes | None = None


class Kept(msgspec.Struct, frozen=True):
    """One refusal as it is kept; `raw` is whole when `length` says so. `origin` is the first it came by."""

    id: int
    at: Micros
    length: int
    raw: bytes
    where: str
    pointer: str
    rule: str
    reason: str
    times: int
    origin: Origin

    @property
    def whole(self) -> bool:
        """Whether all bytes were kept, so that it can be tried again."""
        return len(self.raw) == self.length


def put(connection: Connection, refused: Sequence[Refused], *, origin: Origin, now: Micros) -> None:
    """Keep refusals."""
    with connection.transaction():
        # One writer at a time: two that refuse the same, in other orders, would wait for each other crosswise.
        connection.execute("LOCK TABLE quarantine IN SHARE ROW EXCLUSIVE MODE")
        origin_id = labels.intern_origin(connection, origin)
        connection.cursor().executemany(  # one round trip: a whole file may be refused
            "INSERT INTO quarantine (at, digest, length, raw, place, pointer, rule, reason, origin_id) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (digest, md5(place), rule) DO UPDATE SET times = quarantine.times + 1, at = excluded.at",
            [
                (
                    now,
                    r.digest or hashlib.sha256(r.raw).digest(),
                    len(r.raw) if r.length is None else r.length,
                    r.raw[:KEEP_AT_MOST],
                    _clean(r.where),
                    _clean(r.pointer),
                    r.rule,
                    _clean(r.reason),
                    origin_id,
                )
                for r in refused
            ],
        )


def _clean(text: str) -> str:
    # PostgreSQL text holds no NUL and no lone surrogate
    return text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")[:2000]


def everything(connection: Connection, *, limit: int = 100) -> list[Kept]:
    """Return the newest refusals."""
    rows = connection.execute(_SELECT + " ORDER BY q.id DESC LIMIT %s", (limit,)).fetchall()
    return [_kept(r) for r in rows]


def _kept(row: tuple[Any, ...]) -> Kept:
    identifier, at, length, raw, place, pointer, rule, reason, times, *origin = row
    return Kept(identifier, at, length, raw, place, pointer, rule, reason, times, Origin(*origin))


def count(connection: Connection) -> int:
    """Return how many refusals are kept."""
    row = connection.execute("SELECT count(*) FROM quarantine").fetchone()
    assert row is not None
    return int(row[0])


def get(connection: Connection, identifier: int) -> Kept:
    """Return one refusal.

    Raises:
        NotFoundError: there is none of this number.
    """
    row = connection.execute(_SELECT + " WHERE q.id = %s", (identifier,)).fetchone()
    if row is None:
        raise NotFoundError(
            f"nothing in quarantine under {identifier}", hint="`tocsin quarantine list` names them"
        )
    return _kept(row)


def drop(connection: Connection, identifier: int) -> None:
    """Forget one refusal."""
    get(connection, identifier)
    connection.execute("DELETE FROM quarantine WHERE id = %s", (identifier,))
