"""Moments counted by steps."""

from __future__ import annotations

import datetime as dt

import pytest

from tocsin.node.timeline import MOST, series_of


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * 1_000_000


def test_nothing() -> None:
    assert series_of([]).buckets == ()


@pytest.mark.parametrize(
    ("last", "step"),
    [("2026-01-20", "day"), ("2026-12-01", "week"), ("2029-06-01", "month"), ("2200-01-01", "year")],
)
def test_the_finest_step_that_has_room(last: str, step: str) -> None:
    series = series_of([(at("2026-01-05"), "a"), (at(last), "b")])
    assert series.step == step
    assert 1 < len(series.buckets) <= max(MOST, 200)
    assert sum(each.total for each in series.buckets) == 2


def test_steps_follow_each_other_without_a_gap() -> None:
    series = series_of(
        [(at("2026-01-30T23:59:59"), "a"), (at("2026-03-01"), "a"), (at("2026-03-01"), "b")], "month"
    )
    assert [(each.begin, each.end, each.total) for each in series.buckets] == [
        ("2026-01-01", "2026-02-01", 1),
        ("2026-02-01", "2026-03-01", 0),
        ("2026-03-01", "2026-04-01", 2),
    ]
    assert series.buckets[2].kinds == {"a": 1, "b": 1}


def test_weeks_begin_on_monday_and_years_with_january() -> None:
    assert series_of([(at("2026-11-29"), "a")], "week").buckets[0].begin == "2026-11-23"
    assert series_of([(at("2026-12-29"), "a")], "year").buckets[0].end == "2027-01-01"
    assert series_of([(at("2026-12-29"), "a")], "month").buckets[0].end == "2027-01-01"


@pytest.mark.parametrize("step", ["day", "week", "month", "year", ""])
def test_the_first_and_the_last_day_there_are(step: str) -> None:
    series = series_of([(at("0001-01-01"), "a"), (at("9999-12-31"), "a")], step)
    assert sum(each.total for each in series.buckets) == 2
    assert len(series.buckets) == 2
    assert series.buckets[-1].end == "9999-12-31" or step == "year"
