"""Patterns: round trip, the quick check against the parser, and the parser against `stix2-patterns`.

Where the two parsers disagree, the disagreement must be one of docs/reference/stix-patterns.md.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from pathlib import Path as File

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stix2patterns.validator import run_validator

from tocsin.errors import ParseError
from tocsin.stix.patterns import Pattern, atoms, check, covered, fast, parse, render
from tocsin.stix.patterns.ast import (
    AllOf,
    AnyOf,
    Binary,
    Both,
    Comparison,
    Either,
    FollowedBy,
    Hex,
    Observation,
    Path,
    Qualified,
    Repeats,
    StartStop,
    Timestamp,
    Within,
)
from tocsin.stix.timestamps import to_micros

VECTORS = File(__file__).parents[1] / "vectors" / "stix" / "patterns"
VALID = [
    *(VECTORS / "valid" / "spec.txt").read_text().splitlines(),
    *json.loads((VECTORS / "valid" / "corners.json").read_text()),
]
INVALID = list(
    itertools.chain.from_iterable(
        json.loads(file.read_text()) for file in (VECTORS / "invalid").glob("*.json")
    )
)

# Rules of the prose that stix2-patterns does not hold, and limits of our own.
STRICTER = {
    "and-types", "qualifier", "repeats", "within", "start-stop", "timestamp", "integer", "float", "in-types", "index",
    "set", "regex", "depth", "length", "hash",
}  # fmt: skip
# Texts that stix2-patterns refuses although the prose allows them; see the page for each.
LOOSER = re.compile(
    r"""b'[A-Za-z0-9+/=\r\n]*[\r\n][A-Za-z0-9+/=\r\n]*'   # line feeds in base64
    | b''                                                   # no octets in base64
    | hashes\s*\.\s*(?:'[^']*'|\w+)\s*\[\s*\d             # an index behind the name of a hash: it ends with an error
    | \A[\s\u0085]*(?:/\*|//)                               # a comment before the pattern""",
    re.VERBOSE,
)


def verdict(text):
    """Return None for a good pattern, else the rule it breaks."""
    try:
        parse(text)
    except ParseError as error:
        return error.rule.removeprefix("pattern-")
    return None


def theirs(text):
    """Tell whether stix2-patterns takes the text, its judgement of digests left out (the page says why)."""
    try:
        faults = run_validator(text, "2.1")
    except (UnboundLocalError, AttributeError):  # it fails on some input instead of refusing it
        return False
    return not [fault for fault in faults if not re.search(r"is not a valid \S+ hash", fault)]


def test_stix2_patterns_ends_with_an_error_where_a_hash_has_an_index():
    text = f"[file:hashes.'SHA-256' [0]= '{'a' * 64}']"
    assert verdict(text) is None
    assert not theirs(text)
    assert LOOSER.search(text)


def compare(text):
    rule = verdict(text)
    if rule is None:
        assert theirs(text) or LOOSER.search(text), text
    elif theirs(text):
        assert rule in STRICTER, (rule, text)
    return rule


@pytest.mark.parametrize("text", VALID + INVALID)
def test_vectors_against_stix2_patterns(text):
    compare(text)


@pytest.mark.parametrize("text", (VECTORS / "valid" / "spec.txt").read_text().splitlines())
def test_the_examples_of_the_specification_are_good_to_both(text):
    assert verdict(text) is None
    assert theirs(text)


TOKENS = [
    *[
        "[",
        "]",
        "(",
        ")",
        "'",
        "\\",
        "AND",
        "OR",
        "NOT",
        "FOLLOWEDBY",
        "LIKE",
        "IN",
        "EXISTS",
        "LAST",
        "//",
        "/*",
        "*/",
        "=",
        "==",
        "<>",
        "!=",
        "<=",
        "1",
        "-1",
        "+1",
        "0",
        "01",
        "1.5",
        ".5",
        "1.",
        "true",
    ],
    *[
        "-",
        ":",
        ",",
        "*",
        "[*]",
        "[0]",
        "[-1]",
        ".",
        "t'2024-01-01T00:00:00Z'",
        "h'ff'",
        "h'f'",
        "b'AA=='",
        "b''",
        "'x'",
        "''",
        "a:b",
        "file:hashes.MD5",
        "hashes",
    ],
    *[
        "MD5",
        "é",
        "\u00a0",
        "\x1c",
        "a-b",
        " ",
        "\n",
        "REPEATS 0 TIMES",
        "REPEATS 2 TIMES",
        "WITHIN 5 SECONDS",
    ],
    *["WITHIN 0.0 SECONDS", "START t'2024-01-01T00:00:00Z' STOP t'2023-01-01T00:00:00Z'"],
]
STARTS = [text for text in VALID + INVALID if len(text) < 300]


