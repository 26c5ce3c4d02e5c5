"""Keeping hits: each once, counted into the alert of its indicator in the same transaction."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tocsin.clock import Micros, to_text
from tocsin.node.catalogue import Source
from tocsin.node.hits import Count, Hit
from tocsin.store import Connection, Store, alerts, hits, suppressions

_AT_ONCE = 5_000
Suppresses = Callable[[Hit], str]
"""Tells why a hit is not to be raised, and until when; "" if it is."""
_Assertion = tuple[str, int, str]  # id of an indicator, label set, owner


def keep(
    store: Store, found: Sequence[Hit], *, now: Micros, counts: Mapping[int, Count] | None = None
) -> tuple[int, list[uuid.UUID]]:
    """Keep raised hits of a hunt; return how many were not known, and the alerts that were opened.

    Args:
        store: where to.
        found: hits; flagged ones are not kept.
        now: in µs.
        counts: what the hunt counted, by tag: what it held back of an indicator is counted in the alert.
    """
    raised = [hit for hit in found if hit.raised]
    new, opened = 0, []
    for start in range(0, len(raised), _AT_ONCE):
        some = raised[start : start + _AT_ONCE]
        last = start + _AT_ONCE >= len(raised)
        beyond = _held_back(raised, counts or {}) if last else {}
        with store.transaction() as connection:
            added, fresh = keep_in(connection, some, now=now, beyond=beyond, again=True)
        new += added
        opened += fresh
    return new, opened


def keep_in(
    connection: Connection,
    raised: Sequence[Hit],
    *,
    now: Micros,
    beyond: Mapping[tuple[str, Source], int] | None = None,
    again: bool = False,
) -> tuple[int, list[uuid.UUID]]:
    """Keep raised hits in the transaction of `connection`; return how many were not known, and the alerts that were opened."""
    rows = [(hit, source, _row(hit, source, now)) for hit in raised for source in hit.sources]
    put = hits.put_sent(connection, [row for _, _, row in rows])
    held_back = beyond or {}
    # nobody said that an observable is malicious
    about = {hit.indicator.id for hit in raised if not hit.indicator.observable}
    looked = alerts.look(connection, about | {indicator for indicator, _ in held_back})
    new = put()
    digests: dict[_Assertion, dict[bytes, None]] = defaultdict(dict)
    events: dict[_Assertion, list[Micros]] = defaultdict(list)
    for hit, source, row in rows:
        if row.digest in new and not hit.indicator.observable:
            key = (hit.indicator.id, source.label_id, source.owner)
            digests[key][row.digest] = None
            if hit.at is not None:
                events[key].append(hit.at)
    more: dict[_Assertion, int] = {
        (indicator, source.label_id, source.owner): count for (indicator, source), count in held_back.items()
    }
    counted = [
        alerts.New(
            *key,
            digests=tuple(digests[key]),
            beyond=more.get(key, 0),
            first=min(events[key], default=None),
            last=max(events[key], default=None),
        )
        for key in dict.fromkeys((*digests, *more))
        if digests[key] or more.get(key, 0)
    ]
    return len(new), alerts.record(connection, counted, now=now, again=again, looked=looked)


def _held_back(raised: Sequence[Hit], counts: Mapping[int, Count]) -> dict[tuple[str, Source], int]:
    return {
        (hit.indicator.id, source): counts[hit.indicator.tag].beyond
        for hit in raised
        if hit.indicator.tag in counts and counts[hit.indicator.tag].beyond and not hit.indicator.observable
        for source in hit.sources
    }


def suppressing(connection: Connection, *, now: Micros) -> Suppresses:
    """Return what tells why a hit is suppressed at `now`; a hit on behalf of several sources is if all of them are."""
    by: dict[str, dict[str, str]] = defaultdict(dict)
    for each in suppressions.everything(connection, now=now):
        until = "" if each.expires is None else f", until {to_text(each.expires)[:19]}Z"
        by[each.kind][each.value.casefold()] = each.reason + until
    if not by:
        return lambda _: ""

    def suppresses(hit: Hit) -> str:
        owners = [
            by["source"].get(each.owner.casefold()) or by["source"].get(each.owner_name.casefold(), "")
            for each in hit.sources
        ]
        return (
            by["indicator"].get(hit.indicator.id.casefold())
            or by["value"].get(hit.value.casefold())
            or by["value"].get(hit.wanted.casefold())
            or (by["host"].get(hit.host.casefold()) if hit.host is not None else None)
            or (owners[0] if owners and all(owners) else "")
        )

    return suppresses


def _row(hit: Hit, source: Source, now: Micros) -> hits.Hit:
    detail: dict[str, Any] = {
        "owner": source.owner,
        "day": day_of(now if hit.at is None else hit.at),
        "event": hit.at,
        "file": clean(hit.file),
        "line": hit.line,
        "field": clean(hit.field),
        "host": clean(hit.host or ""),
    }
    if len(hit.parts) > 1:
        detail["parts"] = [{"file": clean(each.file), "line": each.line} for each in hit.parts]
    return hits.Hit(
        at=now,
        indicator=hit.indicator.id,
        value=clean(hit.value),
        place=f"{hit.digest}/{source.owner}",
        line=hit.nth,
        label_id=source.label_id,
        detail=detail,
    )


def day_of(at: Micros) -> str:
    """Return the day (UTC) of a moment."""
    return to_text(at)[:10]


def clean(text: str) -> str:
    """Return text as PostgreSQL takes it: neither NUL nor halves of characters, both of which a log may hold."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
