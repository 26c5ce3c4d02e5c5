"""Alerts: the hits of one indicator, counted until somebody closes them, and by whose assertion each was found.

What is read comes under a clearance: of an alert, what was found on behalf of assertions that the reader may use; of alerts, those whose indicator
somebody still asserts and the reader may have. A revoked, deleted or withheld indicator leaves an alert that shows nothing to anybody.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, NotFoundError
from tocsin.sharing.release import Clearance, Released
from tocsin.store import labels
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.values import Stale

NAMESPACE: Final = uuid.UUID("3f0f4d6c-9a0e-5b1a-8c59-7a1e70c5a1e7")
"""Ids of alerts are UUIDv5 in this namespace over indicator and how many alerts it had before."""
STATUSES: Final = ("new", "acknowledged", "closed")
VERDICTS: Final = ("true-positive", "false-positive")
Looked: TypeAlias = Callable[[], tuple[dict[str, uuid.UUID], dict[str, int]]]
"""Tells the open alerts by indicator, and how many each ever had."""

# The latest version of each owner counts, as in a hunt; `now` is what a reader may have of it.
_STANDING = """
EXISTS (
  SELECT 1 FROM object o JOIN label l ON l.id = o.label_id
  WHERE o.stix_id = a.indicator AND o.label_id = ANY(%(labels)s) AND o.standing < 2 AND NOT o.revoked AND NOT EXISTS (
    SELECT 1 FROM object p JOIN label m ON m.id = p.label_id AND m.owner = l.owner
    WHERE p.stix_id = o.stix_id AND p.label_id = ANY(%(labels)s)
      AND (p.version > o.version OR (p.version = o.version AND p.cursor < o.cursor))
  )
)
"""
# The page is chosen first, in the order of the index, so that no more alerts are looked into than are shown.
# `+ 0`: an index that is asked for each of a thousand label sets sorts them anew for each alert.
_SELECT = f"""
SELECT a.id, a.indicator, a.opened, a.status, a.verdict, a.note, a.changed, a.changed_by, s.hits, s.beyond, s.found, s.first, s.last
FROM (
  SELECT * FROM alert a
  WHERE (%(id)s::text IS NULL OR a.id::text = %(id)s) AND (%(status)s::text[] IS NULL OR a.status = ANY(%(status)s))
    AND (%(indicator)s::text IS NULL OR a.indicator = %(indicator)s) AND (a.opened, a.id) < (%(before)s, %(beside)s)
    AND EXISTS (SELECT 1 FROM alert_source s WHERE s.alert = a.id AND s.label_id + 0 = ANY(%(labels)s))
    AND {_STANDING}
  ORDER BY a.opened DESC, a.id DESC LIMIT %(limit)s
) a CROSS JOIN LATERAL (
  SELECT max(s.hits) AS hits, max(s.beyond) AS beyond, max(s.found) AS found, min(s.first) AS first, max(s.last) AS last
  FROM alert_source s WHERE s.alert = a.id AND s.label_id + 0 = ANY(%(labels)s)
) s ORDER BY a.opened DESC, a.id DESC
"""  # noqa: S608 - texts of this module
# one line is kept once for each assertion that found it
_SAMPLES = """
SELECT at, value, detail FROM (
  SELECT DISTINCT ON (split_part(h.place, '/', 1), h.line) h.at, h.value, h.detail FROM hit h
  WHERE h.alert = %s AND h.label_id = ANY(%s) ORDER BY split_part(h.place, '/', 1), h.line, h.at
) hit ORDER BY at DESC, (detail->>'event')::bigint DESC NULLS LAST, (detail->>'line')::bigint DESC LIMIT %s
"""
_EVER: Final = (1 << 63) - 1
_LAST = uuid.UUID(int=(1 << 128) - 1)


class Alert(msgspec.Struct, frozen=True):
    """An alert as a reader may have it.

    Attributes:
        id: of the alert.
        indicator: STIX id of what was found.
        opened: when its first hit was found, in µs.
        status: one of `STATUSES`; `verdict`, one of `VERDICTS`, is of a closed one.
        note: what was written with the last change, `changed` when that was (µs), `changed_by` by whom.
        hits: how many are kept; `beyond` more were counted.
        found: when the last was found, in µs.
        first, last: when it happened, by the logs; None where no record has a time.
    """

    id: uuid.UUID
    indicator: str
    opened: Micros
    status: str
    verdict: str
    note: str
    changed: Micros
    changed_by: str
    hits: int
    beyond: int
    found: Micros
    first: Micros | None
    last: Micros | None


class Sample(msgspec.Struct, frozen=True):
    """One hit of an alert: when it was found (µs), what was found as written there, and what `store.hits.Hit.detail` says."""

    found: Micros
    value: str
    detail: dict[str, Any]


class New(msgspec.Struct, frozen=True):
    """Hits on behalf of one assertion, to be counted.

    Attributes:
        indicator, label_id, owner: the assertion.
        digests: of hits that are kept and were not known before.
        beyond: hits that were counted and not kept.
        first, last: of the events (µs).
    """

    indicator: str
    label_id: int
    owner: str
    digests: tuple[bytes, ...] = ()
    beyond: int = 0
    first: Micros | None = None
    last: Micros | None = None


def record(
    connection: Connection, found: Sequence[New], *, now: Micros, again: bool, looked: Looked | None = None
) -> list[uuid.UUID]:
    """Count hits into the open alerts of their indicators; return the alerts that were opened.

    Args:
        connection: in a transaction, the one in which the hits themselves are kept.
        found: by assertion.
        now: in µs.
        again: what is beyond may have been counted before (a hunt of the same logs): the largest number counts, not the sum.
        looked: what `look` said of all their indicators in this transaction, if it was asked before.
    """
    if not found:
        return []
    wanted = sorted({each.indicator for each in found})
    alerts, opened = _open(connection, wanted, (looked or look(connection, wanted))(), now)
    columns = zip(
        *(
            (alerts[n.indicator], n.label_id, n.owner, len(n.digests), n.beyond, n.first, n.last)
            for n in found
        ),
        strict=True,
    )
    connection.execute(_COUNT, (now, *map(list, columns), again))
    hit = [(digest, alerts[each.indicator]) for each in found for digest in each.digests]
    connection.execute(
        "UPDATE hit SET alert = found.alert FROM unnest(%s::bytea[], %s::uuid[]) AS found (digest, alert) "
        "WHERE hit.digest = found.digest",
        ([digest for digest, _ in hit], [alert for _, alert in hit]),
    )
    return opened


_COUNT = """
INSERT INTO alert_source AS s (alert, label_id, owner, hits, beyond, first, last, found)
SELECT f.*, %s FROM unnest(%s::uuid[], %s::integer[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) f
ON CONFLICT (alert, label_id, owner) DO UPDATE SET
  hits = s.hits + excluded.hits, found = greatest(s.found, excluded.found),
  beyond = CASE WHEN %s THEN greatest(s.beyond, excluded.beyond) ELSE s.beyond + excluded.beyond END,
  first = least(s.first, excluded.first), last = greatest(s.last, excluded.last)
"""


def look(connection: Connection, indicators: Iterable[str]) -> Looked:
    """Lock the alerts of indicators; return what tells which of them are open, and how many there ever were. In a pipeline nothing is waited for before."""
    wanted = sorted(set(indicators))
    if not wanted:
        return lambda: ({}, {})
    # two that open the first one at once: the second waits here, and finds it; the order keeps them from waiting crosswise
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(i, 10)) FROM unnest(%s::text[]) WITH ORDINALITY AS w (i, n) ORDER BY n",
        (wanted,),
    )
    still = connection.execute(
        "SELECT indicator, id FROM alert WHERE indicator = ANY(%s) AND status <> 'closed' ORDER BY indicator FOR UPDATE",
        (wanted,),
    )
    ever = connection.execute(
        "SELECT indicator, count(*) FROM alert WHERE indicator = ANY(%s) GROUP BY indicator", (wanted,)
    )
    return lambda: (dict(still.fetchall()), dict(ever.fetchall()))


def _open(
    connection: Connection,
    indicators: Sequence[str],
    looked: tuple[dict[str, uuid.UUID], dict[str, int]],
    now: Micros,
) -> tuple[dict[str, uuid.UUID], list[uuid.UUID]]:
    """Return the open alerts of indicators, and those of them that are new."""
    found, before = looked
    missing = [each for each in indicators if each not in found]
    if not missing:
        return found, []
    made = {each: uuid.uuid5(NAMESPACE, f"{each}|{before.get(each, 0)}") for each in missing}
    connection.execute(
        "INSERT INTO alert (id, indicator, opened, status, changed) "
        "SELECT f.*, %s, 'new', %s FROM unnest(%s::uuid[], %s::text[]) f",
        (now, now, list(made.values()), missing),
    )
    return found | made, list(made.values())


def listed(
    store: Store,
    clearance: Clearance,
    *,
    statuses: Sequence[str] | None = None,
    indicator: str | None = None,
    identifier: str | None = None,
    before: tuple[Micros, uuid.UUID] | None = None,
    limit: int = 100,
) -> Released[list[Alert]] | Stale:
    """Return alerts, those opened last first.

    Args:
        store: where they are.
        clearance: of the node's own organisation, for `match`.
        statuses: only those; None: of any.
        indicator: only those of this one.
        identifier: only the one with this id.
        before: only those behind this moment and id in the order.
        limit: most.
    """
    moment, beside = before or (_EVER, _LAST)
    values = {
        "labels": list(clearance.labels),
        "id": identifier,
        "indicator": indicator,
        "status": None if statuses is None else list(statuses),
        "before": moment,
        "beside": beside,
        "limit": limit,
    }
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        generation = labels.generation(connection)
        if generation != clearance.generation:
            return Stale(generation)
        rows = connection.execute(_SELECT, values).fetchall()
    return clearance.seal([Alert(*row) for row in rows])


def samples(
    store: Store, clearance: Clearance, alert: uuid.UUID, *, limit: int
) -> Released[list[Sample]] | Stale:
    """Return the newest hits of an alert, as far as assertions that the clearance allows found them; each place once."""
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        generation = labels.generation(connection)
        if generation != clearance.generation:
            return Stale(generation)
        rows = connection.execute(_SAMPLES, (alert, list(clearance.labels), limit)).fetchall()
    return clearance.seal([Sample(*row) for row in rows])


def change(
    connection: Connection,
    alert: uuid.UUID,
    status: str,
    *,
    verdict: str,
    note: str,
    by: str,
    now: Micros,
    seen: Micros | None = None,
) -> None:
    """Set what has become of an alert; `seen` is `Alert.changed` as whoever decides saw it, None: whatever has become of it meanwhile.

    Raises:
        NotFoundError: there is none of this id.
        ConflictError: somebody has decided since; or it is closed, and its indicator was found again since: that is another alert.
    """
    row = connection.execute(
        "SELECT indicator, status, verdict, changed, changed_by FROM alert WHERE id = %s FOR UPDATE", (alert,)
    ).fetchone()
    if row is None:
        raise NotFoundError("no such alert")
    indicator, was, judged, changed, decider = row
    if seen is not None and changed != seen:
        told = f"{was} as {judged}" if judged else was
        raise ConflictError(
            f"{decider} has decided meanwhile: it is {told}", hint="look at it again before you decide"
        )
    other = connection.execute(
        "SELECT id FROM alert WHERE indicator = %s AND status <> 'closed' AND id <> %s", (indicator, alert)
    ).fetchone()
    if other is not None and status != "closed":
        raise ConflictError("the indicator has another open alert by now", hint=f"work on {other[0]}")
    connection.execute(
        "UPDATE alert SET status = %s, verdict = %s, note = %s, changed = %s, changed_by = %s WHERE id = %s",
        (status, verdict, note, now, by, alert),
    )