def mutate(text, chance):
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(4):
            case 0:
                text = text[:at] + chance.choice(TOKENS) + text[at:]
            case 1:
                text = text[:at] + text[at + chance.choice([1, 1, 2, 5]) :]
            case 2:
                other = chance.choice(STARTS) or " "
                start = chance.randrange(len(other))
                text = text[:at] + other[start : start + chance.randint(1, 20)] + text[at:]
            case _:
                text = text[:at] + chance.choice(TOKENS) + text[at + 1 :]
    return text


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_mutated_patterns_against_stix2_patterns(seed):
    chance = random.Random(seed)
    for _ in range(25):
        text = mutate(chance.choice(STARTS), chance)
        rule = compare(text)
        if rule is None:
            check(text)
            assert parse(render(parse(text))) == parse(text)
        else:
            with pytest.raises(ParseError):
                check(text)


# Trees made from scratch.

names = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
keys = names | st.sampled_from(["AND", "true", "x-y", "a.b", "1", "", "it's", "\\", "ü", "IN"])
types = st.sampled_from(["file", "x-t", "a"])
moments = st.sampled_from(
    [
        "1999-12-31T23:59:59Z",
        "2024-02-29T00:00:00.5Z",
        "2024-02-29T00:00:00.123456Z",
        "2030-01-01T00:00:00.000Z",
    ]
).map(lambda text: Timestamp(text, to_micros(text)))
strings = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
octets = st.binary(max_size=5)
orderable = st.one_of(strings, numbers, octets.map(Hex), octets.map(Binary), moments)


@st.composite
def paths(draw, kind):
    steps: list[str | int | None] = [draw(keys)]
    steps += draw(st.lists(keys | st.integers(0, 99) | st.none(), max_size=2))
    return Path(kind, tuple(steps))


