"""Correlations: each type, what it finds and what it does not, in time and by group."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pytest
import yaml

from tocsin.matching.sigma import Event, Found, RuleSet, correlate, read
from tocsin.matching.sigma.correlations import Correlation
from tocsin.matching.sigma.streaming import Stream

SECOND = 1_000_000
BASE = """
title: A
name: a
id: 00000000-0000-4000-8000-00000000000a
logsource: {product: test}
detection: {selection: {x: 1}, condition: selection}
---
title: B
name: b
logsource: {product: test}
detection: {selection: {x: 2}, condition: selection}
---
title: C
name: c
logsource: {product: test}
detection: {selection: {x: 3}, condition: selection}
"""


def ruleset(*correlations: dict[str, Any]) -> RuleSet:
    documents = [
        {"title": each.pop("title", f"K{n}"), "name": f"k{n}", "correlation": each}
        for n, each in enumerate(correlations)
    ]
    text = BASE + "".join("\n---\n" + yaml.safe_dump(each) for each in documents)
    return read([("x.yml", text.encode())])


def found(
    correlation: dict[str, Any], events: Sequence[tuple[float, str, dict[str, Any]]], *more: dict[str, Any]
) -> list[Found]:
    """Return what correlations make of events: seconds, rule, fields. Events of one second are one record if their order says so."""
    made = ruleset({"timespan": "10s", "group-by": ["u"], **correlation}, *more)
    assert not made.refused, made.refused
    given = [
        Event(int(at * SECOND), fields.pop("order", number), (rule,), fields, number)
        for number, (at, rule, fields) in enumerate(dict_copy(events))
    ]
    expected = correlate(made.correlations, given)
    assert _key(streamed(made.correlations, given)) == _key(expected), "as they come, the same is found"
    return expected


def streamed(correlations: Sequence[Correlation], events: Sequence[Event]) -> list[Found]:
    """Return what is found of hits that come one record after the other, and when the last span has ended."""
    stream = Stream(correlations)
    ordered = sorted(events, key=lambda event: (event.at, event.order))
    made = [
        each
        for _, record in groupby(ordered, key=lambda event: (event.at, event.order))
        for each in stream.feed(list(record))
    ]
    return made + stream.ended(1 << 61)


def _key(some: Sequence[Found]) -> list[tuple[Any, ...]]:
    return sorted(
        (
            each.at,
            each.order,
            each.correlation.head.names,
            each.first,
            str(each.group),
            each.count,
            each.origins,
        )
        for each in some
    )


def dict_copy(events: Sequence[tuple[float, str, dict[str, Any]]]) -> list[tuple[float, str, dict[str, Any]]]:
    return [(at, rule, dict(fields)) for at, rule, fields in events]


def times(each: list[Found]) -> list[float]:
    return [one.at / SECOND for one in each]


U = {"u": "jane"}
COUNT = {"type": "event_count", "rules": ["a"], "condition": {"gte": 3}}


def test_event_count() -> None:
    assert times(found(COUNT, [(0, "a", U), (5, "a", U), (10, "a", U)])) == [10]
    assert times(found(COUNT, [(0, "a", U), (5, "a", U), (10.001, "a", U)])) == []
    assert times(found(COUNT, [(0, "a", U), (1, "a", {"u": "joe"}), (2, "a", U)])) == []
    assert times(found(COUNT, [(0, "a", U), (1, "b", U), (2, "a", U)])) == []
    assert times(found(COUNT, [(2, "a", U), (0, "a", U), (1, "a", U)])) == [2]


def test_it_is_told_once_until_it_ceases() -> None:
    many = [(n, "a", U) for n in range(20)]
    assert times(found(COUNT, many)) == [2]
    assert times(found(COUNT, [*many, *((100 + n, "a", U) for n in range(5))])) == [2, 102]


def test_hits_of_one_record_are_one_event() -> None:
    both = {**COUNT, "rules": ["a", "b"], "condition": {"gte": 2}}
    assert found(both, [(0, "a", {**U, "order": 7}), (0, "b", {**U, "order": 7})]) == []
    assert times(found(both, [(0, "a", U), (0, "b", U)])) == [0]


def test_an_absent_field_is_a_group_of_its_own() -> None:
    (one,) = found({**COUNT, "condition": {"gte": 2}}, [(0, "a", {}), (1, "a", {}), (2, "a", U)])
    assert one.group == {"u": None}
    assert one.origins == (0, 1)


@pytest.mark.parametrize(
    ("condition", "count", "expected"),
    [({"lt": 3}, 2, [1]), ({"lt": 3}, 3, []), ({"lte": 3}, 3, [2]), ({"eq": 2}, 2, [1]), ({"eq": 2}, 3, []), ({"gt": 1, "lte": 3}, 3, [2]), ({"gt": 1, "lte": 3}, 4, []), ({"neq": 2}, 2, [])],
)  # fmt: skip
def test_upper_bounds_are_judged_at_the_end_of_a_span(
    condition: dict[str, int], count: int, expected: list[float]
) -> None:
    assert times(found({**COUNT, "condition": condition}, [(n, "a", U) for n in range(count)])) == expected


def test_value_count() -> None:
    values = {"type": "value_count", "rules": ["a"], "condition": {"field": "f", "gte": 3}}
    assert times(found(values, [(n, "a", {**U, "f": f"v{n}"}) for n in range(3)])) == [2]
    assert times(found(values, [(n, "a", {**U, "f": "v"}) for n in range(9)])) == []
    assert times(found(values, [(0, "a", {**U, "f": "1"}), (1, "a", {**U, "f": "2"}), (2, "a", U)])) == []
    two = {"type": "value_count", "rules": ["a"], "condition": {"field": ["f", "g"], "gte": 2}}
    assert times(found(two, [(0, "a", {**U, "f": "1", "g": "1"}), (1, "a", {**U, "f": "1", "g": "2"})])) == [
        1
    ]


@pytest.mark.parametrize(
    ("kind", "more", "values", "holds"),
    [
        ("value_sum", {"gt": 100}, ["60", "41"], True),
        ("value_sum", {"gt": 100}, ["60", "40", "x"], False),
        ("value_avg", {"gte": 5}, ["2", "8"], True),
        ("value_avg", {"gte": 5}, ["2", "7"], False),
        ("value_median", {"gte": 3}, ["1", "3", "100"], True),
        ("value_median", {"gte": 4}, ["1", "3", "100"], False),
        ("value_percentile", {"percentile": 75, "gte": 7.75}, ["1", "4", "7", "10"], True),
        ("value_percentile", {"percentile": 75, "gt": 7.75}, ["10", "7", "4", "1"], False),
        ("value_sum", {"gte": 0}, ["x"], False),
    ],
)
def test_numbers(kind: str, more: dict[str, float], values: list[str], holds: bool) -> None:
    rule = {"type": kind, "rules": ["a"], "condition": {"field": "f", **more}}
    # the last event ends what came before: the first moments may hold for themselves
    given = found(rule, [(0, "a", {**U, "f": value}) for value in values])
    at_end = bool(given) and (len(given[-1].origins) == len(values) or holds)
    assert at_end == holds


def test_temporal() -> None:
    both = {"type": "temporal", "rules": ["a", "b"]}
    assert times(found(both, [(5, "b", U), (0, "a", U)])) == [5]
    assert times(found(both, [(0, "a", U), (11, "b", U)])) == []
    assert times(found(both, [(0, "a", U), (1, "b", {"u": "joe"})])) == []
    two = {"type": "temporal", "rules": ["a", "b", "c"], "condition": {"gte": 2}}
    assert times(found(two, [(0, "a", U), (1, "a", U), (2, "c", U)])) == [2]
    written = {"type": "temporal", "condition": "a and (b or c)"}
    assert times(found(written, [(0, "a", U), (1, "c", U)])) == [1]
    assert times(found(written, [(0, "b", U), (1, "c", U)])) == []


def test_temporal_ordered() -> None:
    both = {"type": "temporal_ordered", "rules": ["a", "b"]}
    assert times(found(both, [(0, "a", U), (5, "b", U)])) == [5]
    assert times(found(both, [(0, "b", U), (5, "a", U)])) == []
    assert times(found(both, [(0, "a", U), (5, "a", U), (12, "b", U)])) == [12]
    assert times(found(both, [(0, "a", U), (11, "b", U)])) == []
    assert found(both, [(0, "a", {**U, "order": 7}), (0, "b", {**U, "order": 7})]) == []
    three = {"type": "temporal_ordered", "rules": ["a", "b", "c"]}
    assert times(found(three, [(0, "a", U), (1, "c", U), (2, "b", U), (3, "c", U)])) == [3]


def test_aliases() -> None:
    rule = {
        "type": "temporal",
        "rules": ["a", "b"],
        "group-by": ["ip"],
        "aliases": {"ip": {"a": "src", "b": "dst"}},
    }
    assert times(found(rule, [(0, "a", {"src": "1"}), (1, "b", {"dst": "1", "src": "9"})])) == [1]
    assert times(found(rule, [(0, "a", {"src": "1"}), (1, "b", {"dst": "2", "src": "1"})])) == []


def test_correlations_of_correlations() -> None:
    failed = {**COUNT, "group-by": ["u", "host"]}
    then = {"type": "temporal_ordered", "rules": ["k0", "b"], "group-by": ["u"], "timespan": "1h"}
    both = {**U, "host": "h"}
    events = [(0, "a", both), (1, "a", both), (2, "a", both), (60, "b", both)]
    assert [(each.correlation.head.name, each.at // SECOND) for each in found(failed, events, then)] == [
        ("k0", 2),
        ("k1", 60),
    ]


def test_rules_of_correlations_are_silent_unless_they_are_to_generate() -> None:
    loud, quiet = (
        {"timespan": "1m", "group-by": [], **COUNT, "generate": generate} for generate in (True, False)
    )
    made = ruleset(quiet)
    assert [made.reported(rule) for rule in made.rules] == [False, True, True]
    made = ruleset(loud)
    assert [made.reported(rule) for rule in made.rules] == [True, True, True]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "sideways"}, "none of event_count"),
        ({"rules": []}, "no rules"),
        ({"rules": ["nobody"]}, "'nobody' is no rule of this set"),
        ({"rules": ["k0"]}, "asks for itself"),
        ({"timespan": "5 minutes"}, "timespan"),
        ({"timespan": "0s"}, "timespan"),
        ({"condition": None}, "no condition"),
        ({"condition": {}}, None),
        ({"condition": {"above": 3}}, "'above' is none"),
        ({"condition": {"gte": "many"}}, "no number"),
        ({"condition": "a and b"}, "only temporal"),
        ({"type": "value_count", "condition": {"gte": 3}}, "needs a field"),
        ({"type": "value_sum", "condition": {"gte": 3, "field": ["f", "g"]}}, "one field"),
        ({"type": "value_percentile", "condition": {"gte": 3, "field": "f"}}, "needs a percentile"),
        ({"type": "temporal", "condition": "a and (b"}, "not closed"),
        ({"group-by": [{"a": 1}]}, "no name"),
        ({"aliases": {"x": "y"}}, "aliases"),
        ({"aliases": {"x": {"tpyo": "y"}}}, "'tpyo' is no rule of this set"),
        ({"generate": "yes"}, "neither true nor false"),
    ],
    ids=str,
)
def test_what_is_no_correlation(change: dict[str, Any], why: str | None) -> None:
    made = ruleset({"timespan": "10s", "group-by": ["u"], **COUNT, **change})
    if why is None:
        assert len(made.correlations) == 1
        return
    (refused,) = made.refused
    assert why in refused.reason
    assert refused.rule == "sigma-correlation"
