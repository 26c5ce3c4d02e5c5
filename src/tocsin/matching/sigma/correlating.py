"""Correlation rules evaluated: hits of rules, in the order of their times, until they come together.

What is counted is counted in the time span that ends with each hit, group by group. A correlation is reported when its condition comes to hold, and again
only after it has ceased to hold. Where a condition has an upper bound (`lt`, `lte`, `eq`, `neq`), more hits can still undo it: then spans that begin with a hit
and do not overlap are counted, each at its end.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

import msgspec

from tocsin.clock import Micros
from tocsin.matching.sigma.correlations import Correlation
from tocsin.matching.sigma.expressions import And, Expression, Match, Not
from tocsin.matching.sigma.tests import ORDERS, number

Group: TypeAlias = tuple[str | None, ...]
_K = TypeVar("_K", int, str, tuple[str | None, ...])
UPPER: Final = {"lt", "lte", "eq", "neq"}
"""Orders that more hits can undo."""
MAX_GROUPS: Final = 100_000
MAX_EVENTS: Final = 1_000_000


class Event(msgspec.Struct, frozen=True, gc=False):
    """A hit of a rule, or of a correlation, on its way to those that ask for it.

    Attributes:
        at: when, in µs.
        order: place of its record among all; hits of one record share it.
        rule: id or name by which correlations call what hit, each of them.
        fields: values of the fields that correlations ask for.
        origin: what the caller knows it by.
    """

    at: Micros
    order: int
    rule: tuple[str, ...]
    fields: Mapping[str, str | None]
    origin: int


class Found(msgspec.Struct, frozen=True):
    """A correlation whose condition came to hold.

    Attributes:
        correlation: which.
        first, at: times of the first and the last hit that count, in µs.
        order: of the record that it came to hold with.
        group: value of each field that is grouped by.
        count: what was counted, or how many rules had hit.
        origins: hits that count, at most 100.
    """

    correlation: Correlation
    first: Micros
    at: Micros
    order: int
    group: Mapping[str, str | None]
    count: float
    origins: tuple[int, ...]


_SHOWN = 100


class Entry(msgspec.Struct, gc=False):
    """A hit as one correlation sees it, under one of the names that it asks for; `value` of the fields that are counted."""

    at: Micros
    order: int
    rule: str
    value: tuple[str | None, ...]
    origin: int


def fields_of(correlation: Correlation, rule: Sequence[str]) -> set[str]:
    """Return the fields of a rule's records that a correlation asks for."""
    return {_field(correlation, name, rule) for name in (*correlation.group_by, *correlation.fields)}


def _field(correlation: Correlation, name: str, rule: Iterable[str]) -> str:
    alias = correlation.aliases.get(name)
    if alias is None:
        return name
    return next((alias[each] for each in rule if each in alias), name)


def correlate(correlations: Sequence[Correlation], events: Iterable[Event]) -> list[Found]:
    """Return what comes together, in order of time.

    Args:
        correlations: some may ask for others among them; none for itself, not even by way of others.
        events: hits, in any order.
    """
    waiting = sorted(events, key=lambda event: (event.at, event.order))
    found: list[Found] = []
    for correlation in inner_first(correlations):
        names = set(correlation.rules)
        mine = [event for event in waiting if names.intersection(event.rule)]
        new = _evaluated(correlation, mine)
        found += new
        asked = any(
            names_.intersection(correlation.head.names) for names_ in (set(c.rules) for c in correlations)
        )
        if asked and new:
            waiting += [
                Event(each.at, each.order, correlation.head.names, each.group, each.origins[-1])
                for each in new
            ]
            waiting.sort(key=lambda event: (event.at, event.order))
    return sorted(found, key=lambda each: (each.at, each.order))


