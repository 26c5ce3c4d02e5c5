"""Observations one after the other: what the last one completes, and what must be kept for those to come.

State is bounded: what WITHIN no longer allows to be part of a hit is forgotten, and of each sort of observation (those for which the
same tests hold) a pattern keeps only so many. What a hit used is not used again by the same pattern, so a flood of one
event gives as many alerts as it has groups, not as it has combinations.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from tocsin.clock import Micros
from tocsin.matching.patterns.binding import GaveUpError, Seen, Shape, fill
from tocsin.matching.patterns.index import Index
from tocsin.matching.patterns.leaves import Evidence
from tocsin.matching.patterns.observed import Observed
from tocsin.matching.patterns.shapes import EVER, Slot

_Why: TypeAlias = dict[int, tuple[str, Evidence]]
_Parts: TypeAlias = list[tuple[int, Seen, int]]  # test, observation, how many of what it stands for


class Binding(msgspec.Struct, frozen=True, gc=False):
    """One value that made a pattern match.

    Attributes:
        observation: number of the observation, from 0 in the order they came.
        object: what the root object is called in it.
        path: the object path as the pattern has it.
        value: what stands there; None where nothing had to (NOT EXISTS).
    """

    observation: int
    object: str
    path: str
    value: Any


class PatternHit(msgspec.Struct, frozen=True, gc=False):
    """A pattern that matched.

    Attributes:
        id: of the pattern.
        observations: numbers of the observations that met it, ascending; the last to come is among them.
        bindings: why, by the parts of the pattern from left to right.
    """

    id: str
    observations: tuple[int, ...]
    bindings: tuple[Binding, ...]


class Compiled(msgspec.Struct, frozen=True, gc=False):
    """A pattern as a stream uses it.

    Attributes:
        id: of the pattern.
        singles: alternatives that one observation meets.
        shapes: alternatives that take several.
        tests: numbers of all tests.
        horizon: microseconds after which an observation cannot be part of a hit any more, None if it always can.
    """

    id: str
    singles: tuple[Slot, ...]
    shapes: tuple[Shape, ...]
    tests: frozenset[int]
    horizon: Micros | None


class _State:
    """What one pattern keeps: observations by the tests that hold for them, each sort in the order they came."""

    def __init__(self) -> None:
        self.sorts: dict[frozenset[int], deque[Seen]] = {}

    def forget(self, before: Micros) -> None:
        for sort in [*self.sorts]:
            kept = self.sorts[sort]
            while kept and kept[0].last <= before:
                kept.popleft()
            if not kept:
                del self.sorts[sort]

    def forget_used(self) -> None:
        for sort, kept in [*self.sorts.items()]:
            left = deque(seen for seen in kept if seen.left)
            if left:
                self.sorts[sort] = left
            else:
                del self.sorts[sort]

    def could_fill(self, shape: Shape, newest: Seen) -> bool:
        """Tell cheaply whether each slot has anyone at all."""
        there = set(newest.why).union(*self.sorts)
        return all(any(test in there for test in slot.tests) for slot in shape.slots)

    def all(self) -> list[Seen]:
        return sorted((seen for kept in self.sorts.values() for seen in kept), key=lambda seen: seen.place)


class Stream:
    """The state of matching a set of patterns; made by `PatternSet.stream`.

    Attributes:
        dropped: observations forgotten because a pattern kept too many of their sort: a hit with one of them would be missed.
        abandoned: searches given up because there were too many ways to look at; the hit may be found with a later observation.
    """

    def __init__(
        self, index: Index, patterns: Sequence[Compiled], *, lateness: Micros | None, kept: int
    ) -> None:
        """Begin with nothing seen."""
        self.dropped = 0
        self.abandoned = 0
        self._hits = index.hits
        self._patterns = patterns
        self._lateness = lateness
        self._kept = kept
        self._next = 0
        self._latest = -EVER
        self._states: dict[int, _State] = {}
        self._users: dict[int, list[int]] = {}
        for position, pattern in enumerate(patterns):
            for test in pattern.tests:
                self._users.setdefault(test, []).append(position)

    def feed(self, observed: Observed) -> list[PatternHit]:
        """Return the hits that an observation completes, at most one for each pattern."""
        place = self._next
        self._next += 1
        self._latest = max(self._latest, observed.first)
        why = self._hits(observed.objects)
        if not why:
            return []
        touched = sorted({position for test in why for position in self._users.get(test, ())})
        found = []
        for position in touched:
            hit = self._meet(position, observed, place, why)
            if hit is not None:
                found.append(hit)
        return found

    def kept(self) -> int:
        """Return how many observations are kept, each once for every pattern that keeps it."""
        return sum(len(kept) for state in self._states.values() for kept in state.sorts.values())

    def held(self) -> frozenset[int]:
        """Return the numbers of the observations that a later hit may name."""
        kept = (seen for state in self._states.values() for each in state.sorts.values() for seen in each)
        return frozenset(seen.place for seen in kept)

    def _meet(self, position: int, observed: Observed, place: int, why: _Why) -> PatternHit | None:
        pattern = self._patterns[position]
        for slot in pattern.singles:
            if observed.first <= slot.end and observed.last >= slot.start:
                for test in slot.tests:
                    if test in why:
                        return PatternHit(pattern.id, (place,), tuple(_bindings(place, why[test])))
        if not pattern.shapes:
            return None
        own = {test: reason for test, reason in why.items() if test in pattern.tests}
        newest = Seen(place, observed.first, observed.last, observed.times, own)
        state = self._states.setdefault(position, _State())
        if self._lateness is not None and pattern.horizon is not None:
            state.forget(self._latest - self._lateness - pattern.horizon)
        filled = self._search(pattern, state, newest)
        if filled is not None:
            for _, seen, taken in filled:
                seen.left -= taken
            state.forget_used()
        if newest.left and any(shape.takes(newest) for shape in pattern.shapes):
            self._keep(state, newest)
        if not state.sorts:
            del self._states[position]
        return None if filled is None else _hit(pattern.id, filled)

    def _search(self, pattern: Compiled, state: _State, newest: Seen) -> _Parts | None:
        possible = [shape for shape in pattern.shapes if state.could_fill(shape, newest)]
        if not possible:
            return None
        kept = state.all()
        for shape in possible:
            try:
                filled = fill(shape, kept, newest)
            except GaveUpError:
                self.abandoned += 1
                continue
            if filled is not None:
                filled.sort(key=lambda each: each[0])
                return [(shape.test(slot, seen), seen, taken) for slot, seen, taken in filled]
        return None

    def _keep(self, state: _State, newest: Seen) -> None:
        kept = state.sorts.setdefault(frozenset(newest.why), deque())
        kept.append(newest)
        if len(kept) > self._kept:
            kept.popleft()
            self.dropped += 1


def _bindings(place: int, why: tuple[str, Evidence]) -> list[Binding]:
    name, evidence = why
    return [Binding(place, name, path, value) for path, value in evidence]


def _hit(identifier: str, filled: _Parts) -> PatternHit:
    bindings: list[Binding] = []
    for test, seen, _taken in filled:
        bindings += _bindings(seen.place, seen.why[test])
    unique = list({(each.observation, each.object, each.path): each for each in bindings}.values())
    return PatternHit(identifier, tuple(sorted({seen.place for _, seen, _taken in filled})), tuple(unique))