@st.composite
def comparisons(draw, kind):
    path = draw(paths(kind))
    negated = draw(st.booleans())
    operator = draw(
        st.sampled_from(
            ["=", "!=", "<", "<=", ">", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET", "EXISTS"]
        )
    )
    match operator:
        case "=" | "!=":
            value = draw(orderable | st.booleans())
        case "IN":
            members = draw(st.sampled_from([strings, numbers, st.booleans(), octets.map(Hex), moments]))
            value = tuple(draw(st.lists(members, max_size=3)))
        case "LIKE":
            value = draw(strings)
        case "MATCHES":
            value = draw(strings.map(re.escape))
        case "ISSUBSET" | "ISSUPERSET":
            path = Path(f"x-{kind}", path.steps) if kind == "file" else path
            value = draw(st.ip_addresses().map(str) | st.sampled_from(["10.0.0.0/8", "2001:db8::/32"]))
        case "EXISTS":
            value = None
        case _:
            value = draw(orderable)
    return Comparison(path, operator, value, negated)


def groups(inner, *kinds):
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(*(several.map(kind) for kind in kinds))


def one_type(kind):
    return st.recursive(comparisons(kind), lambda inner: groups(inner, AllOf, AnyOf), max_leaves=5)


tests = types.filter(lambda kind: kind != "file").flatmap(one_type)
tests = tests | st.lists(comparisons("file") | tests, min_size=2, max_size=3).map(
    lambda found: AnyOf(tuple(found))
)
within = st.integers(1, 10**6).map(Within) | st.floats(0.001, 1e6).map(Within)
repeats = st.integers(1, 9).map(Repeats)
windows = (
    st.tuples(moments, moments).filter(lambda two: two[0].at < two[1].at).map(lambda two: StartStop(*two))
)
qualifiers = st.permutations([within, repeats, windows]).flatmap(
    lambda made: st.tuples(*made[:2]) | st.tuples(made[0])
)
expressions = st.recursive(
    tests.map(Observation),
    lambda inner: groups(inner, Both, Either, FollowedBy) | st.builds(Qualified, inner, qualifiers),
    max_leaves=5,
)
patterns = expressions.map(Pattern)


@given(patterns)
@settings(max_examples=120, deadline=None)
def test_round_trip(pattern):
    text = render(pattern)
    again = parse(text)
    assert repr(again) == repr(pattern)  # repr tells 1 from 1.0 and True, which are equal
    check(text)


@given(patterns)
@settings(max_examples=60, deadline=None)
def test_what_is_rendered_is_good_to_stix2_patterns(pattern):
    text = render(pattern)
    assert theirs(text) or LOOSER.search(text), text


# The quick check: everything it accepts must be good to the parser.

simple_paths = st.sampled_from(
    ["a:b", "a:b_c.d", "x-y:b[*].c", "x-y:b[0]", "file:name", "file:hashes.MD5", "file:hashes.'SHA-256'", "file:hashes.x",
     "file:x.hashes.MD5", "true:b", "a:true", "a:b.false", "a:hashes", "a:hashes_x.MD5", "a:AND", "a:b-c", "A:B"]
)  # fmt: skip
simple_values = st.one_of(
    strings.map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"),
    st.sampled_from(
        [
            "'d41d8cd98f00b204e9800998ecf8427e'",
            f"'{'ab' * 32}'",
            "'x",
            "'\\a'",
            "x",
            "t'x'",
            "h'0'",
            "1.5",
            "01",
        ]
    ),
    st.integers(-5, 2**60).map(str),
)
simple = st.builds(
    lambda first, rest, frame: frame.format(first[0] + first[1] + first[2] + "".join(map("".join, rest))),
    st.tuples(simple_paths, st.sampled_from([" = ", "=", "  =", " != ", " == "]), simple_values),
    st.lists(
        st.tuples(
            st.sampled_from([" OR ", " AND ", " OR  ", " and ", "OR "]),
            simple_paths,
            st.just(" = "),
            simple_values,
        ),
        max_size=3,
    ),
    st.sampled_from(["[{}]", "[ {} ]", "[{}] ", "({})", "[({})]", "{}]"]),
).filter(lambda text: "{" not in text)


@given(simple)
@settings(max_examples=1500, deadline=None)
def test_the_quick_check_is_the_parser(text):
    quick = fast._SIMPLE.fullmatch(text) is not None
    rule = verdict(text)
    if quick:
        assert rule is None, text
    if rule is None:
        check(text)
    else:
        with pytest.raises(ParseError) as caught:
            check(text)
        assert caught.value.rule == f"pattern-{rule}"


# Atoms: evaluated naively over one observation of one object, given as {path text: value}.


def holds(test, seen):
    match test:
        case AllOf():
            return all(holds(operand, seen) for operand in test.operands)
        case AnyOf():
            return any(holds(operand, seen) for operand in test.operands)
    key = f"{test.path.type}:{test.path.steps[0]}"
    if key not in seen:
        return False
    match test.operator:
        case "=":
            result = seen[key] == test.value
        case "!=":
            result = seen[key] != test.value
        case _:
            result = seen[key] in test.value
    return result is not test.negated


small = st.builds(
    lambda key, operator, value, negated: Comparison(
        Path("a", (key,)), operator, (value, "z") if operator == "IN" else value, negated
    ),
    st.sampled_from("bcd"),
    st.sampled_from(["=", "=", "=", "!=", "IN"]),
    st.sampled_from("xyz"),
    st.booleans(),
)
small_tests = st.recursive(small, lambda inner: groups(inner, AllOf, AnyOf), max_leaves=6)


@given(small_tests, st.dictionaries(st.sampled_from(["a:b", "a:c", "a:d"]), st.sampled_from("wxyz")))
@settings(max_examples=500)
def test_a_sufficient_atom_is_a_match_and_covered_patterns_match_only_by_atoms(test, seen):
    pattern = Pattern(Observation(test))
    hits = [atom for atom in atoms(pattern) if seen.get(atom.path) == atom.value]
    matches = holds(test, seen)
    if any(atom.sufficient for atom in hits):
        assert matches
    if matches and covered(pattern):
        assert hits
