"""Sigma: the engine against an evaluator written straight from the specification, rule by rule and value by value, with Python's `re`."""

from __future__ import annotations

import ipaddress
import re
from fnmatch import fnmatchcase
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.matching.sigma import Engine, Rule
from tocsin.matching.sigma.kinds import Kind, offer
from tocsin.matching.sigma.rules import parse
from tocsin.matching.sigma.wildcards import matches, parts_of

KIND = Kind((offer("test"),))
FIELDS = ("a", "b", "c.d")
LETTERS = "abAB-/*?\\ .\n\N{EN DASH}ß"


# -- the specification, in the plainest words --------------------------------------------------------------------------------------------


def _expression(text: str, before: bool, after: bool) -> str:
    """Return a text with wildcards as an expression of `re`."""
    out, at = "", 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in {"\\", "*", "?"} and text[at + 1 : at + 2]:
            out += re.escape(text[at + 1].casefold())
            at += 1
        elif text[at] == "*":
            out += ".*"
        elif text[at] == "?":
            out += "."
        else:
            out += re.escape(text[at].casefold())
        at += 1
    return (".*" if before else "") + out + (".*" if after else "")


def _texts(record: dict[str, Any], field: str) -> list[str | None] | None:
    value: Any = record
    if field in record:
        value = record[field]
    else:
        for name in field.split("."):
            if not isinstance(value, dict) or name not in value:
                return None
            value = value[name]
    values = value if isinstance(value, list) else [value]
    return [
        None if v is None else ("true" if v else "false") if isinstance(v, bool) else str(v) for v in values
    ]


def _passes(text: str | None, value: Any, modifiers: list[str]) -> bool:
    if value is None:
        return text is None
    if text is None:
        return False
    if "cidr" in modifiers:
        try:
            return ipaddress.ip_address(text) in ipaddress.ip_network(value)
        except ValueError:
            return False
    if "re" in modifiers:
        return re.search(value, text, re.IGNORECASE if "i" in modifiers else 0) is not None
    if "gt" in modifiers:
        try:
            return float(text) > value
        except ValueError:
            return False
    before = "contains" in modifiers or "endswith" in modifiers
    after = "contains" in modifiers or "startswith" in modifiers
    wanted = value if isinstance(value, str) else str(value)
    if "windash" in modifiers:
        for dash in "/\N{EN DASH}":
            wanted, text = wanted.replace(dash, "-"), text.replace(dash, "-")
    return re.fullmatch(_expression(wanted, before, after), text.casefold(), re.DOTALL) is not None


def _item(record: dict[str, Any], key: str, given: Any) -> bool:
    field, *modifiers = key.split("|")
    values = given if isinstance(given, list) else [given]
    texts = _texts(record, field)
    if "exists" in modifiers:
        return (texts is not None) == given
    seen = [None] if texts is None or texts == [] else texts
    found = [any(_passes(text, value, modifiers) for text in seen) for value in values]
    return all(found) if "all" in modifiers else any(found)


def _search(record: dict[str, Any], search: Any) -> bool:
    if isinstance(search, dict):
        return all(_item(record, key, value) for key, value in search.items())
    return any(_search(record, each) for each in search)


def _condition(record: dict[str, Any], detection: dict[str, Any]) -> bool:
    """Let Python decide: and, or, not and brackets bind there as they do in Sigma."""
    named = {name: _search(record, each) for name, each in detection.items() if name != "condition"}

    def of(match: re.Match[str]) -> str:
        join = all if match[1] == "all" else any
        pattern = "[!_]*" if match[2] == "them" else match[2]
        return str(join(held for name, held in named.items() if fnmatchcase(name, pattern)))

    text = re.sub(r"(1|all) of (\S+?)(?=[\s)]|$)", of, detection["condition"])
    return bool(eval(text, {"__builtins__": {}}, named))


# -- rules and records -------------------------------------------------------------------------------------------------------------------

texts = st.one_of(st.text("abB-", max_size=3), st.text(LETTERS, max_size=6))
plain = st.text("abAB-/ .\N{EN DASH}", max_size=8)
addresses = st.sampled_from(["10.0.0.1", "10.1.0.1", "192.168.0.9", "2001:db8::1", "x"])
scalars = st.one_of(plain, st.integers(-3, 12), st.booleans(), st.none(), addresses)
values = st.one_of(scalars, st.lists(scalars, max_size=3))
records = st.fixed_dictionaries(
    {}, optional={"a": values, "b": values, "c": st.fixed_dictionaries({}, optional={"d": values})}
)
_marks = st.sampled_from(["", "|contains", "|startswith", "|endswith", "|windash", "|contains|windash"])


@st.composite
def items(draw: st.DrawFn) -> tuple[str, Any]:
    field = draw(st.sampled_from(FIELDS))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return f"{field}|exists", draw(st.booleans())
    if kind == 1:
        return f"{field}|cidr", draw(st.sampled_from(["10.0.0.0/16", "0.0.0.0/0", "2001:db8::/32"]))
    if kind == 2:
        return f"{field}|re{draw(st.sampled_from(['', '|i']))}", draw(
            st.sampled_from(["a.b", "^a", "b+$", "[ab]{2}", "(a|b) "])
        )
    if kind == 3:
        return f"{field}|gt", draw(st.integers(-3, 12))
    if kind == 4:
        return field, draw(
            st.one_of(st.none(), st.integers(-3, 12), st.lists(st.integers(-3, 12), min_size=1, max_size=3))
        )
    some = st.lists(texts, min_size=1, max_size=3)
    return f"{field}{draw(_marks)}{draw(st.sampled_from(['', '|all']))}", draw(some)


maps = st.lists(items(), min_size=1, max_size=3).map(dict)
searches = st.one_of(maps, st.lists(maps, min_size=1, max_size=3))
conditions = st.recursive(
    st.sampled_from(["s1", "s2", "f1", "1 of them", "all of s*", "1 of f*", "all of them"]),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not {one}"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map(lambda one: f"({one})"),
    ),
    max_leaves=6,
)
detections = st.fixed_dictionaries(
    {"s1": searches, "s2": searches, "f1": searches, "_x": searches, "condition": conditions}
)


@settings(max_examples=80, deadline=None)
@given(st.lists(detections, min_size=1, max_size=4), st.lists(records, min_size=1, max_size=4))
def test_engine_is_the_specification(asked: list[dict[str, Any]], given_: list[dict[str, Any]]) -> None:
    """Guard: `groups.Group`, `values`, `guards`, `conditions`; each of `matches`, `both`, `either` turned round fails here."""
    rules = []
    for number, detection in enumerate(asked):
        document = {"title": str(number), "logsource": {"product": "test"}, "detection": detection}
        rule = parse(yaml.safe_dump(document, allow_unicode=True).encode(), "x.yml")[0]
        assert isinstance(rule, Rule), rule
        rules.append(rule)
    engine = Engine.of(rules)
    for record in (*given_, *given_):  # the second time answers are remembered
        expected = [str(number) for number, detection in enumerate(asked) if _condition(record, detection)]
        assert [rule.head.title for rule in engine.match(record, KIND)] == expected


@settings(max_examples=150, deadline=None)
@given(st.text("ab*?\\", max_size=10), st.text("ab*\\", max_size=12))
def test_wildcards_are_the_specification(pattern: str, text: str) -> None:
    assert matches(parts_of(pattern), text) == (
        re.fullmatch(_expression(pattern, False, False), text, re.DOTALL) is not None
    )