def inner_first(correlations: Sequence[Correlation]) -> list[Correlation]:
    """Return correlations so that each comes after those that it asks for; those in a circle are left out."""
    left = list(correlations)
    ordered: list[Correlation] = []
    while left:
        waiting = {name for each in left for name in each.head.names}
        ready = [each for each in left if not waiting.intersection(each.rules)]
        if not ready:
            break
        ordered += ready
        left = [each for each in left if each not in ready]
    return ordered


def entries_of(correlation: Correlation, event: Event) -> list[tuple[Group, list[Entry]]]:
    """Return the group that a hit counts in, and its entries; nothing if the correlation does not ask for it."""
    # a rule that stands in the list under its id and its name is one rule
    called = [name for name in correlation.rules if name in event.rule]
    if not called:
        return []
    group = tuple(event.fields.get(_field(correlation, name, event.rule)) for name in correlation.group_by)
    value = tuple(event.fields.get(_field(correlation, name, event.rule)) for name in correlation.fields)
    return [(group, [Entry(event.at, event.order, name, value, event.origin) for name in called])]


def _evaluated(correlation: Correlation, events: Sequence[Event]) -> list[Found]:
    groups: dict[Group, list[Entry]] = {}
    for event in events[:MAX_EVENTS]:
        for group, some in entries_of(correlation, event):
            if group in groups or len(groups) < MAX_GROUPS:
                groups.setdefault(group, []).extend(some)
    evaluate = _ordered if correlation.type == "temporal_ordered" else _counted
    return [each for group, entries in groups.items() for each in evaluate(correlation, group, entries)]


def found_with(correlation: Correlation, group: Group, entries: Sequence[Entry], count: float) -> Found:
    """Return a correlation that came to hold by some entries."""
    last = entries[-1]
    return Found(
        correlation,
        entries[0].at,
        last.at,
        last.order,
        dict(zip(correlation.group_by, group, strict=True)),
        count,
        tuple(dict.fromkeys(entry.origin for entry in entries[-_SHOWN:])),
    )


def _step(counter: Counter[_K], key: _K, step: int) -> None:
    counter[key] += step
    if not counter[key]:
        del counter[key]


class Window:
    """The hits of one group that count at one moment, and what is counted of them.

    Attributes:
        entries: they, in order of time.
    """

    def __init__(self, correlation: Correlation) -> None:
        """Begin with none."""
        self._of = correlation
        self.entries: deque[Entry] = deque()
        self._records: Counter[int] = Counter()
        self._rules: Counter[str] = Counter()
        self._values: Counter[tuple[str | None, ...]] = Counter()
        self._numbers: list[float] = []  # ascending

    def add(self, entry: Entry) -> None:
        """Add the latest."""
        self.entries.append(entry)
        self._count(entry, 1)

    def put(self, entry: Entry) -> None:
        """Add one wherever its time is."""
        later = []
        while self.entries and self.entries[-1].at > entry.at:
            later.append(self.entries.pop())
        self.add(entry)
        self.entries.extend(reversed(later))

    def drop_before(self, at: Micros) -> None:
        """Forget what is older."""
        while self.entries and self.entries[0].at < at:
            self._count(self.entries.popleft(), -1)

    def _count(self, entry: Entry, step: int) -> None:
        _step(self._records, entry.order, step)
        _step(self._rules, entry.rule, step)
        _step(self._values, entry.value, step)
        value = number(entry.value[0]) if len(entry.value) == 1 and entry.value[0] is not None else None
        if value is None or not math.isfinite(value):
            return
        if step > 0:
            insort(self._numbers, float(value))
        else:
            del self._numbers[bisect_left(self._numbers, float(value))]

    def count(self) -> float | None:
        """Return what is counted; None if there is nothing to count."""
        kind, numbers = self._of.type, self._numbers
        if kind == "event_count":
            return len(self._records)
        if kind == "value_count":
            return sum(None not in value for value in self._values)
        if kind == "temporal":
            return len(self._rules)
        if not numbers:
            return None
        if kind == "value_sum":
            return math.fsum(numbers)
        if kind == "value_avg":
            return math.fsum(numbers) / len(numbers)
        return _percentile(numbers, 50.0 if kind == "value_median" else self._of.percentile)

    def holds(self) -> float | None:
        """Return what is counted if the condition holds of it, else None."""
        count = self.count()
        if count is None or not all(_compared(order, count, bound) for order, bound in self._of.bounds):
            return None
        if self._of.present is not None and not _present(self._of.present, self._rules):
            return None
        return count


