"""Rules, filters and pipelines: what a document must have, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.errors import FormatError
from tocsin.matching.sigma import Engine, Refused, Rule, read
from tocsin.matching.sigma.kinds import Kind, offer
from tocsin.matching.sigma.pipelines import read as read_pipeline
from tocsin.matching.sigma.rules import LogSource, parse

RULE = """title: T
id: 3F2F5D1E-6a35-4a39-9f5d-1a0f5bb1c001
tags: [attack.t1059.001, attack.execution]
logsource: {product: Test}
detection:
  selection: {x: 1}
  condition: selection
"""
KIND = Kind((offer("test"),))


def hits(text: str, record: dict[str, Any], kind: Kind = KIND, **more: Any) -> list[str]:
    made = read([("x.yml", text.encode())], **more)
    assert not made.refused, made.refused
    return [rule.head.title for rule in Engine.of(made.rules).match(record, kind)]


def test_what_a_rule_says() -> None:
    (rule,) = parse(RULE.encode(), "x.yml")
    assert isinstance(rule, Rule)
    assert rule.head.id == "3f2f5d1e-6a35-4a39-9f5d-1a0f5bb1c001"
    assert rule.head.techniques == ("T1059.001",)
    assert (rule.source, rule.head.where) == (LogSource("test"), "x.yml:1")


@pytest.mark.parametrize(
    ("old", "new", "why", "line"),
    [
        ("title: T", "title:", "no title", 1),
        ("title: T", "title: T\nlevel: loud", "level 'loud'", 2),
        ("title: T", "title: T\nstatus: new", "status 'new'", 2),
        ("{product: Test}", "{definition: x}", "neither product", 4),
        ("{product: Test}", "{product: 'a b'}", "no name", 4),
        ("logsource: {product: Test}", "x: 1", "no logsource", 1),
        ("detection:", "find:", "no Sigma rule", 1),
        ("{x: 1}", "{}", "empty search", 6),
        ("{x: 1}", "[]", "empty search", 6),
        ("{x: 1}", "{'x|y': 1}", "no modifier 'y'", 6),
        ("{x: 1}", "{x: {y: 1}}", "map", 6),
        ("condition: selection", "x: y", "no condition", 6),
        ("condition: selection", "condition: 5", "no condition", 7),
        ("condition: selection", "condition: other", "'other'", 7),
        ("condition: selection", "condition: selection\n  timeframe: 5m", "timeframe", 8),
    ],
)
def test_what_is_no_rule(old: str, new: str, why: str, line: int) -> None:
    (found,) = parse(RULE.replace(old, new).encode(), "x.yml")
    assert isinstance(found, Refused)
    assert why in found.reason
    assert found.where == f"x.yml:{line}"


def test_files_that_are_none() -> None:
    for raw in (b"", b"---\n", b"- a\n", b"x", b"\xff", b"a: [" * 99):
        (found,) = parse(raw, "x.yml")
        assert isinstance(found, Refused), raw


def test_a_list_of_conditions_is_an_or() -> None:
    text = RULE.replace("condition: selection", "other: {x: 2}\n  condition: [selection, other]")
    assert [hits(text, {"x": x}) for x in (1, 2, 3)] == [["T"], ["T"], []]


def test_two_rules_of_one_id() -> None:
    made = read([("x.yml", (RULE + "---\n" + RULE).encode())])
    assert (len(made.rules), [each.rule for each in made.refused]) == (1, ["sigma-id"])


def test_a_rule_sees_the_records_of_its_log_source() -> None:
    for source, seen in (
        ("product: test", True),
        ("product: other", False),
        ("product: test, service: s", True),
        ("category: c", True),
        ("service: t", False),
    ):
        text = RULE.replace("{product: Test}", f"{{{source}}}")
        assert hits(text, {"x": 1}, Kind((offer("test", "c", "s"),))) == ["T"] * seen, source


def test_fields_stand_under_other_names_in_some_logs() -> None:
    kind = Kind(
        (offer("test", names={"x": ("y", "z.w")}), offer("test", "c", names={"x": "v"})), {"known": "Yes"}
    )
    assert hits(RULE, {"y": 1}, kind) == ["T"]
    assert hits(RULE, {"z": {"w": 1}}, kind) == ["T"]
    assert hits(RULE, {"v": 1}, kind) == ["T"]
    assert hits(RULE, {"x": 1}, kind) == []
    for test, holds in (
        ("known: 'yes'", True),
        ("known|contains: no", False),
        ("known|cased: 'yes'", False),
        ("'known|exists': true", True),
        ("known: null", False),
    ):
        assert hits(RULE.replace("x: 1", test), {"known": "Yes"}, kind) == ["T"] * holds, test


FILTER = """---
title: F
logsource: {product: test}
filter:
  rules: [3f2f5d1e-6a35-4a39-9f5d-1a0f5bb1c001]
  admin: {user|startswith: adm_}
  condition: not admin
