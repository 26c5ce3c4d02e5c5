from __future__ import annotations

import pytest

from tocsin.stix.patterns import parse, render
from tocsin.stix.patterns.ast import Path
from tocsin.stix.patterns.render import render_constant, render_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[ a:b==1 ]", "[a:b = 1]"),
        ("([((a:b <> 1))])", "[a:b != 1]"),
        ("[a:b=1 OR(a:b=2 OR a:b=3)]", "[a:b = 1 OR (a:b = 2 OR a:b = 3)]"),
        ("[a:b=1 AND(a:b=2 AND a:b=3)]", "[a:b = 1 AND (a:b = 2 AND a:b = 3)]"),
        ("[(a:b=1 AND a:b=2) OR a:b=3]", "[a:b = 1 AND a:b = 2 OR a:b = 3]"),
        ("[a:b NOT IN(1,2.5)]", "[a:b NOT IN (1, 2.5)]"),
        ("[a:b IN()]", "[a:b IN ()]"),
        ("[NOT EXISTS a:b]", "[NOT EXISTS a:b]"),
        (
            "([a:b=1]AND[a:b=2])OR([a:b=3]FOLLOWEDBY[a:b=4])",
            "[a:b = 1] AND [a:b = 2] OR ([a:b = 3] FOLLOWEDBY [a:b = 4])",
        ),
        (
            "([a:b=1]FOLLOWEDBY[a:b=2])FOLLOWEDBY[a:b=3]",
            "([a:b = 1] FOLLOWEDBY [a:b = 2]) FOLLOWEDBY [a:b = 3]",
        ),
        ("(([a:b=1]WITHIN 1 SECONDS)REPEATS 2 TIMES)", "([a:b = 1] WITHIN 1 SECONDS) REPEATS 2 TIMES"),
        (
            "[a:b=1]START t'2024-01-01T00:00:00Z'STOP t'2024-01-02T00:00:00.50Z'",
            "[a:b = 1] START t'2024-01-01T00:00:00Z' STOP t'2024-01-02T00:00:00.50Z'",
        ),
    ],
)
def test_one_spelling(text, expected):
    assert render(parse(text)) == expected
    assert render(parse(expected)) == expected


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (("hashes", "SHA-256"), "file:hashes.'SHA-256'"),
        (("a", 0, None, "b"), "file:a[0][*].b"),
        (("AND", "true"), "file:'AND'.'true'"),
        (("1a", "", "ü", "it's"), r"file:'1a'.''.'ü'.'it\'s'"),
    ],
)
def test_keys_are_quoted_where_they_must(steps, text):
    assert render_path(Path("file", steps)) == text
    assert parse(f"[{text} = 1]").expression.test.path.steps == steps


@pytest.mark.parametrize("value", [1e22, 1e-7, 5e-324, 1.7976931348623157e308, -0.1, 100.0])
def test_floats_without_exponent(value):
    text = render_constant(value)
    assert "e" not in text
    assert parse(f"[a:b = {text}]").expression.test.value == value
