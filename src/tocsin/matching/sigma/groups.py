"""The rules for one kind of record, put together: fields asked once for all of them, and few rules evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TypeAlias

from tocsin.matching.sigma.expressions import FALSE, TRUE, And, Expression, Match, Not, either, replaced
from tocsin.matching.sigma.guards import guard
from tocsin.matching.sigma.keywords import Keywords
from tocsin.matching.sigma.kinds import Kind, Names
from tocsin.matching.sigma.records import Record, found
from tocsin.matching.sigma.rules import Rule
from tocsin.matching.sigma.tests import Exists, Like, Null, Regex, SameAs, Test
from tocsin.matching.sigma.values import Answer, Atom, Memory, Values, merged

_Place: TypeAlias = tuple[str, ...]
"""Names under which a field may stand; none: all of the record."""
_Holds: TypeAlias = Callable[[AbstractSet[Atom], Record], bool]
_SEPARATOR = "\0"
_REMEMBERED = 10_000


class Group:
    """The rules that see records of one kind."""

    def __init__(self, kind: Kind, rules: Iterable[tuple[int, Rule]], memory: Memory) -> None:
        """Put together those of `rules` that are for this kind, each with its position."""
        placed = [(number, _placed(rule, kind)) for number, rule in rules]
        kept = [(number, expression) for number, expression in placed if expression != FALSE]
        self._atoms: dict[Match, Atom] = {}
        self._always: list[int] = []
        self._holds: dict[int, _Holds] = {}
        self._by_tests_alone = True
        # which tests pass repeats itself far more often than values do
        self._decided: dict[tuple[frozenset[Atom], ...], list[int]] = {}
        guarded: list[list[int]] = []
        for number, expression in kept:
            self._holds[number] = self._compiled(expression)
            guarded += [[] for _ in range(len(self._atoms) - len(guarded))]
            chosen = guard(expression)
            if chosen is None:
                self._always.append(number)
                continue
            for match in chosen[0]:
                guarded[self._atoms[match]].append(number)
        fields: dict[_Place, list[tuple[Atom, Test]]] = {}
        for match, atom in self._atoms.items():
            fields.setdefault(_place(match), []).append((atom, match.test))
        whole = fields.pop((), None)
        self._keywords = None if whole is None else Keywords(whole, guarded, memory)
        ready = [(place, Values(tests, guarded, memory)) for place, tests in fields.items()]
        # most fields have no dot in their names: where a record has no such key, there is nothing else to look for
        self._plain = [(place[0], place[1:], each) for place, each in ready if "." not in "".join(place)]
        self._dotted = [(place[0], place[1:], each) for place, each in ready if "." in "".join(place)]

    def __len__(self) -> int:
        """Return how many rules can hold of such a record."""
        return len(self._holds)

    def match(self, record: Record, raw: bytes = b"", line: str = "") -> list[int]:
        """Return the positions of the rules that hold of a record, ascending; the list is not the caller's to change.

        Args:
            record: its fields.
            raw: the JSON that it was read from, if it was: most keywords are seen not to be in it at a glance.
            line: the line it was read from, if that is text of which the fields are only a part: keywords are looked for in it, too.
        """
        if not self._holds:
            return []
        answers: list[Answer] = []
        get = record.get
        for name, others, values in self._plain:
            value = get(name, values)  # the default stands for: not there
            if value is values and others:
                value = next((its for other in others if (its := get(other, values)) is not values), values)
            if type(value) is str:
                answers.append(values.of(value))
            elif value is values:
                answers.append(values.absent)
            elif type(value) is int:
                answers.append(values.of(str(value)))
            else:
                answers.append(_asked(values, record, name, others))
        for name, others, values in self._dotted:
            value = record.get(name)
            if type(value) is str:
                answers.append(values.of(value))
            elif type(value) is int:
                answers.append(values.of(str(value)))
            else:
                answers.append(_asked(values, record, name, others))
        if self._keywords is not None:
            answers.append(self._keywords.of_record(record, raw, line))
        key = tuple([answer.atoms for answer in answers])
        known = self._decided.get(key)
        if known is not None:
            return known
        worth = {rule for answer in answers for rule in answer.rules}
        passed = frozenset().union(*key)
        found_ = sorted(number for number in (*worth, *self._always) if self._holds[number](passed, record))
        if self._by_tests_alone:
            if len(self._decided) >= _REMEMBERED:
                self._decided.clear()
            self._decided[key] = found_
        return found_

    def _compiled(self, expression: Expression) -> _Holds:
        if isinstance(expression, Match):
            test = expression.test
            if isinstance(test, SameAs):
                self._by_tests_alone = False
                return _same(_place(expression), test)
            atom = self._atoms.setdefault(expression, len(self._atoms))
            return lambda passed, _: atom in passed
        if isinstance(expression, Not):
            inner = self._compiled(expression.term)
            return lambda passed, record: not inner(passed, record)
        plain: set[Atom] = set()
        others: list[_Holds] = []
        for term in expression.terms:
            if isinstance(term, Match) and not isinstance(term.test, SameAs):
                plain.add(self._atoms.setdefault(term, len(self._atoms)))
            else:
                others.append(self._compiled(term))
        atoms = frozenset(plain)
        if isinstance(expression, And):
            return lambda passed, record: atoms <= passed and all(holds(passed, record) for holds in others)
        return lambda passed, record: (
            not atoms.isdisjoint(passed) or any(holds(passed, record) for holds in others)
        )


def _placed(rule: Rule, kind: Kind) -> Expression:
    """Return what a rule asks of records of a kind, under their names, with what is known of all of them decided."""
    names = {tuple(sorted(each.names.items())): each.names for each in kind.offers if each.suits(rule.source)}
    asked = [replaced(rule.condition, partial(_decided, names=each, kind=kind)) for each in names.values()]
    return either(dict.fromkeys(asked) if len(asked) > 1 else asked)


def _decided(match: Match, names: Names, kind: Kind) -> Expression:
    if match.field is None:
        return match
    place = names.get(match.field, (match.field,))
    test = match.test
    if isinstance(test, SameAs):
        other = names.get(test.field, (test.field,))
        return Match(_SEPARATOR.join(place), SameAs(_SEPARATOR.join(other), test.place, test.cased))
    known = kind.known.get(place[0]) if len(place) == 1 else None
    if known is not None and not isinstance(test, Regex) and not (isinstance(test, Like) and test.cased):
        if isinstance(test, (Null, Exists)):
            return TRUE if isinstance(test, Exists) and test.value else FALSE
        return TRUE if test.holds(known) else FALSE
    return match if place == (match.field,) else Match(_SEPARATOR.join(place), test)


def _place(match: Match) -> _Place:
    return () if match.field is None else tuple(match.field.split(_SEPARATOR))


def _texts(record: Record, place: Iterable[str]) -> tuple[str | None, ...] | None:
    for name in place:
        if (texts := found(record, name)) is not None:
            return texts
    return None


def _asked(values: Values, record: Record, name: str, others: Sequence[str]) -> Answer:
    texts = _texts(record, (name, *others))
    if texts is None:
        return values.absent
    # an empty list is a field in which there is nothing
    return merged([values.null if text is None else values.of(text) for text in texts] or [values.null])


def _same(place: _Place, test: SameAs) -> _Holds:
    other = tuple(test.field.split(_SEPARATOR))

    def holds(_: AbstractSet[Atom], record: Record) -> bool:
        texts, others = _texts(record, place), _texts(record, other)
        return any(
            test.holds(one, two)
            for one in texts or ()
            if one is not None
            for two in others or ()
            if two is not None
        )

    return holds
