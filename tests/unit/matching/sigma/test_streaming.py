"""Correlations on hits as they come: the same as of all at once, where they come in order; what is late, what ends, what is forgotten."""

from __future__ import annotations

import random
from itertools import groupby
from typing import Any

import pytest
import yaml

from tocsin.matching.sigma import Event, Found, RuleSet, correlate, read
from tocsin.matching.sigma.streaming import Stream

SECOND = 1_000_000
_RULE = "title: {0}\nname: {0}\nlogsource: {{product: test}}\ndetection: {{s: {{x: {0}}}, condition: s}}\n"


def _rules(**correlations: dict[str, Any]) -> RuleSet:
    texts = [_RULE.format(name) for name in "abc"]
    for name, each in correlations.items():
        asked = {"rules": ["a"], "timespan": "10s", "group-by": ["u"], **each}
        texts.append(yaml.safe_dump({"title": name, "name": name, "correlation": asked}))
    made = read([("x.yml", "---\n".join(texts).encode())])
    assert not made.refused, made.refused
    return made


def _event(at: float, order: int, rule: str = "a", **fields: str) -> Event:
    return Event(int(at * SECOND), order, (rule,), {"u": "x", **fields}, order)


def _fed(stream: Stream, *events: Event) -> list[float]:
    return [found.at / SECOND for event in events for found in stream.feed([event])]


COUNT = {"type": "event_count", "condition": {"gte": 3}}


def test_what_comes_late_counts_from_then_on() -> None:
    stream = Stream(_rules(k=COUNT).correlations)
    assert _fed(stream, _event(5, 1), _event(8, 2)) == []
    assert _fed(stream, _event(6, 3)) == [8.0], "it is in its place: the last of the three is the one at 8"
    assert _fed(stream, _event(7, 4)) == [], "it holds still"
    far = Stream(_rules(k=COUNT).correlations)
    assert _fed(far, _event(5, 1), _event(100, 2), _event(4, 3), _event(6, 4), _event(101, 5)) == []


def test_a_chain_is_in_order_though_what_comes_is_not() -> None:
    chain = {"type": "temporal_ordered", "rules": ["a", "b"]}
    stream = Stream(_rules(k=chain).correlations)
    assert _fed(stream, _event(5, 1, "a"), _event(4, 2, "b")) == []
    assert _fed(stream, _event(6, 3, "b")) == [6.0]


def test_a_span_that_more_hits_could_undo_is_told_at_its_end() -> None:
    stream = Stream(_rules(k={"type": "event_count", "condition": {"lt": 3}}).correlations)
    assert _fed(stream, _event(1, 1), _event(2, 2)) == []
    assert stream.ended(11 * SECOND) == []
    (found,) = stream.ended(11 * SECOND + 1)
    assert (found.first, found.at, found.count) == (SECOND, 2 * SECOND, 2)
    assert stream.ended(99 * SECOND) == []


def test_groups_are_forgotten_when_nothing_of_them_counts() -> None:
    stream = Stream(_rules(k=COUNT).correlations)
    _fed(stream, _event(1, 1, u="one"), _event(2, 2, u="two"), _event(20, 3, u="two"))
    assert len(stream) == 2
    stream.forget(12 * SECOND)
    assert len(stream) == 1
    assert stream.span == 10 * SECOND
    assert Stream([]).span == 0


KINDS: list[dict[str, Any]] = [
    COUNT,
    {"type": "event_count", "condition": {"eq": 2}},
    {"type": "value_count", "condition": {"gte": 2, "field": "v"}},
    {"type": "value_sum", "condition": {"gt": 4, "field": "v"}},
    {"type": "value_median", "condition": {"gte": 2, "field": "v"}},
    {"type": "temporal", "rules": ["a", "b"]},
    {"type": "temporal_ordered", "rules": ["a", "b", "c"]},
]


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_in_order_it_is_the_same_as_at_once(number: int) -> None:
    dice = random.Random(number)
    outer = (
        {}
        if number == 1
        else {"o": {"type": "event_count", "rules": ["k"], "timespan": "1m", "condition": {"gte": 2}}}
    )
    rules = _rules(k=KINDS[number], **outer)
    for _ in range(20):
        at, events = 0.0, []
        for order in range(40):
            at += dice.choice((0, 1, 1, 2, 4, 15))
            fields = {"u": dice.choice("xy"), "v": str(dice.randrange(4))}
            hit = dice.sample("abc", dice.choice((1, 1, 1, 2)))
            events += [_event(at, order, rule, **fields) for rule in hit]
        stream = Stream(rules.correlations)
        made = [
            found
            for _, record in groupby(events, key=lambda event: event.order)
            for found in stream.feed(list(record))
        ]
        assert _keys([*made, *stream.ended(1 << 60)]) == _keys(correlate(rules.correlations, events))


def _keys(some: list[Found]) -> list[Any]:
    return sorted(
        (
            each.correlation.head.title,
            each.at,
            each.order,
            each.first,
            str(each.group),
            each.count,
            each.origins,
        )
        for each in some
    )
