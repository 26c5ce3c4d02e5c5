"""Sigma rules evaluated together: thousands of them on each record, most of them never looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tocsin.matching.sigma.groups import Group
from tocsin.matching.sigma.kinds import Kind
from tocsin.matching.sigma.records import Record
from tocsin.matching.sigma.rules import LogSource, Rule
from tocsin.matching.sigma.values import Memory


class Engine:
    """Rules made ready. Not to be used by two threads at a time."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Take rules; they are put together for each kind of record when the first of it comes."""
        self.rules = tuple(rules)
        self._memory = Memory()
        self._of_source: dict[LogSource, list[tuple[int, Rule]]] = {}
        for number, rule in enumerate(self.rules):
            self._of_source.setdefault(rule.source, []).append((number, rule))
        self._groups: dict[Kind, Group] = {}

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Engine:
        """Return an engine for rules."""
        return cls(tuple(rules))

    def group(self, kind: Kind) -> Group:
        """Return the rules for a kind of record."""
        found = self._groups.get(kind)
        if found is None:
            asked = [
                each
                for source, rules in self._of_source.items()
                if any(offer.suits(source) for offer in kind.offers)
                for each in rules
            ]
            found = self._groups[kind] = Group(kind, asked, self._memory)
        return found

    def match(self, record: Record, kind: Kind, raw: bytes = b"", line: str = "") -> list[Rule]:
        """Return the rules that hold of a record; see `Group.match`."""
        return [self.rules[number] for number in self.group(kind).match(record, raw, line)]
