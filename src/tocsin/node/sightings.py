"""The bell rings back: what was found goes to whoever warned, as STIX sightings, under markings no freer than the warning's.

Hits are kept once each (`store.hits`), and a sighting is what they add up to: one for each indicator, owner and day (UTC), its id made from
these. Hunting the same log again finds no new hits and changes nothing; a log that has grown raises the count in a new version.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.errors import StoreError
from tocsin.node import keeping_hits
from tocsin.node.catalogue import Source, marking_of, name_of
from tocsin.node.clearances import Clearances, Snapshot
from tocsin.node.hits import Count, Hit
from tocsin.node.keeping_hits import day_of
from tocsin.sharing.labels import Label, label_for
from tocsin.sharing.release import Clearance, Released
from tocsin.stix import Object, canonical, parse, sensitive
from tocsin.stix.markings import TLP, TLP2_EXTENSION, TLP_DEFINITIONS, strictest, tlp_of
from tocsin.stix.timestamps import to_micros
from tocsin.store import Store, hits, objects, pages, placed
from tocsin.store.hits import Tally
from tocsin.store.placed import Placed
from tocsin.store.values import Origin, PageQuery, Placement, Stale

NAMESPACE = uuid.UUID("3f0f4d6c-9a0e-5b1a-8c59-7a1e70c51005")
"""Sightings of a hunt are UUIDv5 in this namespace over own organisation, indicator, owner and day."""

_MOST = 999_999_999  # STIX 2.1 section 5.2
_AT_ONCE = 500
_TRIES = 20
_MARKINGS = {
    str(definition["extensions"][TLP2_EXTENSION]["tlp_2_0"]): marking
    for marking, definition in TLP_DEFINITIONS.items()
    if "extensions" in definition
}


class Written(msgspec.Struct, frozen=True):
    """What became of the hits of a hunt: kept anew, sightings new, with a higher count, unchanged; to whom they may go back; alerts opened."""

    kept: int = 0
    new: int = 0
    updated: int = 0
    same: int = 0
    owners: tuple[str, ...] = ()
    alerts: int = 0


class Sighting(msgspec.Struct, frozen=True):
    """A sighting as a list shows it.

    `by` is who asserted it to this node, `where` who is said to have seen it (both by name where they are known), `tlp` as in
    `node.catalogue.marking_of`; times as in the object.
    """

    id: str
    indicator: str
    by: str
    where: tuple[str, ...]
    count: int
    first_seen: str | None
    last_seen: str | None
    tlp: str
    modified: str


def write(
    store: Store,
    clearances: Clearances,
    found: Sequence[Hit],
    *,
    now: Micros,
    counts: Mapping[int, Count] | None = None,
) -> Written:
    """Keep hits, raise alerts for them, and write the sightings they add up to.

    Args:
        store: where to.
        clearances: the node's; an own sighting that exists already is read under the own clearance.
        found: hits of a hunt; flagged ones and those of observables make no sighting.
        now: time of what is written.
        counts: what the hunt counted, by tag (`keeping_hits.keep`).
    """
    kept, opened = keeping_hits.keep(store, found, now=now, counts=counts)
    return msgspec.structs.replace(tell(store, clearances, found, now=now), kept=kept, alerts=len(opened))


def tell(store: Store, clearances: Clearances, found: Sequence[Hit], *, now: Micros) -> Written:
    """Write the sightings that hits add up to, which are kept already; arguments as of `write`."""
    sources: dict[tuple[str, str], Source] = {}
    days: set[tuple[str, str, str]] = set()
    for hit in found:
        if hit.raised and not hit.indicator.observable:
            for source in hit.sources:
                sources[hit.indicator.id, source.owner] = source
                days.add((hit.indicator.id, source.owner, day_of(now if hit.at is None else hit.at)))
    with store.connection() as connection:
        tallies = hits.tally(connection, sorted({indicator for indicator, _, _ in days}))
    wanted: dict[UUID, list[tuple[Tally, Source]]] = {}
    for tally in tallies:
        if (tally.indicator, tally.owner, tally.day) not in days:
            continue
        found_by = sources[tally.indicator, tally.owner]
        # a sighting goes where the indicator may go as it is now: it must not count what another marking held back
        if tally.label_id == found_by.label_id:
            wanted.setdefault(found_by.collection, []).append((tally, found_by))
    written: Counter[str] = Counter()
    own = clearances.snapshot.own.id
    for collection, group in wanted.items():
        for start in range(0, len(group), _AT_ONCE):
            written.update(_write(store, clearances, collection, group[start : start + _AT_ONCE], now))
    names = {source.owner_name for source in sources.values() if source.owner != own}
    return Written(0, written["new"], written["updated"], written["same"], tuple(sorted(names)))


def _write(
    store: Store, clearances: Clearances, collection: UUID, group: list[tuple[Tally, Source]], now: Micros
) -> Iterable[str]:
    own = clearances.snapshot.own.id
    ids = [_id(own, tally) for tally, _ in group]
    known = _known(store, clearances, collection, ids)
    placements, kinds = [], []
    for identifier, (tally, source) in zip(ids, group, strict=True):
        before = known.get(identifier)
        label = label_of(source, own=own)
        made = _sighting(identifier, tally, label, own=own, before=before, now=now)
        if made is None:
            kinds.append("same")
        else:
            kinds.append("new" if before is None else "updated")
            found = sensitive.kinds(made.data, made.body)
            placements.append(Placement(made, msgspec.structs.replace(label, holds=found)))
    if placements:
        objects.put(store, collection, placements, origin=Origin(own, None, "local"))
    return kinds


def label_of(source: Source, *, own: str) -> Label:
    """Return the label set of a sighting of what `source` asserted.

    It carries every marking of the indicator; a TLP that an importer vouched for becomes a marking, since this object is ours to mark. What we
    warned of ourselves goes where the warning went. What came from others goes back to them, and beyond only where TLP:CLEAR or
    TLP:GREEN let the warning itself go to its community.
    """
    label = source.label
    markings = set(label.markings)
    if label.assumed is not None and not any(tlp_of(marking) is not None for marking in markings):
        markings.add(_MARKINGS.get(label.assumed, _MARKINGS["red"]))
    if label.owner == own:
        return label_for(markings, owner=own, communities=label.communities, recipients=label.recipients)
    tlp = strictest(level for marking in markings if (level := tlp_of(marking)) is not None)
    free = tlp is not None and tlp <= TLP.GREEN
    return label_for(
        markings, owner=own, communities=label.communities if free else (), recipients=(label.owner,)
    )


def _sighting(
    identifier: str, tally: Tally, label: Label, *, own: str, before: dict[str, Any] | None, now: Micros
) -> Object | None:
    """Return the sighting, checked like any object; None if it is as it was."""
    data: dict[str, Any] = {
        "type": "sighting",
        "spec_version": "2.1",
        "id": identifier,
        "created_by_ref": own,
        "created": _moment(now),
        "modified": _moment(now),
        "count": min(tally.count, _MOST),
        "sighting_of_ref": tally.indicator,
        "where_sighted_refs": [own],
    }
    if tally.first is not None and tally.last is not None:
        data |= {"first_seen": _moment(tally.first), "last_seen": _moment(tally.last)}
    if label.markings:
        data["object_marking_refs"] = list(label.markings)
    if before is not None:
        data["created"] = before["created"]
        if {**data, "modified": ""} == {**before, "modified": ""}:
            return None
        data["modified"] = max(data["modified"], _after(before["modified"]))
    return parse(canonical(data))


def _known(
    store: Store, clearances: Clearances, collection: UUID, ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the latest version of own sightings; what others assert under these ids does not count."""
    query = PageQuery(collection, limit=len(ids), ids=tuple(ids), types=("sighting",))
    for _ in range(_TRIES):
        clearance = clearances.get(clearances.snapshot.own.id)
        state = clearances.snapshot  # not older than the clearance
        clearance = clearance.narrow(_owned(state.labels, state.own.id))
        page = pages.page(store, query, clearance)
        if isinstance(page, Released):
            found: list[dict[str, Any]] = msgspec.json.decode(b"[" + page.value.body + b"]")
            return {each["id"]: each for each in found}
        clearances.refresh(page.generation)
    raise StoreError("what decisions rest on keeps changing", hint="try again")


