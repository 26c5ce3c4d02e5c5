"""The shared index: from one observation to the tests that hold in it, those of all patterns together.

A probe is one object path that some pattern guards a test with; the objects of an observation are asked for the values of the probes of
their type, and only the tests whose guard holds are evaluated. What a value means to the tests that no table can answer (LIKE,
MATCHES, orders) is remembered, since telemetry repeats itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

from tocsin.matching.patterns import networks
from tocsin.matching.patterns.comparing import Predicate, constant_key, key_of, predicate
from tocsin.matching.patterns.guards import Kind, guards, kind_of
from tocsin.matching.patterns.leaves import Evidence, Leaf, leaf
from tocsin.matching.patterns.observed import Objects
from tocsin.matching.patterns.paths import Resolve, is_binary, resolver
from tocsin.stix.patterns.ast import Comparison, Observation, Path, Pattern, Test
from tocsin.stix.patterns.render import render, render_path

REMEMBERED: Final = 8_192
"""Values of one path whose meaning is remembered; then all are forgotten."""
_LONGEST = 1_024  # characters of a value that is remembered
_NONE: tuple[int, ...] = ()


class Probe:
    """What the values of one object path say about tests."""

    def __init__(self, path: Path) -> None:
        """Make a probe without tests."""
        self.resolve: Resolve = resolver(path)
        self._binary = is_binary(path)
        self._equal: dict[Hashable, tuple[int, ...]] = {}
        self._ranges: dict[tuple[int, int], dict[int, tuple[int, ...]]] = {}
        self._predicates: list[tuple[Predicate, int]] = []
        self._known: dict[Hashable, tuple[int, ...]] = {}

    def add(self, comparison: Comparison, test: int) -> None:
        """Guard a test with a comparison of this path."""
        kind = kind_of(comparison)
        if kind is Kind.EQUAL:
            given = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
            for constant in given:
                assert constant is not None
                _append(self._equal, constant_key(constant, binary=self._binary), test)
        elif kind is Kind.RANGE and (found := networks.network(comparison.value)) is not None:
            version, first, bits = found
            prefix = first >> (networks.BITS[version] - bits)
            _append(self._ranges.setdefault((version, bits), {}), prefix, test)
        else:
            self._predicates.append((predicate(comparison, binary=self._binary), test))

    @property
    def asks(self) -> Callable[[Any], Sequence[int]]:
        """What tells the tests that a value is a guard of."""
        return self._remembered if self._ranges or self._predicates else self._looked_up

    def _looked_up(self, value: Any) -> tuple[int, ...]:
        return self._equal.get(value if type(value) is str else key_of(value), _NONE)

    def _remembered(self, value: Any) -> tuple[int, ...]:
        key = key_of(value)
        if key is None:  # a list, a dictionary or null
            return tuple(test for holds, test in self._predicates if holds(value))
        known = self._known.get(key)
        if known is None:
            known = (*self._equal.get(key, _NONE), *self._in_ranges(value))
            known += tuple(test for holds, test in self._predicates if holds(value))
            if not isinstance(key, str | bytes) or len(key) <= _LONGEST:
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
                self._known[key] = known
        return known

    def _in_ranges(self, value: Any) -> list[int]:
        own = networks.network(value) if self._ranges else None
        if own is None:
            return []
        version, first, length = own
        found: list[int] = []
        for (other, bits), prefixes in self._ranges.items():
            if other == version and bits <= length:
                found += prefixes.get(first >> (networks.BITS[version] - bits), ())
        return found


class _Plan:
    """What to ask an object of one type."""

    def __init__(self) -> None:
        self.probes: dict[str, Probe] = {}
        self.always: list[int] = []
        self.asks: list[tuple[Resolve, Callable[[Any], Sequence[int]]]] = []


class Index:
    """Tests by what makes them worth evaluating. Equal tests are one."""

    def __init__(self) -> None:
        """Make an empty index."""
        self._plans: dict[str, _Plan] = {}
        self._leaves: list[Leaf] = []
        self._kinds: list[Kind] = []
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._leaves)

    def add(self, test: Test) -> int:
        """Return the number of a test, made known to the index if it is new.

        Raises:
            ParseError: as `leaf`; the index is then as before.
        """
        text = render(Pattern(Observation(test)))  # trees of 1, 1.0 and true are equal, their texts are not
        known = self._numbers.get(text)
        if known is not None:
            return known
        made, found = leaf(test), guards(test)
        number = self._numbers[text] = len(self._leaves)
        self._leaves.append(made)
        self._kinds.append(found.kind)
        for comparison in found.comparisons:
            plan = self._plans.setdefault(comparison.path.type, _Plan())
            if kind_of(comparison) is Kind.TYPE:
                plan.always.append(number)
                continue
            path = render_path(comparison.path)
            probe = plan.probes.get(path)
            if probe is None:
                probe = plan.probes[path] = Probe(comparison.path)
            probe.add(comparison, number)
            plan.asks = [(each.resolve, each.asks) for each in plan.probes.values()]
        return number

    def kind(self, number: int) -> Kind:
        """Return how a test is found."""
        return self._kinds[number]

    def hits(self, objects: Objects) -> dict[int, tuple[str, Evidence]]:
        """Return the tests that hold in an observation, each with the first object it holds of and why."""
        found: dict[int, tuple[str, Evidence]] = {}
        for key, root in objects.items():
            plan = self._plans.get(kind) if type(kind := root.get("type")) is str else None
            if plan is None:
                continue
            candidates = set(plan.always)
            for resolve, asks in plan.asks:
                for value in resolve(root, objects):
                    if tests := asks(value):
                        candidates.update(tests)
            for number in candidates:
                if number not in found:
                    why = self._leaves[number](root, objects)
                    if why is not None:
                        found[number] = key, why
        return found


def _append(table: dict[Any, tuple[int, ...]], key: Any, test: int) -> None:
    known = table.get(key, ())
    if test not in known:
        table[key] = (*known, test)
