"""From an observation expression to its alternatives: slots to be filled by observations, and constraints on their times.

OR gives alternatives; AND puts slots side by side; REPEATS multiplies how many observations a slot takes. What is left are two
constraints on moments (STIX 2.1 section 9.5): WITHIN, all of a group less than some time apart, and FOLLOWEDBY, none of one group later than any of
another. START and STOP narrow the moments of the slots they stand over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import combinations_with_replacement, product
from typing import Final, TypeAlias

import msgspec

from tocsin.clock import Micros
from tocsin.errors import LimitError
from tocsin.stix.patterns.ast import (
    Both,
    Either,
    Expression,
    FollowedBy,
    Observation,
    Qualified,
    Repeats,
    StartStop,
    Test,
    Within,
)

MOST_ALTERNATIVES: Final = 256
"""Alternatives that the ORs of one pattern may come to."""
MOST_SLOTS: Final = 64
"""Slots that one alternative may have; REPEATS of a single observation expression is one."""
MOST_TIMES: Final = 2_000
"""Observations that one alternative may ask for."""

EVER: Final = 1 << 62
"""Later than any moment."""


class Slot(msgspec.Struct, frozen=True, gc=False):
    """A place for observations.

    Attributes:
        tests: numbers of the tests of which one must hold.
        count: how many observations it takes.
        start, end: what lies between their moments, both included.
    """

    tests: tuple[int, ...]
    count: int = 1
    start: Micros = -EVER
    end: Micros = EVER


class Together(msgspec.Struct, frozen=True, gc=False):
    """All of its parts, by different observations."""

    parts: tuple[Node, ...]


class Sequence_(msgspec.Struct, frozen=True, gc=False):  # noqa: N801  (Sequence is taken)
    """All of its parts, none later than the ones after it."""

    parts: tuple[Node, ...]


class Span(msgspec.Struct, frozen=True, gc=False):
    """A part whose observations are less than `length` microseconds apart."""

    part: Node
    length: Micros


Node: TypeAlias = Slot | Together | Sequence_ | Span


def alternatives(expression: Expression, number: Callable[[Test], int]) -> list[Node]:
    """Return the ways in which an expression can be met, each without OR.

    Args:
        expression: an observation expression.
        number: gives a test its number.

    Raises:
        LimitError: they are more, or larger, than `MOST_ALTERNATIVES`, `MOST_SLOTS` and `MOST_TIMES` allow.
    """
    found = _alternatives(expression, number)
    for node in found:
        own = slots_of(node)
        if len(own) > MOST_SLOTS or sum(slot.count for slot in own) > MOST_TIMES:
            raise LimitError(
                f"pattern asks for {sum(slot.count for slot in own):,} observations in {len(own):,} places; "
                f"{MOST_TIMES:,} in {MOST_SLOTS} are the most that is kept in mind"
            )
    return found


def slots_of(node: Node) -> list[Slot]:
    """Return the slots of a node from left to right."""
    match node:
        case Slot():
            return [node]
        case Span():
            return slots_of(node.part)
        case _:
            return [slot for part in node.parts for slot in slots_of(part)]


def _alternatives(node: Expression, number: Callable[[Test], int]) -> list[Node]:
    match node:
        case Observation():
            return [Slot((number(node.test),))]
        case Qualified():
            found = _alternatives(node.expression, number)
            for qualifier in node.qualifiers:
                match qualifier:
                    case Within():
                        length = math.ceil(Decimal(repr(qualifier.seconds)) * 1_000_000)
                        found = [_within(each, length) for each in found]
                    case Repeats():
                        found = _repeated(found, qualifier.times)
                    case StartStop():
                        start, end = qualifier.start.at, qualifier.stop.at - 1
                        found = [between(each, start, end) for each in found]
            return found
        case Either():
            return _merged([each for child in node.operands for each in _alternatives(child, number)])
        case Both() | FollowedBy():
            choices = [_alternatives(child, number) for child in node.operands]
            _check(math.prod(map(len, choices)), sum(len(slots_of(each[0])) for each in choices))
            made = Together if isinstance(node, Both) else Sequence_
            return [made(parts) for parts in product(*choices)]


def _within(node: Node, length: Micros) -> Node:
    # one observation alone lies within any time
    return node if isinstance(node, Slot) and node.count == 1 else Span(node, length)


def _repeated(found: list[Node], times: int) -> list[Node]:
    if times == 1:
        return found
    if len(found) == 1:
        return [_times(found[0], times)]
    _check(math.comb(len(found) + times - 1, times) if times < MOST_SLOTS else EVER, times)
    return [Together(parts) for parts in combinations_with_replacement(found, times)]


def _times(node: Node, times: int) -> Node:
    match node:
        case Slot():
            return Slot(node.tests, node.count * times, node.start, node.end)
        case Together():  # (a AND b) REPEATS 5 TIMES asks for five of each, in no order
            return Together(tuple(_times(part, times) for part in node.parts))
        case _:
            _check(1, times * len(slots_of(node)))
            return Together((node,) * times)


def between(node: Node, start: Micros, end: Micros) -> Node:
    """Return a node whose observations lie between two moments, both included."""
    match node:
        case Slot():
            return Slot(node.tests, node.count, max(node.start, start), min(node.end, end))
        case Span():
            return Span(between(node.part, start, end), node.length)
        case _:
            return type(node)(tuple(between(part, start, end) for part in node.parts))


def _merged(found: Sequence[Node]) -> list[Node]:
    """Return alternatives with the single observations of the same time put into one slot."""
    merged: dict[tuple[Micros, Micros], list[int]] = {}
    others: list[Node] = []
    for node in found:
        if isinstance(node, Slot) and node.count == 1:
            merged.setdefault((node.start, node.end), []).extend(node.tests)
        else:
            others.append(node)
    slots = [Slot(tuple(dict.fromkeys(tests)), 1, *limits) for limits, tests in merged.items()]
    _check(len(slots) + len(others), 1)
    return [*slots, *others]


def _check(ways: int, slots: int) -> None:
    if ways > MOST_ALTERNATIVES or slots > MOST_SLOTS:
        raise LimitError(
            f"pattern has more than {MOST_ALTERNATIVES} alternatives or {MOST_SLOTS} places for observations",
            hint="split it into several indicators, one for each alternative",
        )