def _owned(known: Mapping[int, Label], owner: str) -> Callable[[int], bool]:
    return lambda number: known[number].owner == owner


def listed(store: Store, clearances: Clearances, indicator: str | None = None) -> Released[list[Sighting]]:
    """Return the sightings that the node's own organisation may have, newest first; of one indicator, or of all."""

    def take(row: Placed) -> _Row:
        return _Row(row.version, row.label, msgspec.json.decode(row.body, type=_Body))

    def ask(clearance: Clearance) -> Released[list[_Row]] | Stale:
        return placed.gather(store, ("sighting",), clearance, take)

    rows = clearances.ask(clearances.snapshot.own.id, ask)
    snapshot = clearances.snapshot
    latest: dict[tuple[str, str], _Row] = {}
    for row in rows.value:
        key = (row.body.id, snapshot.labels[row.label].owner)
        if key not in latest or row.version > latest[key].version:
            latest[key] = row
    found = [row for row in latest.values() if not row.body.revoked]
    if indicator is not None:
        found = [row for row in found if row.body.sighting_of_ref == indicator]
    found.sort(key=lambda row: -row.version)
    return rows.derive([_shown(row, snapshot) for row in found])


class _Body(msgspec.Struct):
    id: str
    sighting_of_ref: str
    modified: str
    where_sighted_refs: list[str] = []
    count: int = 1
    first_seen: str | None = None
    last_seen: str | None = None
    revoked: bool = False


class _Row(msgspec.Struct):
    version: int
    label: int
    body: _Body


def _shown(row: _Row, snapshot: Snapshot) -> Sighting:
    label, body = snapshot.labels[row.label], row.body
    return Sighting(
        id=body.id,
        indicator=body.sighting_of_ref,
        by=name_of(label.owner, snapshot),
        where=tuple(name_of(each, snapshot) for each in body.where_sighted_refs),
        count=body.count,
        first_seen=body.first_seen,
        last_seen=body.last_seen,
        tlp=marking_of(label, snapshot),
        modified=body.modified,
    )


def _id(own: str, tally: Tally) -> str:
    name = f"{own}|{tally.indicator}|{tally.owner}|{tally.day}"
    return f"sighting--{uuid.uuid5(NAMESPACE, name)}"


def _moment(at: Micros) -> str:
    return to_text(at)[:23] + "Z"


def _after(moment: str) -> str:
    return _moment((to_micros(moment) // 1000 + 1) * 1000)
