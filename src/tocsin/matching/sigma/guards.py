"""Which tests of a rule have to be looked at first: a set of which one must pass if the rule holds at all.

Of a conjunction any term will do, and the one is taken that is expected to pass least often: long texts before short ones, whole values before
parts. A rule that can hold although no test passes (`not filter` alone) has none, and is evaluated for every record of its kind.
"""

from __future__ import annotations

from typing import Final

from tocsin.matching.sigma.expressions import And, Expression, Match, Not
from tocsin.matching.sigma.tests import Exists, Like, Network, Null, Regex, SameAs
from tocsin.matching.sigma.wildcards import Wild

_OFTEN: Final = 100.0
_SELDOM: Final = 0.01


def guard(expression: Expression) -> tuple[frozenset[Match], float] | None:
    """Return tests of which one passes wherever the expression holds, and how often one is expected to; None if there are none."""
    if isinstance(expression, Match):
        return (
            None if isinstance(expression.test, SameAs) else (frozenset((expression,)), _weight(expression))
        )
    if isinstance(expression, Not):
        return None
    found = [guard(term) for term in expression.terms]
    known = [each for each in found if each is not None]
    if isinstance(expression, And):
        return min(known, key=lambda each: each[1], default=None)
    if len(known) < len(found):
        return None
    return frozenset().union(*(each[0] for each in known)), sum(each[1] for each in known)


def _weight(match: Match) -> float:
    test = match.test
    if isinstance(test, Like):
        literal = max((len(part) for part in test.parts if isinstance(part, str)), default=0)
        if literal == 0:
            return _OFTEN if test.parts else 1.0
        whole = not any(isinstance(part, Wild) for part in test.parts)
        # a path's separator, a space or an extension are part of most texts
        return 1.0 / (literal + (8 if whole else 0)) ** 2
    if isinstance(test, (Null, Exists)):
        return _OFTEN
    return _SELDOM if isinstance(test, (Regex, Network)) else 1.0
