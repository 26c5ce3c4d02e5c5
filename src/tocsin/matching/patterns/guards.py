"""Which comparisons of a test are necessary: unless one of them holds, the test cannot (the atoms of a shared index).

Of operands joined by AND one is enough, and the one that is cheapest to look up and rarest to hold is taken; of operands joined by OR all
are needed.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from tocsin.matching.patterns.comparing import constant_key
from tocsin.matching.patterns.paths import is_binary
from tocsin.stix.patterns.ast import AllOf, Comparison, Test


class Kind(IntEnum):
    """How a comparison is looked up; the lower, the better."""

    EQUAL = 0
    """One look into a table finds all that hold."""
    RANGE = 1
    """One look for each length of prefix that some range has."""
    VALUE = 2
    """Each is tried on each value of the path that was not met before."""
    TYPE = 3
    """Nothing can be looked up: evaluated on each object of its type."""


class Guards(msgspec.Struct, frozen=True, gc=False):
    """The necessary comparisons of a test.

    Attributes:
        kind: the worst of them.
        comparisons: one of these holds whenever the test does.
    """

    kind: Kind
    comparisons: tuple[Comparison, ...]


def guards(test: Test) -> Guards:
    """Return the comparisons of which one holds whenever the test does."""
    if isinstance(test, Comparison):
        return _of(test)
    found = [guards(operand) for operand in test.operands]
    if isinstance(test, AllOf):
        return min(found, key=lambda each: (each.kind, len(each.comparisons)))
    return Guards(
        max(each.kind for each in found),
        tuple(comparison for each in found for comparison in each.comparisons),
    )


def kind_of(comparison: Comparison) -> Kind:
    """Return how a comparison is looked up."""
    if comparison.negated:
        return Kind.TYPE
    binary = is_binary(comparison.path)
    match comparison.operator:
        case "EXISTS":
            return Kind.TYPE
        case "=" | "IN":
            constants = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
            keyed = all(
                each is not None and constant_key(each, binary=binary) is not None for each in constants
            )
            return Kind.EQUAL if keyed else Kind.VALUE
        case "ISSUBSET":
            return Kind.RANGE
        case _:
            return Kind.VALUE


def _of(comparison: Comparison) -> Guards:
    if comparison.negated and comparison.operator == "!=":  # no value differs, so the first one is equal
        comparison = Comparison(comparison.path, "=", comparison.value)
    return Guards(kind_of(comparison), (comparison,))
