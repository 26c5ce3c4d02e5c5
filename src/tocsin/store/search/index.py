"""Keeps the search index: behind those who add, in the order of cursors, up to a mark.

Cursors rise in the order of commits (ADR 3), so whoever reads everything above the mark has missed nothing; an import pays nothing for it.
Rows that come under another label set get new cursors, so they are met again; `store.indexed.forget` deletes what was known of the old ones in the
transaction that moves or deletes them. Both sides hold the same advisory lock, so a row is never written after it was forgotten.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
from psycopg import sql

from tocsin.clock import Micros
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.indexed import LOCK
from tocsin.store.search.terms import fold, terms_of

BATCH = 1000
_BATCH_BYTES = 8 * 1024 * 1024
_GLANCE_SECONDS, _LONGEST_GLANCE = 0.005, 0.05  # from one look at whether another is done to the next
_NEXT = """
SELECT cursor, version, collection_id, label_id, revoked, type, stix_id, body FROM (
  SELECT o.*, sum(octet_length(body)) OVER (ORDER BY cursor ROWS UNBOUNDED PRECEDING) - octet_length(body) AS before
  FROM (SELECT * FROM object WHERE cursor > %s ORDER BY cursor LIMIT %s) o
) o WHERE before < %s ORDER BY cursor
"""
_LEFT = """
SELECT count(*) FROM (
  SELECT FROM object WHERE cursor > (SELECT cursor FROM search_mark) ORDER BY cursor LIMIT {}
) left_over
"""
_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS search_stage (
  cursor bigint, version bigint, collection_id integer, label_id integer, confidence smallint, revoked boolean,
  type text, stix_id text, name text, lexemes text[]
) ON COMMIT DELETE ROWS
"""
_MOVE = """
INSERT INTO search (cursor, version, collection_id, label_id, confidence, revoked, type, stix_id, name, document)
SELECT cursor, version, collection_id, label_id, confidence, revoked, type, stix_id, name, array_to_tsvector(lexemes)
FROM search_stage ORDER BY cursor
"""
# One look into an index for each row, whatever the planner believes of a table that has just been filled.
_AGAIN = """
INSERT INTO search_again SELECT DISTINCT hashtextextended(fresh.stix_id, 0) FROM search_stage fresh
CROSS JOIN LATERAL (SELECT 1 FROM search s WHERE s.stix_id = fresh.stix_id AND s.cursor <> fresh.cursor LIMIT 1) other
ON CONFLICT DO NOTHING
"""


class Progress(msgspec.Struct, frozen=True):
    """How far the index is: the cursor up to which everything is in it, and the last cursor there is."""

    mark: Micros
    last: Micros

    @property
    def done(self) -> bool:
        """Whether everything is in it."""
        return self.last <= self.mark


def progress(connection: Connection) -> Progress:
    """Return how far the index is."""
    row = connection.execute("SELECT m.cursor, h.last FROM search_mark m, head h").fetchone()
    assert row is not None  # the migration puts it there
    return Progress(row[0], row[1])


def catch_up(store: Store, *, most: int | None = None, seconds: float | None = None) -> Progress:
    """Bring the index up to what is held now, or as far as `most` objects or `seconds` go; return how far it is.

    Where another is at it already, that is waited for: what it has taken is not found before it is done, and who asks may have written it. Where
    more than `most` are left, the other goes on alone.
    """
    with store.connection() as connection:
        state = progress(connection)
    wanted, taken = state.last, 0  # what comes meanwhile is for those who ask after it
    until = None if seconds is None else time.monotonic() + seconds
    pause = _GLANCE_SECONDS
    while (
        state.mark < wanted and (most is None or taken < most) and (until is None or time.monotonic() < until)
    ):
        step = _step(store, BATCH if most is None else min(BATCH, most - taken))
        if step is None:
            if most is not None and _left(store, most + 1) > most:
                break
            time.sleep(pause)  # holding no connection meanwhile, of which there are few
            pause = min(2 * pause, _LONGEST_GLANCE)
        taken += step or 0
        with store.connection() as connection:
            state = progress(connection)
    return state


def advance(store: Store) -> bool:
    """Index one batch; return whether there was something to do, and nobody else was at it."""
    with store.connection() as connection:
        if progress(connection).done:
            return False
    return bool(_step(store, BATCH))


def rebuild(store: Store) -> Progress:
    """Make the index anew from what is held."""
    with store.transaction() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        connection.execute("TRUNCATE search, search_name, search_again")
        connection.execute("UPDATE search_mark SET cursor = -1")
    return catch_up(store)


def _step(store: Store, size: int) -> int | None:
    """Index up to `size` objects; return how many, or None where another is at it."""
    with store.transaction() as connection:
        row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (LOCK,)).fetchone()
        if row != (True,):
            return None
        state = progress(connection)
        rows = connection.execute(_NEXT, (state.mark, size, _BATCH_BYTES), binary=True).fetchall()
        if rows:
            _write(connection, rows)
        # `state` was read before the rows: what is above its last may have been committed since, and is met next time
        reached = rows[-1][0] if rows else state.last
        connection.execute("UPDATE search_mark SET cursor = %s", (reached,))
        return len(rows)


def _left(store: Store, at_most: int) -> int:
    """Return how many objects are not in the index yet, counted up to `at_most`."""
    with store.connection() as connection:
        # written out: planned for any number, it might read all there is
        row = connection.execute(sql.SQL(_LEFT).format(sql.Literal(at_most)), prepare=False).fetchone()
    assert row is not None  # it is a count
    return int(row[0])


def _write(connection: Connection, rows: Sequence[tuple[int, int, int, int, bool, str, str, bytes]]) -> None:
    connection.execute(_STAGE, prepare=False)
    made = [terms_of(row[7]) for row in rows]
    with connection.cursor().copy("COPY search_stage FROM STDIN") as copy:
        for (cursor, version, local, label, revoked, kind, stix_id, _), terms in zip(rows, made, strict=True):
            copy.write_row(
                (
                    *(cursor, version, local, label, terms.confidence, revoked, kind, stix_id, terms.name),
                    list(terms.lexemes),
                )
            )
    connection.execute(_MOVE, prepare=False)
    connection.execute(_AGAIN, prepare=False)
    with connection.cursor().copy(
        "COPY search_name (cursor, collection_id, label_id, folded, shown, kind) FROM STDIN"
    ) as copy:
        for (cursor, _, local, label, *_rest), terms in zip(rows, made, strict=True):
            for kind, text in terms.offered:
                copy.write_row((cursor, local, label, fold(text), text, kind))
