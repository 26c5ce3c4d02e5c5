"""What a node hunts for: the indicators that its own organisation may match, as an index that knows where each came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tocsin.matching import Entry, Index, Indicator, Passed, entries_of
from tocsin.matching.entries import EVALUATED, observable_entries, to_evaluate
from tocsin.matching.warninglists import Warninglists
from tocsin.node.clearances import Clearances, Snapshot
from tocsin.node.evaluating import Evaluated, Unmet, evaluated
from tocsin.sharing.facts import NO_PAP, NO_TLP, facts_of
from tocsin.sharing.labels import Label
from tocsin.sharing.release import Clearance, Released
from tocsin.stix.patterns import Pattern
from tocsin.stix.timestamps import micros_or_none
from tocsin.store import Store, placed
from tocsin.store.placed import Placed
from tocsin.store.values import Stale

OBSERVABLES = ("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file")
"""Cyber-observables that can be hunted for on demand: nobody said that they are malicious."""

SIGMA = "sigma"


class Source(msgspec.Struct, frozen=True):
    """One organisation's assertion of an indicator: who shared it, under which marking, where it is kept.

    `tlp` is "TLP:GREEN" and the like, "unmarked", or "unknown marking". `own`: it is the node's own organisation.
    """

    owner: str
    owner_name: str
    tlp: str
    label: Label
    label_id: int
    collection: UUID
    own: bool = False


class Catalogue(msgspec.Struct, frozen=True):
    """An index and what is known about its indicators.

    Attributes:
        index: what to look for.
        sources: for each `Indicator.tag`, who asserted it so.
        indicators: how many indicators were considered.
        passed: how many patterns or values are not looked for, by rule.
        examples: one of them by rule: indicator and reason.
        lists: warninglists.
        evaluated: patterns that no value alone meets. Their clues are entries of the index, too.
        rules: indicators whose patterns are Sigma rules, by tag; they count as passed over where they are not judged (`node.ruling`).
    """

    index: Index
    sources: Sequence[tuple[Source, ...]]
    indicators: int
    passed: Counter[str]
    examples: dict[str, tuple[str, str]]
    lists: Warninglists
    evaluated: Evaluated = Evaluated()
    rules: dict[int, Indicator] = {}

    @property
    def values(self) -> int:
        """How many values are looked for on behalf of indicators."""
        return len(self.index) - len(self.evaluated.clues.entries)

    def is_own(self, tag: int) -> bool:
        """Return whether the node's own organisation is among those who asserted an indicator."""
        return any(source.own for source in self.sources[tag])


class _Written(msgspec.Struct):
    type: str
    id: str
    name: str = ""
    pattern: str = ""
    pattern_type: str = ""
    valid_from: str | None = None
    valid_until: str | None = None
    confidence: int | None = None


class Row(msgspec.Struct, gc=False):
    """A placement of an indicator, or of an observable with its properties in `data`."""

    cursor: int
    version: int
    revoked: bool
    label: int
    collection: UUID
    indicator: Indicator
    data: dict[str, Any] | None


_decode = msgspec.json.Decoder(_Written).decode


def held(store: Store, clearances: Clearances) -> Released[list[tuple[Indicator, tuple[Source, ...]]]]:
    """Return the indicators that the node's own organisation may match with, whatever language they are in, and who asserted each so."""

    def ask(clearance: Clearance) -> Released[list[Row]] | Stale:
        return placed.gather(store, ("indicator",), clearance, row_of)

    rows = clearances.ask(clearances.snapshot.own.id, ask, "match")
    source_of = Sources(clearances.snapshot)
    sources: dict[Indicator, tuple[Source, ...]] = {}
    for row in map(rows.value.__getitem__, latest(rows.value, clearances.snapshot)):
        sources[row.indicator] = (*sources.get(row.indicator, ()), source_of(row))
    return rows.derive(list(sources.items()))


def row_of(found: Placed) -> Row:
    """Return what a placement says to look for."""
    written = _decode(found.body)
    indicator = Indicator(
        id=written.id,
        name=written.name,
        pattern=written.pattern,
        pattern_type=written.pattern_type,
        valid_from=micros_or_none(written.valid_from),
        valid_until=micros_or_none(written.valid_until),
        confidence=written.confidence,
        observable=written.type != "indicator",
    )
    data = msgspec.json.decode(found.body) if indicator.observable else None
    return Row(found.cursor, found.version, found.revoked, found.label, found.collection, indicator, data)


