"""Conditions: what binds how, what they may name, and what is too much."""

from __future__ import annotations

import pytest

from tocsin.errors import ParseError
from tocsin.matching.sigma.conditions import parse
from tocsin.matching.sigma.expressions import And, Match, Not, Or
from tocsin.matching.sigma.tests import Exists

A, B, C, U = (Match(name, Exists(value=True)) for name in "abcu")
NAMED = {"sel_a": A, "sel_b": B, "filter": C, "_unused": U}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sel_a", A),
        ("sel_a or sel_b and filter", Or((A, And((B, C))))),
        ("(sel_a or sel_b) and filter", And((Or((A, B)), C))),
        ("not sel_a and sel_b", And((Not(A), B))),
        ("not not sel_a", A),
        ("not (sel_a or sel_b)", Not(Or((A, B)))),
        ("1 of sel_*", Or((A, B))),
        ("any of sel_*", Or((A, B))),
        ("all of sel*", And((A, B))),
        ("all of *_a", A),
        ("1 of them", Or((A, B, C))),
        ("ALL OF them AND NOT filter", And((A, B, C, Not(C)))),
        ("sel_a and not 1 of filter*", And((A, Not(C)))),
        ("(((sel_a)))", A),
        ("_unused", U),
    ],
)
def test_what_a_condition_asks_for(text: str, expected: object) -> None:
    assert parse(text, NAMED) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("sel_a and", "ends where"),
        ("and sel_a", "'and' is no search identifier"),
        ("sel_a sel_b", "where the condition should end"),
        ("(sel_a", "not closed"),
        ("sel_a)", "should end"),
        ("nothing", "'nothing' is no search identifier"),
        ("1 of nothing*", "like 'nothing\\*'"),
        ("1 of", "what"),
        ("2 of sel_*", "'2' is no search identifier"),
        ("sel_a | count() by x > 5", "correlation rule"),
        ("(" * 9_990 + "sel_a" + ")" * 9_990, "deeper than 64"),
        ("not " * 6_000 + "sel_a", "20,000"),
        ("sel_a or " * 3_000, "20,000"),
    ],
)
def test_what_is_no_condition(text: str, why: str) -> None:
    with pytest.raises(ParseError, match=why) as raised:
        parse(text, NAMED)
    assert raised.value.rule == "sigma-condition"


def test_what_is_named_often_counts_often() -> None:
    large = Or(tuple(Match(f"f{n}", Exists(value=True)) for n in range(20_000)))
    with pytest.raises(ParseError, match="100,000 tests"):
        parse(" or ".join(["(sel and x)"] * 6), {"sel": large, "x": A})
