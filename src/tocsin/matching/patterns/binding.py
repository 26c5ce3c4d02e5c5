"""Filling the slots of a pattern with observations, the newest among them (STIX 2.1 section 9.5).

An observation was made at a moment that is not known, from its first to its last; slots are filled if moments can be chosen that meet all
constraints. With limits clamped to START and STOP this is so exactly if, for each FOLLOWEDBY, no first of the left is later than a last
of the right, and for each WITHIN, the latest first is less than its length after the earliest last. Both become plain limits for each slot once one
threshold is chosen, and thresholds are moments of observations; what remains is a flow. Work is bounded; where the bound is met, the search is given up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from tocsin.clock import Micros
from tocsin.matching.patterns.flow import assign
from tocsin.matching.patterns.leaves import Evidence
from tocsin.matching.patterns.shapes import EVER, Node, Sequence_, Slot, Span, Together

MOST_WORK: Final = 200_000
"""Comparisons of moments that one search may take, about 50 ms."""


class Seen:
    """An observation that met some test of a pattern.

    Attributes:
        place: its number in the stream.
        first, last: between which moments it was made, both included.
        left: how many of the observations it stands for are not used up.
        why: for each test that holds, the object and the reason.
    """

    __slots__ = ("first", "last", "left", "place", "why")

    def __init__(
        self, place: int, first: Micros, last: Micros, left: int, why: dict[int, tuple[str, Evidence]]
    ) -> None:
        """Keep an observation."""
        self.place, self.first, self.last, self.left, self.why = place, first, last, left, why


class Apart(msgspec.Struct, frozen=True, gc=False):
    """WITHIN: the slots of `group` less than `length` microseconds apart."""

    group: tuple[int, ...]
    length: Micros


class Order(msgspec.Struct, frozen=True, gc=False):
    """FOLLOWEDBY: no slot of `left` later than one of `right`."""

    left: tuple[int, ...]
    right: tuple[int, ...]


class Shape:
    """One alternative of a pattern, ready to be filled.

    Attributes:
        slots: from left to right.
        constraints: on their times.
        horizon: how far apart all of them may be at most, None where it is not limited.
    """

    def __init__(self, node: Node) -> None:
        """Lay out the slots of a node and the constraints on them."""
        self.slots: list[Slot] = []
        self.constraints: list[Apart | Order] = []
        self._roles: list[tuple[int, ...]] = []
        self._lay(node, ())
        self.constraints.sort(key=lambda each: isinstance(each, Order))
        self.horizon = node.length if isinstance(node, Span) else None
        self.tests = frozenset(test for slot in self.slots for test in slot.tests)

    def _lay(self, node: Node, role: tuple[int, ...]) -> None:
        begin = len(self.slots)
        match node:
            case Slot():
                self.slots.append(node)
                self._roles.append(role)
            case Span():
                self._lay(node.part, role)
                self.constraints.append(Apart(tuple(range(begin, len(self.slots))), node.length))
            case Together():
                for part in node.parts:  # copies made by REPEATS are one object: they play one role
                    self._lay(part, (*role, next(n for n, other in enumerate(node.parts) if other is part)))
            case Sequence_():
                starts = []
                for number, part in enumerate(node.parts):
                    starts.append(len(self.slots))
                    self._lay(part, (*role, number))
                for middle in starts[1:]:
                    left, right = range(begin, middle), range(middle, len(self.slots))
                    self.constraints.append(Order(tuple(left), tuple(right)))

    def openings(self, seen: Seen) -> Iterator[int]:
        """Yield the slots that an observation may fill, one of each role."""
        tried = set()
        for number, slot in enumerate(self.slots):
            if self._roles[number] not in tried and any(test in seen.why for test in slot.tests):
                tried.add(self._roles[number])
                yield number

    def test(self, number: int, seen: Seen) -> int:
        """Return the test by which an observation fills a slot."""
        return next(test for test in self.slots[number].tests if test in seen.why)

    def takes(self, seen: Seen) -> bool:
        """Tell whether an observation may fill some slot, by its tests and time."""
        return any(
            seen.first <= slot.end
            and seen.last >= slot.start
            and any(test in seen.why for test in slot.tests)
            for slot in self.slots
        )


class GaveUpError(Exception):
    """The bound on work was met."""


Filled: TypeAlias = list[tuple[int, Seen, int]]
"""Slot, observation and how many of what it stands for."""
_Candidate: TypeAlias = tuple[Micros, Micros, Seen]
_Candidates: TypeAlias = list[list[_Candidate]]


def fill(shape: Shape, kept: Sequence[Seen], newest: Seen) -> Filled | None:
    """Return a way to fill the slots of a shape with observations, `newest` among them; None if there is none.

    Raises:
        GaveUpError: it was not found within `MOST_WORK`.
    """
    search = _Search(shape, kept, newest)
    for opening in shape.openings(newest):
        found = search.run(opening)
        if found is not None:
            return found
    return None


class _Search:
    def __init__(self, shape: Shape, kept: Sequence[Seen], newest: Seen) -> None:
        self._shape = shape
        self._newest = newest
        self._work = MOST_WORK
        self._opening = 0
        everyone = [*kept, newest]
        self._all = [self._candidates(slot, everyone) for slot in shape.slots]

    def _candidates(self, slot: Slot, everyone: Sequence[Seen]) -> list[_Candidate]:
        self._spend(len(everyone))
        found = []
        for seen in everyone:
            first, last = max(seen.first, slot.start), min(seen.last, slot.end)
            if first <= last and any(test in seen.why for test in slot.tests):
                found.append((first, last, seen))
        return found

    def _spend(self, work: int) -> None:
        self._work -= work
        if self._work < 0:
            raise GaveUpError

    def run(self, opening: int) -> Filled | None:
        """Search with the newest in one slot."""
        self._opening = opening
        return self._go(0, self._all)

    def _go(self, depth: int, candidates: _Candidates) -> Filled | None:
        filled = self._flow(candidates)
        constraints = self._shape.constraints
        if filled is None or depth == len(constraints):
            return filled
        constraint = constraints[depth]
        for threshold in self._thresholds(constraint, candidates):
            found = self._go(depth + 1, self._narrowed(constraint, threshold, candidates))
            if found is not None:
                return found
        return None

    def _thresholds(self, constraint: Apart | Order, candidates: _Candidates) -> Iterator[Micros]:
        """Yield the moments that can be the earliest last of a group, or the latest first of a left side."""
        if isinstance(constraint, Apart):
            lasts = {last for slot in constraint.group for _, last, _ in candidates[slot]}
            if self._opening in constraint.group:
                own = self._own(candidates)
                lasts = {last for last in lasts if own[0] - constraint.length < last <= own[1]}
            yield from sorted(lasts, reverse=True)
            return
        firsts = {first for slot in constraint.left for first, _, _ in candidates[slot]}
        # what every slot of either side can bear
        least = max(min((f for f, _, _ in candidates[slot]), default=EVER) for slot in constraint.left)
        most = min(max((b for _, b, _ in candidates[slot]), default=-EVER) for slot in constraint.right)
        if self._opening in constraint.left:
            least = max(least, self._own(candidates)[0])
        elif self._opening in constraint.right:
            most = min(most, self._own(candidates)[1])
        yield from sorted(first for first in firsts if least <= first <= most)

    def _own(self, candidates: _Candidates) -> tuple[Micros, Micros]:
        first, last, _ = candidates[self._opening][
            -1
        ]  # the newest is last; the flow has seen that it is there
        return first, last

    def _narrowed(self, constraint: Apart | Order, threshold: Micros, candidates: _Candidates) -> _Candidates:
        narrowed = list(candidates)
        if isinstance(constraint, Apart):
            bounds = dict.fromkeys(constraint.group, (threshold, threshold + constraint.length - 1))
        else:
            bounds = dict.fromkeys(constraint.left, (-EVER, threshold))
            bounds |= dict.fromkeys(constraint.right, (threshold, EVER))
        for slot, (earliest, latest) in bounds.items():
            self._spend(len(candidates[slot]))
            narrowed[slot] = [each for each in candidates[slot] if each[0] <= latest and each[1] >= earliest]
        return narrowed

    def _flow(self, candidates: _Candidates) -> Filled | None:
        """Return a filling that looks at tests and numbers only, None if there is none."""
        own = candidates[self._opening]
        if not own or own[-1][2] is not self._newest:
            return None
        masks: Counter[Seen] = Counter()
        for slot, found in enumerate(candidates):
            self._spend(len(found))
            for _, _, seen in found:
                masks[seen] |= 1 << slot
        groups: dict[int, list[tuple[Seen, int]]] = {}
        for seen, mask in masks.items():
            left = seen.left - (seen is self._newest)
            if left > 0:
                groups.setdefault(mask, []).append((seen, left))
        need = [slot.count - (number == self._opening) for number, slot in enumerate(self._shape.slots)]
        supply = {mask: sum(left for _, left in members) for mask, members in groups.items()}
        flows = assign(need, supply)
        if flows is None:
            return None
        return [(self._opening, self._newest, 1), *_handed_out(flows, groups)]


def _handed_out(flows: dict[tuple[int, int], int], groups: dict[int, list[tuple[Any, int]]]) -> Filled:
    """Return who in each group fills which slot, the oldest first."""
    filled: Filled = []
    stocks = {mask: list(reversed(members)) for mask, members in groups.items()}
    for (slot, mask), amount in flows.items():
        wanted = amount
        while wanted:
            seen, left = stocks[mask].pop()
            taken = min(wanted, left)
            filled.append((slot, seen, taken))
            wanted -= taken
            if left > taken:
                stocks[mask].append((seen, left - taken))
    return filled
