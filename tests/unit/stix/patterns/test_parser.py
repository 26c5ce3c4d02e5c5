from __future__ import annotations

import json
from pathlib import Path as File

import pytest

from tocsin.errors import ParseError
from tocsin.stix.patterns import check, parse, render
from tocsin.stix.patterns.ast import (
    AllOf,
    AnyOf,
    Both,
    Comparison,
    Either,
    FollowedBy,
    Observation,
    Path,
    Pattern,
    Qualified,
    Repeats,
    Within,
)
from tocsin.stix.patterns.parser import MAX_DEPTH

VECTORS = File(__file__).parents[3] / "vectors" / "stix" / "patterns"
VALID = [
    *(VECTORS / "valid" / "spec.txt").read_text().splitlines(),
    *json.loads((VECTORS / "valid" / "corners.json").read_text()),
]
INVALID = [
    (file.stem, text)
    for file in sorted((VECTORS / "invalid").glob("*.json"))
    for text in json.loads(file.read_text())
]


@pytest.mark.parametrize("text", VALID)
def test_valid(text):
    pattern = parse(text)
    check(text)
    assert parse(render(pattern)) == pattern
    assert render(parse(render(pattern))) == render(pattern)


@pytest.mark.parametrize(("rule", "text"), INVALID)
def test_invalid(rule, text):
    for refuse in (parse, check):
        with pytest.raises(ParseError) as caught:
            refuse(text)
        assert caught.value.rule == f"pattern-{rule}"
        assert "column " in str(caught.value)


def test_there_are_vectors():
    assert len(VALID) > 60
    assert len(INVALID) > 130


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[file:size = ]", "pattern, column 14: expected a constant, found ]"),
        ("file:size = 1", "pattern, column 1: expected '[' or '(', found file"),
        ("[a:b = 1] WITHIN 5 HOURS", "pattern, column 20: expected SECONDS, found HOURS"),
        ("[a:b = 1", "pattern, column 9: expected AND, OR or ']', found the end of the pattern"),
        ("[a:b-c = 1]", "pattern, column 4: a property name with a hyphen stands in quotes: 'b-c'"),
        (
            "[a:b = 'x]",
            "pattern, column 8: string is not closed, or holds a backslash before neither ' nor \\",
        ),
        (
            "[a:b = 1 AND c:d = 2]",
            "pattern, column 14: AND joins comparisons of one object, which is not both a and c",
        ),
        ("[a:b = 1] x" + "y" * 90, f"found x{'y' * 39}..."),
    ],
)
def test_messages_say_where_and_what_was_expected(text, message):
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert message in str(caught.value)


def ab(value):
    return Comparison(Path("a", ("b",)), "=", value)


def seen(value):
    return Observation(ab(value))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("[a:b=1 OR a:b=2 AND a:b=3]", Observation(AnyOf((ab(1), AllOf((ab(2), ab(3))))))),
        ("[(a:b=1 OR a:b=2) AND a:b=3]", Observation(AllOf((AnyOf((ab(1), ab(2))), ab(3))))),
        ("[a:b=1 OR a:b=2 OR a:b=3]", Observation(AnyOf((ab(1), ab(2), ab(3))))),
        ("[a:b=1 OR (a:b=2 OR a:b=3)]", Observation(AnyOf((ab(1), AnyOf((ab(2), ab(3))))))),
        (
            "[a:b=1] FOLLOWEDBY [a:b=2] OR [a:b=3] AND [a:b=4]",
            FollowedBy((seen(1), Either((seen(2), Both((seen(3), seen(4))))))),
        ),
        ("[a:b=1] AND [a:b=2] OR [a:b=3]", Either((Both((seen(1), seen(2))), seen(3)))),
        (
            "[a:b=1] FOLLOWEDBY [a:b=2] REPEATS 5 TIMES",
            FollowedBy((seen(1), Qualified(seen(2), (Repeats(5),)))),
        ),
        (
            "([a:b=1] FOLLOWEDBY [a:b=2]) REPEATS 5 TIMES WITHIN 0.5 SECONDS",
            Qualified(FollowedBy((seen(1), seen(2))), (Repeats(5), Within(0.5))),
        ),
        (
            "([a:b=1] WITHIN 2 SECONDS) WITHIN 1 SECONDS",
            Qualified(Qualified(seen(1), (Within(2),)), (Within(1),)),
        ),
    ],
)
def test_precedence(text, tree):
    assert parse(text) == Pattern(tree)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[a:b EXISTS]", None),
        ("[a:b = 1]", Path("a", ("b",))),
        (
            r"[a-b:'c.d'.e[0][*].'f\'g'.\n'-' = 1]".replace(r"\n", "\n"),
            Path("a-b", ("c.d", "e", 0, None, "f'g", "-")),
        ),
    ],
)
def test_paths(text, path):
    if path is None:
        with pytest.raises(ParseError):
            parse(text)
    else:
        assert parse(text).expression.test.path == path


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("=", "1"),
        ("!=", "1"),
        ("<", "1"),
        ("<=", "1"),
        (">", "1"),
        (">=", "1"),
        ("IN", "(1, 2)"),
        ("LIKE", "'x'"),
        ("MATCHES", "'x'"),
        ("ISSUBSET", "'10.0.0.0/8'"),
        ("ISSUPERSET", "'10.0.0.0/8'"),
    ],
)
@pytest.mark.parametrize("negated", [False, True])
def test_operators(operator, value, negated):
    test = parse(f"[a:b {'NOT ' if negated else ''}{operator} {value}]").expression.test
    assert (test.operator, test.negated) == (operator, negated)


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000, "[" + "(" * 100_000, "(" * (MAX_DEPTH + 1) + "[a:b=1]" + ")" * (MAX_DEPTH + 1)],
)
def test_depth_is_bounded(text):
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert caught.value.rule == "pattern-depth"


def test_the_deepest_allowed_parses():
    outside, inside = MAX_DEPTH // 2, MAX_DEPTH - MAX_DEPTH // 2
    text = "(" * outside + "[" + "(" * inside + "a:b=1" + ")" * inside + "]" + ")" * outside
    assert parse(text) == parse("[a:b=1]")


def test_chains_may_be_long():
    many = 20_000
    assert (
        len(parse("[" + " OR ".join(f"a:b = {n}" for n in range(many)) + "]").expression.test.operands)
        == many
    )
    assert len(parse(" AND ".join(f"[a:b = {n}]" for n in range(many))).expression.operands) == many


def test_trees_are_values():
    assert len({parse("[a:b = 1]"), parse("[ a:b == 1 ]"), parse("[a:b = 2]")}) == 2
