"""Correlation rules evaluated on hits as they come, of logs that do not end.

What comes in the order of its times is reported as `correlating.correlate` reports it. What comes late is put in its place and counts from then on; it does not
undo what was reported. A condition with an upper bound (`lt`, `lte`, `eq`, `neq`) is looked at when its span has ended, which a later hit tells, or a clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from tocsin.clock import Micros
from tocsin.matching.sigma.correlating import (
    UPPER,
    Entry,
    Event,
    Found,
    Group,
    Window,
    entries_of,
    found_with,
    inner_first,
    least_steps,
)
from tocsin.matching.sigma.correlations import Correlation


class _Standing(ABC):
    """One group of one correlation; `newest` is when it was last added to."""

    newest: Micros = -(1 << 62)

    @abstractmethod
    def feed(self, entries: Sequence[Entry]) -> Iterable[tuple[Sequence[Entry], float]]:
        """Take the entries of one record; yield what came to hold: the entries that count, and the count."""

    def ended(self, at: Micros) -> Iterable[tuple[Sequence[Entry], float]]:  # noqa: ARG002 - most is told at once
        """Yield what is known to hold when nothing more comes from before a moment."""
        return ()


class _Counted(_Standing):
    """What counts at the moment of each record."""

    def __init__(self, correlation: Correlation) -> None:
        self._window = Window(correlation)
        self._span = correlation.span
        self._held = False

    def feed(self, entries: Sequence[Entry]) -> Iterable[tuple[Sequence[Entry], float]]:
        self.newest = max(self.newest, entries[0].at)
        if entries[0].at < self.newest - self._span:
            return
        for entry in entries:
            self._window.put(entry)
        self._window.drop_before(self.newest - self._span)
        count = self._window.holds()
        if count is not None and not self._held:
            yield list(self._window.entries), count
        self._held = count is not None


class _Spans(_Standing):
    """Spans that begin with a hit and do not overlap."""

    def __init__(self, correlation: Correlation) -> None:
        self._of = correlation
        self._window = Window(correlation)

    def feed(self, entries: Sequence[Entry]) -> Iterable[tuple[Sequence[Entry], float]]:
        yield from self.ended(entries[0].at)
        self.newest = max(self.newest, entries[0].at)
        for entry in entries:
            self._window.put(entry)

    def ended(self, at: Micros) -> Iterable[tuple[Sequence[Entry], float]]:
        entries = self._window.entries
        if entries and at > entries[0].at + self._of.span:
            count = self._window.holds()
            if count is not None:
                yield list(entries), count
            self._window = Window(self._of)


class _Chain(_Standing):
    """Hits of the rules one after the other."""

    def __init__(self, correlation: Correlation) -> None:
        self._of = correlation
        self._chains: list[tuple[Entry, ...]] = [()] * least_steps(correlation)

    def feed(self, entries: Sequence[Entry]) -> Iterable[tuple[Sequence[Entry], float]]:
        self.newest = max(self.newest, entries[0].at)
        chains = self._chains
        for entry in entries:
            # backwards, and only what earlier records began: one record is not followed by itself
            for step in reversed(range(len(chains))):
                before = chains[step - 1] if step else ()
                follows = not step or (
                    len(before) > 0
                    and before[-1].order != entry.order
                    and before[-1].at <= entry.at <= before[0].at + self._of.span
                )
                if self._of.rules[step] == entry.rule and follows:
                    chains[step] = (*before, entry)
        last = chains[-1]
        if last and last[-1].order == entries[-1].order:
            self._chains = [()] * len(chains)
            yield last, len(chains)


class Stream:
    """Correlations, and what of the hits before still counts for them. Not to be used by two threads at a time."""

    def __init__(self, correlations: Sequence[Correlation]) -> None:
        """Begin with nothing seen; correlations may ask for others among them, those in a circle are left out."""
        self._ordered = inner_first(correlations)
        self._standing: list[dict[Group, _Standing]] = [{} for _ in self._ordered]
        names = {name for each in self._ordered for name in each.rules}
        self._asked = [not names.isdisjoint(each.head.names) for each in self._ordered]
        self.span: Micros = max((each.span for each in self._ordered), default=0)
        """The longest span."""

    def __len__(self) -> int:
        """Return how many groups something is kept of."""
        return sum(map(len, self._standing))

    def feed(self, events: Sequence[Event]) -> list[Found]:
        """Take the hits of one record, all of one time and order; return what came to hold with it."""
        return self._passed([*events], None)

    def ended(self, at: Micros) -> list[Found]:
        """Return what is known to hold when nothing more is expected from before a moment."""
        return self._passed([], at)

    def forget(self, before: Micros) -> None:
        """Forget groups to which nothing was added in the span that ends at a moment: no condition holds of them any more."""
        for correlation, groups in zip(self._ordered, self._standing, strict=True):
            for group in [g for g, each in groups.items() if each.newest < before - correlation.span]:
                del groups[group]

    def _passed(self, events: list[Event], at: Micros | None) -> list[Found]:
        made: list[Found] = []
        for number, correlation in enumerate(self._ordered):
            held: dict[Group, list[Entry]] = {}
            for event in events:
                for group, entries in entries_of(correlation, event):
                    held.setdefault(group, []).extend(entries)
            new = []
            if at is not None:
                for group, each in self._standing[number].items():
                    new += [found_with(correlation, group, *some) for some in each.ended(at)]
            for group, entries in held.items():
                standing = self._standing[number].get(group)
                if standing is None:
                    standing = self._standing[number][group] = _begun(correlation)
                new += [found_with(correlation, group, *some) for some in standing.feed(entries)]
            made += new
            if self._asked[number]:
                names = correlation.head.names
                events += [Event(f.at, f.order, names, f.group, f.origins[-1]) for f in new]
        return made


def _begun(correlation: Correlation) -> _Standing:
    if correlation.type == "temporal_ordered":
        return _Chain(correlation)
    if any(order in UPPER for order, _ in correlation.bounds):
        return _Spans(correlation)
    return _Counted(correlation)
