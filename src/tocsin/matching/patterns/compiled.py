"""Thousands of patterns compiled together: `compile_patterns` makes a `PatternSet`, which is asked with `match` or `stream`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tocsin.clock import Micros
from tocsin.errors import InputError
from tocsin.matching.patterns.binding import Shape
from tocsin.matching.patterns.guards import Kind
from tocsin.matching.patterns.index import Index
from tocsin.matching.patterns.observed import Observed
from tocsin.matching.patterns.shapes import EVER, Slot, alternatives, between
from tocsin.matching.patterns.stream import Compiled, PatternHit, Stream
from tocsin.stix.patterns import parse

KEPT: Final = 2_000
"""Observations of one sort that a stream keeps for one pattern, if not told otherwise."""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A pattern that was not compiled.

    Attributes:
        id: of the pattern.
        code: stable name of what is wrong, such as `pattern-regex` or `limit`.
        reason: one sentence for people.
    """

    id: str
    code: str
    reason: str


class PatternSet:
    """Patterns compiled together; it does not change, and any number of streams may use it.

    Attributes:
        refused: what could not be compiled, and why.
        horizon: microseconds after which an observation cannot be part of a hit of any of them any more, None if it always can.
        unindexed: how many patterns have a part that no table finds, so that it is evaluated on every new value of its
            path, or on every object of its type.
    """

    def __init__(self, index: Index, patterns: tuple[Compiled, ...], refused: tuple[Refused, ...]) -> None:
        """Put together what `compile_patterns` made."""
        self._index = index
        self._patterns = patterns
        self.refused = refused
        horizons = [each.horizon for each in patterns if each.shapes]
        limited = [each for each in horizons if each is not None]
        self.horizon = max(limited, default=0) if len(limited) == len(horizons) else None
        self.unindexed = sum(any(index.kind(test) > Kind.RANGE for test in each.tests) for each in patterns)

    def __len__(self) -> int:
        return len(self._patterns)

    def stream(self, *, lateness: Micros | None = 0, kept: int = KEPT) -> Stream:
        """Return a stream to feed observations to, one after the other.

        Args:
            lateness: by how many microseconds an observation may come after later ones and still be put together with others
                under WITHIN; None if they come in any order, so that time says nothing about what can be forgotten.
            kept: how many observations of one sort are kept for one pattern, so that memory is bounded; the oldest are forgotten.
        """
        return Stream(self._index, self._patterns, lateness=lateness, kept=kept)

    def match(self, observations: Iterable[Observed], *, kept: int = KEPT) -> Iterator[PatternHit]:
        """Yield the hits in observations, which may come in any order.

        A pattern that one observation meets hits once for each such observation. One that asks for several hits each time an
        observation completes it; an observation is part of at most as many hits of a pattern as it stands for observations.
        """
        stream = self.stream(lateness=None, kept=kept)
        for each in observations:
            yield from stream.feed(each)


def compile_patterns(patterns: Iterable[tuple[str, str, Micros | None, Micros | None]]) -> PatternSet:
    """Compile patterns together. One that cannot be is in `refused` of the result, and the others are not touched by it.

    Args:
        patterns: for each its id, its text, and from when until when it is valid (`valid_from` included, `valid_until` not; None is
            without limit). It is met only by observations that may have been made in that time.
    """
    index = Index()
    compiled: list[Compiled] = []
    refused: list[Refused] = []
    for identifier, text, start, end in patterns:
        try:
            compiled.append(_compiled(index, identifier, text, -EVER if start is None else start, end))
        except InputError as error:
            refused.append(Refused(identifier, getattr(error, "rule", error.code), str(error)))
    return PatternSet(index, tuple(compiled), tuple(refused))


def _compiled(index: Index, identifier: str, text: str, start: Micros, end: Micros | None) -> Compiled:
    last = EVER if end is None else end - 1
    nodes = [between(node, start, last) for node in alternatives(parse(text).expression, index.add)]
    singles = tuple(node for node in nodes if isinstance(node, Slot) and node.count == 1)
    shapes = tuple(Shape(node) for node in nodes if not (isinstance(node, Slot) and node.count == 1))
    horizons = [shape.horizon for shape in shapes]
    limited = [each for each in horizons if each is not None]
    return Compiled(
        id=identifier,
        singles=singles,
        shapes=shapes,
        tests=frozenset(test for slot in singles for test in slot.tests).union(
            *(each.tests for each in shapes)
        ),
        horizon=max(limited) if len(limited) == len(horizons) and limited else None,
    )