"""


def test_filters_are_added_to_the_rules_they_name() -> None:
    assert hits(RULE + FILTER, {"x": 1, "user": "jane"}) == ["T"]
    assert hits(RULE + FILTER, {"x": 1, "user": "adm_jane"}) == []
    for change in (
        FILTER.replace("c001", "c002"),
        FILTER.replace("product: test", "product: test, service: s"),
    ):
        assert hits(RULE + change, {"x": 1, "user": "adm_jane"}) == ["T"]


def piped(steps: str, **more: Any) -> dict[str, Any]:
    text = "name: p\npriority: 10\ntransformations:\n" + "".join(
        f"  - {step}\n" for step in steps.split("\n")
    )
    return {"applied": [read_pipeline(text.encode(), "p.yml")], **more}


@pytest.mark.parametrize(
    ("step", "record", "holds"),
    [
        ("{type: field_name_mapping, mapping: {x: y}}", {"y": 1}, True),
        ("{type: field_name_mapping, mapping: {x: y}}", {"x": 1}, False),
        ("{type: field_name_mapping, mapping: {x: [y, z]}}", {"z": 1}, True),
        ("{type: field_name_prefix, prefix: 'e.'}", {"e": {"x": 1}}, True),
        ("{type: field_name_suffix, suffix: _s}", {"x_s": 1}, True),
        ("{type: field_name_prefix_mapping, mapping: {x: 'win.x'}}", {"win.x": 1}, True),
        (
            "{type: field_name_prefix, prefix: 'e.', field_name_conditions: [{type: include_fields, fields: [q]}]}",
            {"x": 1},
            True,
        ),
        (
            "{type: field_name_prefix, prefix: 'e.', field_name_conditions: [{type: exclude_fields, fields: [x]}]}",
            {"x": 1},
            True,
        ),
        ("{type: add_condition, conditions: {y: 2}}", {"x": 1}, False),
        ("{type: add_condition, conditions: {y: 2}}", {"x": 1, "y": 2}, True),
        ("{type: add_condition, conditions: {y: 2}, negated: true}", {"x": 1}, True),
        (
            "{type: add_condition, conditions: {y: 2}, rule_conditions: [{type: logsource, product: other}]}",
            {"x": 1},
            True,
        ),
        (
            "{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [x]}]}",
            {},
            True,
        ),
        ("{type: change_logsource, product: other}", {"x": 1}, False),
    ],
)
def test_pipelines(step: str, record: dict[str, Any], holds: bool) -> None:
    assert hits(RULE, record, **piped(step)) == ["T"] * holds


def test_a_pipeline_may_refuse_a_rule() -> None:
    made = read([("x.yml", RULE.encode())], **piped("{type: rule_failure, message: not here}"))
    assert [(each.rule, each.reason) for each in made.refused] == [("sigma-pipeline", "p.yml:4: not here")]


@pytest.mark.parametrize(
    "step",
    [
        "{type: query_expression_placeholders}",
        "{type: add_condition, detection_item_conditions: [{}]}",
        "{type: rule_failure, rule_conditions: [{type: tag}]}",
        "5",
    ],
)
def test_what_a_pipeline_cannot_say(step: str) -> None:
    with pytest.raises(FormatError, match=r"p\.yml:4"):
        piped(step)
