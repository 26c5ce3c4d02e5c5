"""All tests on one field, asked at once: which of them does a text pass?

Whole values are looked up; literals are found in one pass (Aho-Corasick) and judged where they stand; expressions are sorted out by what they must
contain (RE2's filter). Logs repeat their values, so answers are remembered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import ahocorasick_rs
import msgspec
import re2

from tocsin.matching.sigma.regular import options, spelled
from tocsin.matching.sigma.tests import (
    Compare,
    Exists,
    Like,
    Network,
    Null,
    Regex,
    Test,
    TimePart,
    fold,
)
from tocsin.matching.sigma.wildcards import ANY, Wild

Atom = int
"""Number of a test within its group."""

_LONGEST_REMEMBERED = 8_192
_REMEMBERED = 1 << 27
"""Bytes of texts whose answers one engine remembers."""
_PER_ANSWER = 250
_PIECE = 1 << 15
_SMALL = 10_000
"""Letters of literals for which an automaton without failure links is not too large: it is a third faster."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Which tests a text passes, and which rules that makes worth evaluating."""

    atoms: frozenset[Atom]
    rules: tuple[int, ...]


NOTHING: Final = Answer(frozenset(), ())


class Memory:
    """What all fields of an engine may remember together; when it is full everything is forgotten."""

    def __init__(self, size: int = _REMEMBERED) -> None:
        self._size = size
        self._left = size
        self._all: list[dict[str, Answer]] = []

    def share(self) -> dict[str, Answer]:
        """Return a new part of it."""
        made: dict[str, Answer] = {}
        self._all.append(made)
        return made

    def took(self, size: int) -> None:
        """Note that so many bytes more are held."""
        self._left -= size + _PER_ANSWER
        if self._left < 0:
            for each in self._all:
                each.clear()
            self._left = self._size


class _Literals:
    """Tests on texts that are folded in one way."""

    def __init__(self, *, cased: bool, dashes: bool) -> None:
        self._cased, self._dashes = cased, dashes
        self._whole: dict[str, list[Atom]] = defaultdict(list)
        self._inside: dict[str, list[Atom]] = defaultdict(list)
        self._judged: dict[str, list[tuple[Atom, Like | None, int]]] = defaultdict(list)
        self._any: list[tuple[Atom, Like]] = []
        self._patterns: list[str] = []
        self._longest = 0
        self._find: Any = None

    def add(self, atom: Atom, test: Like) -> None:
        parts = test.parts
        literals = [part for part in parts if isinstance(part, str)]
        if not any(isinstance(part, Wild) for part in parts):
            self._whole["".join(literals)].append(atom)
        elif not literals:
            self._any.append((atom, test))
        elif parts == (ANY, literals[0], ANY):
            self._inside[literals[0]].append(atom)
        elif parts == (literals[0], ANY):
            self._judged[literals[0]].append((atom, None, 0))
        elif parts == (ANY, literals[0]):
            self._judged[literals[0]].append((atom, None, 1))
        else:
            self._judged[max(literals, key=len)].append((atom, test, 0))

    def ready(self) -> None:
        self._patterns = list({**self._inside, **self._judged})
        self._longest = max(map(len, self._patterns), default=0)
        if self._patterns:
            small = sum(map(len, self._patterns)) <= _SMALL
            self._find = ahocorasick_rs.AhoCorasick(
                self._patterns,
                matchkind=ahocorasick_rs.MatchKind.Standard,
                implementation=ahocorasick_rs.Implementation.DFA if small else None,
            ).find_matches_as_indexes

    def passed(self, text: str, atoms: set[Atom]) -> None:
        """Add the tests that a text passes; it is not yet folded."""
        folded = fold(text, cased=self._cased, dashes=self._dashes)
        atoms.update(self._whole.get(folded, ()))
        atoms.update(atom for atom, test in self._any if test.holds(text))
        if self._find is None:
            return
        size = len(folded)
        if size <= _PIECE:
            self._judge(self._find(folded, overlapping=True), 0, folded, atoms)
            return
        # a text of one letter has as many places as letters: they are not held all at once
        for start in range(0, size, _PIECE):
            piece = folded[start : start + _PIECE + self._longest - 1]
            self._judge(self._find(piece, overlapping=True), start, folded, atoms)

    def _judge(
        self, places: Iterable[tuple[int, int, int]], offset: int, text: str, atoms: set[Atom]
    ) -> None:
        seen: set[str] = set()
        size = len(text)
        for number, start, end in places:
            literal = self._patterns[number]
            if literal not in seen:
                seen.add(literal)
                atoms.update(self._inside.get(literal, ()))
                for atom, test, _ in self._judged.get(literal, ()):
                    if test is not None and atom not in atoms and test.holds(text):
                        atoms.add(atom)
            if start + offset == 0 or end + offset == size:
                for atom, test, at_end in self._judged.get(literal, ()):
                    if test is None and (end + offset == size if at_end else start + offset == 0):
                        atoms.add(atom)


