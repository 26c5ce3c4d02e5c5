"""Which values of a pool a list holds, best first.

Rank: confidence decayed to the full hour (`matching.decay`), the highest of those who assert the value; then how many organisations assert it; then how
often it was seen; then what was changed last; equals in a fixed order. Each number stands in `Item`, so a rank can be explained by reading it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.clock import Micros
from tocsin.formats.outputs import RULES, Item
from tocsin.matching.decay import confidences_at
from tocsin.matching.values import EXACT, FOLDED, HASH_KINDS
from tocsin.node.outputs.fitness import PRIVATE
from tocsin.node.outputs.pool import KIND_CODES, KIND_NAMES, NEVER, Pool

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_ABOUT: Final = {
    "wide-range": frozenset(("cidr",)),
    "no-host": frozenset(("ipv4", "ipv6", "cidr", "url")),
    "single-label": frozenset(("domain", "email")),
    "empty-file": frozenset(HASH_KINDS.values()),
    "no-word": FOLDED | EXACT,
}
"""Which kinds of values some rules of `matching.entries` are about."""
HOUR: Final[Micros] = 3_600_000_000
"""Confidence is as of the last full hour, so that a list does not change from second to second."""


class Wanted(msgspec.Struct, frozen=True):
    """What a list is to hold.

    Attributes:
        kinds: of values and rules.
        limit: most items.
        min_confidence: least confidence, decayed.
        tlp: words of levels (`sharing.facts`) that placements may have; empty for any, and for none.
        collections: ids of collections that placements may stand in; None for any.
    """

    kinds: frozenset[str]
    limit: int
    min_confidence: int = 0
    tlp: frozenset[str] = frozenset()
    collections: frozenset[str] | None = None


class Ranked:
    """Values in their order, each made to an item when it is asked for; with counts of what was left out and why."""

    def __init__(self, columns: _Columns, left_out: Counter[str], until: Micros) -> None:
        """Take what `rank` worked out."""
        self._columns = columns
        self.left_out = left_out
        self.until = until

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._columns.value)

    def __iter__(self) -> Iterator[Item]:
        """Yield items, best first."""
        return self._columns.items()


class _Columns(msgspec.Struct, frozen=True):
    """One entry for each value, in the order of the list."""

    pool: Pool
    levels: list[str]
    value: Ints
    confidence: Ints
    sources: Ints
    sightings: Ints
    since: Ints
    until: Ints
    modified: Ints
    best: Ints

    def items(self) -> Iterator[Item]:
        pool = self.pool
        columns = (
            self.value,
            self.confidence,
            self.sources,
            self.sightings,
            self.since,
            self.until,
            self.modified,
            self.best,
        )
        step = 4096
        for start in range(0, len(self.value), step):
            batch = zip(*(column[start : start + step].tolist() for column in columns), strict=True)
            for value, confidence, sources, sightings, since, until, modified, best in batch:
                yield Item(
                    kind=KIND_NAMES[pool.kind[value]],
                    value=pool.texts[value],
                    confidence=confidence,
                    sources=sources,
                    sightings=sightings,
                    since=None if since == -NEVER else since,
                    until=None if until == NEVER else until,
                    modified=modified,
                    indicator=pool.ids[best],
                    name=pool.names[best],
                    tlp=self.levels[pool.place[best]],
                )


def rank(pool: Pool, wanted: Wanted, levels: list[str], now: Micros) -> Ranked:
    """Return the values of `pool` that are wanted and hold now.

    Args:
        pool: of one organisation.
        wanted: which; its limit is the caller's business.
        levels: for each of the pool's places its level as `sharing.facts` writes it; "" where it cannot be told.
        now: the moment.
    """
    rows = _Rows(pool, wanted, levels)
    left_out = _passed(pool, rows, wanted)
    valid = (rows.since <= now) & (now < rows.until)
    until = _next_change(rows, now)
    score = confidences_at(rows.confidence, rows.since, rows.decays, now - now % HOUR)
    points = np.floor(score + 1e-9).astype(np.int64)
    strong = points >= max(1, wanted.min_confidence)
    fit = rows.fit
    keep = valid & strong & fit
    _count(left_out, rows, pool, valid=valid, fit=fit, keep=keep)
    shown = [level.upper() if level != "none" else "" for level in levels]
    return Ranked(_group(pool, rows, points, keep, shown), left_out, until)


def _passed(pool: Pool, rows: _Rows, wanted: Wanted) -> Counter[str]:
    """Count what made no value, by rule, as far as the list could have held it."""
    if wanted.kinds.issubset(RULES):
        return Counter()
    found = pool.passed(rows.living)
    return Counter(
        {rule: count for rule, count in found.items() if _ABOUT.get(rule, wanted.kinds) & wanted.kinds}
    )


class _Rows:
    """The columns of those rows of a pool that could stand in a list."""

    def __init__(self, pool: Pool, wanted: Wanted, levels: list[str]) -> None:
        placed = np.array(
            [
                _may_stand(each.collection.hex, level, wanted)
                for each, level in zip(pool.places, levels, strict=True)
            ],
            bool,
        )
        alive = np.frombuffer(bytes(pool.alive), np.uint8).astype(bool)
        place = np.array(pool.place, np.int64)
        standing = alive & placed[place] if len(place) else alive
        self.living: set[int] | None = None
        if not placed.all():
            self.living = set(np.flatnonzero(standing).tolist())
        codes = np.zeros(len(KIND_NAMES), bool)
        codes[[KIND_CODES[kind] for kind in wanted.kinds]] = True
        value = np.array(pool.row_value, np.int64)
        placement = np.array(pool.row_placement, np.int64)
        kind = np.frombuffer(bytes(pool.kind), np.uint8)
        taken = (
            np.flatnonzero(standing[placement] & codes[kind[value]]) if len(value) else np.zeros(0, np.int64)
        )
        self.value: Ints = value[taken]
        self.placement: Ints = placement[taken]
        self.owner: Ints = np.array(pool.row_owner, np.int64)[taken]
        self.since: Ints = np.array(pool.since, np.int64)[taken]
        self.until: Ints = np.array(pool.until, np.int64)[taken]
        self.confidence: npt.NDArray[np.float64] = np.frombuffer(bytes(pool.confidence), np.uint8)[
            taken
        ].astype(np.float64)
        self.decays: Bools = np.frombuffer(bytes(pool.decays), np.uint8)[taken].astype(bool)
        count = len(pool.reasons)
        fit = np.fromiter((not reason for reason in pool.reasons), bool, count)
        private = np.fromiter((reason == PRIVATE for reason in pool.reasons), bool, count)
        own = self.owner == pool.reader  # who knows the network may look for an address of it
        self.fit: Bools = fit[self.value] | (private[self.value] & own) if count else np.zeros(0, bool)
        self.modified: Ints = np.array(pool.version, np.int64)[self.placement]


def _may_stand(collection: str, level: str, wanted: Wanted) -> bool:
    if wanted.tlp and level not in wanted.tlp:
        return False
    return wanted.collections is None or collection in wanted.collections


def _next_change(rows: _Rows, now: Micros) -> Micros:
    """Return the first moment at which a list may be another one by itself."""
    moments = [now - now % HOUR + HOUR]
    for column in (rows.since, rows.until):
        later = column[column > now]
        if len(later):
            moments.append(int(later.min()))
    return min(moments)


def _count(left_out: Counter[str], rows: _Rows, pool: Pool, *, valid: Bools, fit: Bools, keep: Bools) -> None:
    """Count the values that no row keeps, each under the first thing that is against it."""

    def those(mask: Bools) -> Bools:
        found = np.zeros(len(pool.texts), bool)
        found[rows.value[mask]] = True
        return found

    seen = those(keep)
    for mask, reason in ((valid & fit, "faded"), (fit, "not-valid"), (~fit, "")):
        others = those(mask) & ~seen
        if reason:
            if number := int(others.sum()):
                left_out[reason] += number
        else:
            left_out.update(pool.reasons[number] for number in np.flatnonzero(others).tolist())
        seen |= others


def _group(pool: Pool, rows: _Rows, points: Ints, keep: Bools, levels: list[str]) -> _Columns:
    """Put the rows of a value together, and values in order."""
    value, score, modified = rows.value[keep], points[keep], rows.modified[keep]
    placement, owner = rows.placement[keep], rows.owner[keep]
    if not len(value):
        empty = np.zeros(0, np.int64)
        return _Columns(pool, levels, *([empty] * 8))
    # of equals the one that was added first, so that the same rows make the same list
    order = np.lexsort((placement, -modified, -score, value))
    value, score, modified = value[order], score[order], modified[order]
    placement, owner = placement[order], owner[order]
    starts = np.flatnonzero(np.r_[True, value[1:] != value[:-1]])
    sources = _distinct(value, owner, starts)
    sightings = _sightings(pool, placement, starts)
    found = {
        "value": value[starts],
        "confidence": score[starts],
        "sources": sources,
        "sightings": sightings,
        "since": np.minimum.reduceat(rows.since[keep][order], starts),
        "until": np.maximum.reduceat(rows.until[keep][order], starts),
        "modified": np.maximum.reduceat(modified, starts),
        "best": placement[starts],
    }
    tie = np.array(pool.tie, np.uint64)[found["value"]]
    best = np.lexsort((tie, -found["modified"], -found["sightings"], -found["sources"], -found["confidence"]))
    return _Columns(pool, levels, **{name: column[best] for name, column in found.items()})


def _distinct(value: Ints, owner: Ints, starts: Ints) -> Ints:
    """Return for each value how many owners its rows have; rows of a value stand together."""
    order = np.lexsort((owner, value))
    sorted_owner = owner[order]
    new = np.r_[True, sorted_owner[1:] != sorted_owner[:-1]]
    new[starts] = True
    found: Ints = np.add.reduceat(new.astype(np.int64), starts)
    return found


def _sightings(pool: Pool, placement: Ints, starts: Ints) -> Ints:
    """Return for each value how often the indicators of its rows were seen, each indicator counted once."""
    seen = np.zeros(len(starts), np.int64)
    if not pool.sightings:
        return seen
    counts: dict[int, int] = {}
    for indicator in pool.sightings:
        number = pool.sighted(indicator)
        if number:
            counts |= dict.fromkeys(pool.placements_of(indicator), number)
    if not counts:
        return seen
    sighted: npt.NDArray[Any] = np.zeros(len(pool.ids), bool)
    sighted[list(counts)] = True
    known: set[tuple[int, str]] = set()
    for row in np.flatnonzero(sighted[placement]).tolist():
        group = int(np.searchsorted(starts, row, "right")) - 1
        key = (group, pool.ids[int(placement[row])])
        if key not in known:
            known.add(key)
            seen[group] += counts[int(placement[row])]
    return seen