class Wanted(msgspec.Struct, frozen=True):
    """What some indicators say to look for. Attributes are those of `Catalogue`; clues of patterns are among the entries."""

    entries: list[Entry]
    evaluated: Evaluated
    passed: Counter[str]
    examples: dict[str, tuple[str, str]]
    rules: dict[int, Indicator] = {}


def wanted_of(kept: Iterable[tuple[Indicator, dict[str, Any] | None]]) -> Wanted:
    """Return what indicators, and observables with their properties, say to look for, and what of it is passed over."""
    passed: Counter[str] = Counter()
    examples: dict[str, tuple[str, str]] = {}
    entries: list[Entry] = []
    patterns: list[tuple[Indicator, Pattern]] = []
    rules: dict[int, Indicator] = {}

    def passes(each: Passed | Unmet) -> None:
        passed[each.rule] += 1
        examples.setdefault(each.rule, (each.indicator, each.reason))

    for indicator, data in kept:
        if indicator.pattern_type == SIGMA:
            rules[indicator.tag] = indicator
            continue
        found = list(entries_of(indicator) if data is None else observable_entries(indicator, data))
        pattern = to_evaluate(indicator, found) if data is None else None
        if pattern is not None:
            patterns.append((indicator, pattern))
        for each in found:
            if isinstance(each, Entry):
                entries.append(each)
            elif pattern is None or each.rule not in EVALUATED:
                passes(each)
    ready, unmet = evaluated(patterns)
    for one in unmet:
        passes(one)
    return Wanted([*entries, *ready.clues.entries], ready, passed, examples, rules)


def latest(rows: Sequence[Row], snapshot: Snapshot) -> Iterator[int]:
    """Yield the position of each owner's latest version of each indicator, unless it is revoked."""
    found: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows):
        key = (row.indicator.id, snapshot.labels[row.label].owner)
        held = found.get(key)
        if held is None or newness(row) > newness(rows[held]):
            found[key] = number
    return (number for number in found.values() if not rows[number].revoked)


def newness(row: Row) -> tuple[int, int]:
    """Return what orders the rows of an owner: by version, and of equal ones the first that was added is the latest."""
    return row.version, -row.cursor


class Sources:
    """The sources of rows; rows of one label set in one collection share theirs."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Word them as the snapshot names organisations and markings."""
        self._snapshot = snapshot
        self._made: dict[tuple[int, UUID], Source] = {}

    def __call__(self, row: Row) -> Source:
        """Return the source of a row."""
        return self.of(row.label, row.collection)

    def of(self, label: int, collection: UUID) -> Source:
        """Return the source of what stands under a label set in a collection."""
        source = self._made.get((label, collection))
        if source is None:
            source = self._made[label, collection] = self._make(label, collection)
        return source

    def _make(self, label_id: int, collection: UUID) -> Source:
        label = self._snapshot.labels[label_id]
        return Source(
            owner=label.owner,
            owner_name=name_of(label.owner, self._snapshot),
            tlp=marking_of(label, self._snapshot),
            label=label,
            label_id=label_id,
            collection=collection,
            own=label.owner == self._snapshot.own.id,
        )


def name_of(organisation: str, snapshot: Snapshot) -> str:
    """Return the name of an organisation, or its id where it is not known."""
    known = snapshot.organisations.get(organisation)
    return organisation if known is None else known.name


def marking_of(label: Label, snapshot: Snapshot) -> str:
    """Return how a label set is marked, for people: "TLP:GREEN PAP:AMBER" and the like, "unmarked", or "unknown marking"."""
    # neither levels nor what is understood depend on the moment
    facts = facts_of(label, snapshot.definitions, own=snapshot.own.id, now=0)
    if not facts.understood:
        return "unknown marking"
    level = "unmarked" if facts.tlp == NO_TLP else f"TLP:{facts.tlp.upper()}"
    return level if facts.pap == NO_PAP else f"{level} PAP:{facts.pap.upper()}"
