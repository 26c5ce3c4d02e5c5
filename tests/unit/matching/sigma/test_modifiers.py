"""Each modifier of the Sigma modifiers appendix 2.1.0: what it finds, what it does not, and what it cannot be applied to."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tocsin.errors import ParseError
from tocsin.matching.sigma.engine import Engine
from tocsin.matching.sigma.kinds import Kind, offer
from tocsin.matching.sigma.modifiers import MODIFIERS, item
from tocsin.matching.sigma.rules import Head, LogSource, Rule

KIND = Kind((offer("test"),))


def holds(key: str, values: Any, record: dict[str, Any], **more: Any) -> bool:
    """Return whether an item of a selection holds of a record, by the engine."""
    rule = Rule(Head("t"), LogSource("test"), item(key, values, **more))
    return bool(Engine.of([rule]).match(record, KIND))


WIDE = base64.b64encode("cmd".encode("utf-16-le")).decode()

# key, value of the rule, values of the field that are found, values that are not
VECTORS: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("f", "Cmd.exe", ["cmd.EXE"], ["cmd.exe ", "xcmd.exe", "", None]),
    ("f", "a*c", ["ac", "ABBC"], ["ab", "xabc"]),
    ("f", "a?c", ["abc", "a\nc"], ["ac", "abbc"]),
    ("f", r"a\*c", ["a*c"], ["abc"]),
    ("f", r"a\\*c", [r"a\c", r"a\xxc"], ["axc", "a*c"]),
    ("f", r"a\\\*c", [r"a\*c"], [r"a\xc"]),
    ("f", r"a\b", [r"A\B"], [r"a\\b"]),
    ("f", r"a\\\\b", [r"a\\b"], [r"a\b"]),
    ("f", "", [""], [" ", None]),
    ("f", "*", ["", "x"], [None]),
    ("f", "?*", ["x", "xy"], ["", None]),
    ("f", "*a*b*", ["xaxbx", "ab"], ["ba", "b"]),
    ("f", "*aab*b", ["aaabb", "aabxb"], ["aab", "abab"]),
    ("f", 4624, [4624, "4624", 4624.0], [46240, "04624"]),
    ("f", True, [True, "TRUE"], [1, "1", False]),
    ("f", None, [None, []], ["", 0, False]),
    ("f", ["a", "b"], ["b", ["x", "A"]], ["c", []]),
    ("f", "grün", ["GRÜN"], ["grun"]),
    ("f", "straße", ["STRASSE"], ["strase"]),
    ("f|contains", "run", ["xRUNx", "run"], ["ru n"]),
    ("f|contains", ["aa", "a"], ["xax"], ["x"]),
    ("f|contains", 46, [4624], ["4 6"]),
    ("f|contains|all", ["a", "b"], ["xbxax", ["a", "b"]], ["aa"]),
    ("f|all", ["a*", "*b"], ["axb"], ["a", "b"]),
    ("f|startswith", "ab", ["ABc"], ["xab"]),
    ("f|endswith", "ab", ["xAB"], ["abx"]),
    ("f|endswith", [r"\cmd.exe", r"\x.exe"], [r"C:\cmd.exe"], ["cmd.exe"]),
    ("f|cased", "Ab", ["Ab"], ["AB", "ab"]),
    ("f|contains|cased", "Ab", ["xAbx"], ["xabx"]),
    ("f|re", "a.c$", ["xabc"], ["abcx", "ABc"]),
    ("f|re", ["q+", "^z"], ["qq", "zebra"], ["a z"]),
    ("f|re|i", "a.c", ["xABC"], ["x"]),
    ("f|re", "^a.c$", [], ["a\nc", "x\nabc"]),
    ("f|re|s", "a.c", ["a\nc"], ["ac"]),
    ("f|re|m", "^b$", ["a\nb"], ["ab"]),
    ("f|re|i|m|s", "^B.c", ["a\nb\nC"], ["ab"]),
    ("f|cidr", "10.0.0.0/8", ["10.1.2.3", "::ffff:10.0.0.1"], ["11.0.0.1", "10.0.0.0/8", "x", 10]),
    ("f|cidr", "10.1.2.3/8", ["10.9.9.9"], ["11.0.0.1"]),
    ("f|cidr", ["2001:db8::/32", "127.0.0.0/8"], ["2001:DB8::1", "127.0.0.1"], ["2001:db9::1"]),
    ("f|base64", "cmd", [base64.b64encode(b"cmd").decode()], ["cmd"]),
    ("f|wide|base64", "cmd", [WIDE], [base64.b64encode(b"cmd").decode()]),
    ("f|utf16le|base64", "cmd", [WIDE], ["x"]),
    ("f|utf16be|base64", "cmd", [base64.b64encode("cmd".encode("utf-16-be")).decode()], [WIDE]),
    ("f|utf16|base64", "cmd", [base64.b64encode("cmd".encode("utf-16")).decode()], [WIDE]),
    ("f|wide", "cmd", ["c\0m\0d\0"], ["cmd"]),
    (
        "f|base64offset|contains",
        "http://",
        [base64.b64encode(b"x" * shift + b"http://y").decode() for shift in range(6)],
        [base64.b64encode(b"https://").decode()],
    ),
    ("f|windash", "-a /b", ["-A -b", "/a \N{EM DASH}b", "\N{HORIZONTAL BAR}a /b"], ["a b", "+a -b"]),
    ("f|contains|windash", " -e ", ["x /E y", "x \N{EN DASH}e y"], ["x -ee y"]),
    ("f|windash|contains|all", ["-a", "-b"], ["/b /a"], ["/a"]),
    ("f|exists", True, ["", None, 0], []),
    ("f|exists", False, [], ["", None]),
    ("f|lt", 5, [4, "4.5", -1], [5, "x", None, "0x1"]),
    ("f|lte", 5, [5, "5"], [5.1]),
    ("f|gt", 5, [6, "1e3"], [5]),
    ("f|gte", "5", [5], [4]),
    ("f|neq", "a", ["b", None, []], ["A", ["x", "a"]]),
    ("f|neq", [1, 2], [3], [1, 2]),
    ("f|contains|neq", "a", ["b"], ["xax"]),
    ("f|hour", 8, ["2026-11-20T08:00:00Z", "2026-11-20 08:59:59.5"], ["2026-11-20T09:00:00Z", "8", "x"]),
    ("f|hour|gte", 18, ["2026-11-20T18:00:00+01:00"], ["2026-11-20T17:59:59Z"]),
    ("f|minute", [1, 2], ["2026-11-20T08:02:00Z"], ["2026-11-20T08:03:00Z"]),
    ("f|day", 20, ["2026-11-20"], ["2026-11-21"]),
    ("f|week", 47, ["2026-11-20"], ["2026-11-23"]),
    ("f|month", 11, ["2026-11-20"], ["2026-12-20"]),
    ("f|year|lt", 2026, ["2025-12-31T23:59:59Z"], ["2026-01-01"]),
]


@pytest.mark.parametrize(("key", "value", "found", "passed_over"), VECTORS, ids=lambda v: str(v)[:30])
def test_what_a_modifier_finds(key: str, value: Any, found: list[Any], passed_over: list[Any]) -> None:
    for text in found:
        assert holds(key, value, {"f": text}), text
    for text in passed_over:
        assert not holds(key, value, {"f": text}), text


def test_every_modifier_has_a_vector() -> None:
    written = {name for key, *_ in VECTORS for name in key.split("|")[1:]}
    assert set(MODIFIERS) - {"ignorecase", "multiline", "dotall"} <= written | {"fieldref", "expand"}


def test_absent_fields() -> None:
    assert holds("f", None, {})
    assert holds("f|exists", False, {"g": 1})
    assert not holds("f|exists", True, {})
    assert holds("f|neq", "a", {})
    for key, value in (("f", "*"), ("f", ""), ("f|re", ".*"), ("f|lt", 9), ("f|cidr", "0.0.0.0/0")):
        assert not holds(key, value, {}), key


def test_fields_of_one_record() -> None:
    assert holds("f|fieldref", "g", {"f": "A", "g": "a"})
    assert not holds("f|fieldref|cased", "g", {"f": "A", "g": "a"})
    assert holds("f|fieldref|startswith", "g", {"f": "abc", "g": "AB"})
    assert holds("f|fieldref|endswith", "a.b", {"f": "abc", "a": {"b": "BC"}})
    assert holds("f|fieldref|contains", "g", {"f": "abc", "g": ["x", "b"]})
    assert holds("f|fieldref|neq", "g", {"f": "a", "g": "b"})
    assert not holds("f|fieldref", "g", {"f": "a"})
    assert not holds("f|fieldref", "g", {})


def test_placeholders() -> None:
    known = {"admins": ["adm_*", "root"], "host": ["a", "b"]}
    assert holds("f|expand", "%admins%", {"f": "ADM_x"}, placeholders=known)
    assert holds("f|contains|expand", "%host%-%host%", {"f": "xb-ax"}, placeholders=known)
    assert holds("f|expand", r"\%plain%host%", {"f": "%plaina"}, placeholders=known)
    assert holds("f", "%host%", {"f": "%HOST%"}, placeholders=known)
    assert not holds("f|expand", "%admins%", {"f": "jane"}, placeholders=known)
    with pytest.raises(ParseError, match="%missing%") as raised:
        item("f|expand", "%missing%", placeholders=known)
    assert raised.value.rule == "sigma-placeholder"
    with pytest.raises(ParseError, match="10,000 values"):
        item("f|expand", "%n%" * 5, placeholders={"n": list("abcdefghij")})


def test_keywords_look_at_every_value() -> None:
    record = {"a": {"b": ["x", "deep EVIL one"]}, "n": 4711, "t": True}
    assert holds("", "evil", record)
    assert holds("", 4711, record)
    assert holds("", "e*l", record)
    assert holds("|re", "^deep", record)
    assert not holds("|re", "^EVIL", record)
    assert holds("|all", ["evil", "deep"], record)
    assert not holds("|all", ["evil", "absent"], record)
    assert not holds("", "x\ndeep", record)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("f|nonsense", "a", "no modifier 'nonsense'"),
        ("f|contains", None, "needs text"),
        ("f|base64", "a*", "wildcards"),
        ("f|wide", "a?", "wildcards"),
        ("f|utf16", "a", "is no text"),
        ("f|base64offset", "", "too little"),
        ("f|lt", "x", "needs a number"),
        ("f|hour", True, "needs a number"),
        ("f|exists", "yes", "true or false"),
        ("f|i", "a", "belongs after re"),
        ("f|cidr", "10.0.0.0/99", "no range"),
        ("f|cidr|cased", "10.0.0.0/8", "needs text"),
        ("f|contains|re", "a", "must stand before"),
        ("f|re", "(a", "bounded time"),
        ("f|re", r"(a)\1", "bounded time"),
        ("f|re", "(?<!a)b", "bounded time"),
        ("f|re", "a" * 20_000, "10,000"),
        ("f|expand", 5, "needs text"),
        ("f", [], "empty"),
        ("f", [["a"]], "list in a list"),
        ("f", {"a": 1}, "map"),
        ("", None, "all fields"),
        ("|cidr", "10.0.0.0/8", "all fields"),
    ],
)
def test_what_it_cannot_be_applied_to(key: str, value: Any, why: str) -> None:
    with pytest.raises(ParseError, match=why):
        item(key, value)
