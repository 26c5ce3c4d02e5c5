"""What a rule says of a record: tests on fields, joined by and, or, not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from tocsin.matching.sigma.tests import Test


class Match(msgspec.Struct, frozen=True):
    """A value of a field passes a test; a list passes if one of its members does. `field` None: any value of the record, or its line."""

    field: str | None
    test: Test


class And(msgspec.Struct, frozen=True):
    """All hold; of none: true."""

    terms: tuple[Expression, ...]


class Or(msgspec.Struct, frozen=True):
    """One holds; of none: false."""

    terms: tuple[Expression, ...]


class Not(msgspec.Struct, frozen=True):
    """It does not hold."""

    term: Expression


Expression: TypeAlias = Match | And | Or | Not
TRUE = And(())
FALSE = Or(())


def both(terms: Iterable[Expression]) -> Expression:
    """Return the conjunction, without needless nesting."""
    made: list[Expression] = []
    for term in terms:
        if term == FALSE:
            return FALSE
        made.extend(term.terms if isinstance(term, And) else (term,))
    return made[0] if len(made) == 1 else And(tuple(made))


def either(terms: Iterable[Expression]) -> Expression:
    """Return the disjunction, without needless nesting."""
    made: list[Expression] = []
    for term in terms:
        if term == TRUE:
            return TRUE
        made.extend(term.terms if isinstance(term, Or) else (term,))
    return made[0] if len(made) == 1 else Or(tuple(made))


def negated(term: Expression) -> Expression:
    """Return the opposite."""
    if isinstance(term, Not):
        return term.term
    if term == TRUE:
        return FALSE
    return TRUE if term == FALSE else Not(term)


def replaced(expression: Expression, of: Callable[[Match], Expression]) -> Expression:
    """Return an expression with each of its tests replaced by what `of` makes of it."""
    if isinstance(expression, Match):
        return of(expression)
    if isinstance(expression, Not):
        return negated(replaced(expression.term, of))
    join = both if isinstance(expression, And) else either
    return join(replaced(term, of) for term in expression.terms)


def tests_of(expression: Expression) -> Iterator[Match]:
    """Yield the tests of an expression, one as often as it stands there."""
    waiting: list[Expression] = [expression]
    while waiting:
        term = waiting.pop()
        if isinstance(term, Match):
            yield term
        elif isinstance(term, Not):
            waiting.append(term.term)
        else:
            waiting.extend(reversed(term.terms))