def _compared(order: str, count: float, bound: float) -> bool:
    return count != bound if order == "neq" else ORDERS[order](count, bound)


def _present(expression: Expression, rules: Counter[str]) -> bool:
    if isinstance(expression, Match):
        return expression.field in rules
    if isinstance(expression, Not):
        return not _present(expression.term, rules)
    join: Callable[[Iterable[bool]], bool] = all if isinstance(expression, And) else any
    return join(_present(term, rules) for term in expression.terms)


def _percentile(ascending: Sequence[float], percentile: float) -> float:
    """Return a percentile, between two values by proportion (the method of SQL's PERCENTILE_CONT)."""
    at = (len(ascending) - 1) * percentile / 100
    low = math.floor(at)
    high = min(low + 1, len(ascending) - 1)
    return ascending[low] + (ascending[high] - ascending[low]) * (at - low)


def _counted(correlation: Correlation, group: Group, entries: Sequence[Entry]) -> list[Found]:
    if any(order in UPPER for order, _ in correlation.bounds):
        return _at_ends(correlation, group, entries)
    made: list[Found] = []
    window = Window(correlation)
    held = False
    for position, entry in enumerate(entries):
        window.drop_before(entry.at - correlation.span)
        window.add(entry)
        if position + 1 < len(entries) and entries[position + 1].order == entry.order:
            continue  # all hits of one record count together
        count = window.holds()
        if count is not None and not held:
            made.append(found_with(correlation, group, list(window.entries), count))
        held = count is not None
    return made


def _at_ends(correlation: Correlation, group: Group, entries: Sequence[Entry]) -> list[Found]:
    """Count spans that begin with a hit and do not overlap, each at its end."""
    made: list[Found] = []
    window = Window(correlation)
    for position, entry in enumerate(entries):
        window.add(entry)
        following = entries[position + 1].at if position + 1 < len(entries) else None
        if following is not None and following <= window.entries[0].at + correlation.span:
            continue
        count = window.holds()
        if count is not None:
            made.append(found_with(correlation, group, list(window.entries), count))
        window = Window(correlation)
    return made


def least_steps(correlation: Correlation) -> int:
    """Return how many of its rules have to hit one after the other."""
    steps = len(correlation.rules)
    least = min(
        (int(bound) + (order == "gt") for order, bound in correlation.bounds if order in {"gt", "gte"}),
        default=steps,
    )
    return max(1, min(least, steps))


def _ordered(correlation: Correlation, group: Group, entries: Sequence[Entry]) -> list[Found]:
    """Look for hits of the rules one after the other, in the order of the list, the last within the time span of the first."""
    made: list[Found] = []
    chains: list[tuple[Entry, ...]] = [()] * least_steps(correlation)
    for position, entry in enumerate(entries):
        # backwards, and only what earlier records began: one record is not followed by itself
        for step in reversed(range(len(chains))):
            if correlation.rules[step] != entry.rule:
                continue
            before = chains[step - 1] if step else ()
            if step and (
                not before or before[-1].order == entry.order or entry.at - before[0].at > correlation.span
            ):
                continue
            chains[step] = (*before, entry)
        last = position + 1 == len(entries) or entries[position + 1].order != entry.order
        if last and chains[-1] and chains[-1][-1].order == entry.order:
            made.append(found_with(correlation, group, chains[-1], len(chains)))
            chains = [()] * len(chains)
    return made
