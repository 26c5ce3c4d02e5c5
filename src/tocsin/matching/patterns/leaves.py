"""What stands in square brackets, as a function of one root object (STIX 2.1 section 9.5).

All comparisons of one observation expression start from the same object. A comparison whose path is not present is false
whatever its operator (9.6); NOT EXISTS alone is then true, of an object of that type. NOT negates the comparison as a whole: with `[*]` it
holds if no item passes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from tocsin.matching.patterns.comparing import predicate
from tocsin.matching.patterns.observed import Objects, Sco
from tocsin.matching.patterns.paths import is_binary, resolver
from tocsin.stix.patterns.ast import AllOf, Comparison, Test
from tocsin.stix.patterns.render import render_path

Evidence: TypeAlias = tuple[tuple[str, Any], ...]
"""Object paths and the values that made a test true, in the order of the pattern; None for a value that is not there."""
Leaf: TypeAlias = Callable[[Sco, Objects], Evidence | None]
"""From a root object and the objects beside it to why the test is true of it; None where it is not."""


def leaf(test: Test) -> Leaf:
    """Return a test as a function.

    Raises:
        ParseError: as `predicate`.
    """
    if isinstance(test, Comparison):
        return _comparison(test)
    operands = [leaf(operand) for operand in test.operands]
    return _all_of(operands) if isinstance(test, AllOf) else _any_of(operands)


def types_of(test: Test) -> frozenset[str]:
    """Return the object types that could meet a test."""
    if isinstance(test, Comparison):
        return frozenset((test.path.type,))
    found = [types_of(operand) for operand in test.operands]
    return frozenset.intersection(*found) if isinstance(test, AllOf) else frozenset.union(*found)


def _all_of(operands: list[Leaf]) -> Leaf:
    def every(root: Sco, objects: Objects) -> Evidence | None:
        why: list[tuple[str, Any]] = []
        for operand in operands:
            found = operand(root, objects)
            if found is None:
                return None
            why += found
        return tuple(why)

    return every


def _any_of(operands: list[Leaf]) -> Leaf:
    def some(root: Sco, objects: Objects) -> Evidence | None:
        for operand in operands:
            found = operand(root, objects)
            if found is not None:
                return found
        return None

    return some


def _comparison(comparison: Comparison) -> Leaf:
    exists_only = comparison.operator == "EXISTS"
    resolve = resolver(comparison.path, native=not exists_only)
    kind, path, negated = comparison.path.type, render_path(comparison.path), comparison.negated
    if exists_only:

        def exists(root: Sco, objects: Objects) -> Evidence | None:
            values = resolve(root, objects) if root.get("type") == kind else None
            if values is None or bool(values) is negated:
                return None
            return ((path, values[0] if values else None),)

        return exists
    test = predicate(comparison, binary=is_binary(comparison.path))

    def compare(root: Sco, objects: Objects) -> Evidence | None:
        if root.get("type") != kind:
            return None
        values = resolve(root, objects)
        for value in values:
            if test(value):
                return None if negated else ((path, value),)
        return ((path, values[0]),) if negated and values else None

    return compare