class Values:
    """The tests on one field of one kind of records.

    Attributes:
        absent: what passes where there is no such field.
        null: what passes where it is null.
    """

    def __init__(
        self, tests: Sequence[tuple[Atom, Test]], rules: Sequence[Sequence[int]], memory: Memory
    ) -> None:
        """Put tests together.

        Args:
            tests: each with its number.
            rules: by number of a test, the rules that it makes worth evaluating.
            memory: where answers are remembered.
        """
        self._rules = rules
        self._memory = memory
        self._known = memory.share()
        self._literals: dict[tuple[bool, bool], _Literals] = {}
        self._checked: list[tuple[Atom, Network | Compare | TimePart]] = []
        self._expressions: list[tuple[Atom, Regex]] = []
        present: set[Atom] = set()
        absent: set[Atom] = set()
        null: set[Atom] = set()
        for atom, test in tests:
            if isinstance(test, Null):
                absent.add(atom)
                null.add(atom)
            elif isinstance(test, Exists):
                (present if test.value else absent).add(atom)
            else:
                self._add(atom, test)
        for literals in self._literals.values():
            literals.ready()
        self._filter = _filter([regex for _, regex in self._expressions])
        self._present = frozenset(present)
        self.absent = self._answer(absent)
        self.null = self._answer(null | present)

    def _add(self, atom: Atom, test: Test) -> None:
        if isinstance(test, Like):
            folding = (test.cased, test.dashes)
            if folding not in self._literals:
                self._literals[folding] = _Literals(cased=test.cased, dashes=test.dashes)
            self._literals[folding].add(atom, test)
        elif isinstance(test, Regex):
            self._expressions.append((atom, test))
        elif isinstance(test, (Network, Compare, TimePart)):
            self._checked.append((atom, test))

    def _answer(self, atoms: Iterable[Atom]) -> Answer:
        held = frozenset(atoms)
        return Answer(held, tuple({rule for atom in held for rule in self._rules[atom]}))

    def of(self, text: str) -> Answer:
        """Return what a text passes."""
        known = self._known.get(text)
        if known is not None:
            return known
        atoms = set(self._present)
        for literals in self._literals.values():
            literals.passed(text, atoms)
        if self._filter is not None:
            atoms.update(self._expressions[number][0] for number in self._filter.Match(text) or ())
        atoms.update(atom for atom, test in self._checked if test.holds(text))
        found = self._answer(atoms)
        if len(text) <= _LONGEST_REMEMBERED:
            self._known[text] = found
            self._memory.took(len(text))
        return found


def _filter(expressions: Sequence[Regex]) -> Any:
    """Return what finds all expressions in a text in one pass, None for none."""
    if not expressions:
        return None
    made = re2.Filter()
    for each in expressions:
        made.Add(spelled(each), options())
    made.Compile()
    return made


def merged(answers: Sequence[Answer]) -> Answer:
    """Return what several texts pass together."""
    if len(answers) == 1:
        return answers[0]
    if not answers:
        return NOTHING
    return Answer(
        frozenset().union(*(each.atoms for each in answers)),
        tuple({rule for each in answers for rule in each.rules}),
    )
