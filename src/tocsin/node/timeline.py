"""Moments counted by day, week, month or year (UTC): as fine as it can be while a drawing still has room for every step."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

import msgspec

from tocsin.clock import Micros

STEPS = ("day", "week", "month", "year")
MOST = 62
"""Most steps of a drawing, where the step is not given."""
_MICRO = 1_000_000


class Bucket(msgspec.Struct, frozen=True):
    """From `begin` up to, but without, `end` (ISO dates): how many, and of which kind."""

    begin: str
    end: str
    total: int
    kinds: dict[str, int]


class Series(msgspec.Struct, frozen=True):
    """Steps without a gap, the earliest first; where there would be more than `MOST`, those with nothing in them are left out."""

    step: str
    buckets: tuple[Bucket, ...]


def series_of(moments: Iterable[tuple[Micros, str]], step: str = "") -> Series:
    """Return moments (µs, kind) counted; `step` of `STEPS`, or "" for the finest that has room."""
    counted: Counter[tuple[dt.date, str]] = Counter()
    for at, kind in moments:
        counted[_date(at), kind] += 1
    if not counted:
        return Series(step or STEPS[0], ())
    days = [day for day, _ in counted]
    chosen = step or next((each for each in STEPS if _steps(min(days), max(days), each) <= MOST), STEPS[-1])
    by_begin: dict[dt.date, Counter[str]] = {}
    if _steps(min(days), max(days), chosen) <= MOST:
        begin = _begin(min(days), chosen)
        while begin <= max(days):
            by_begin[begin] = Counter()
            begin = _next(begin, chosen)
    for (day, kind), number in counted.items():
        by_begin.setdefault(_begin(day, chosen), Counter())[kind] += number
    return Series(
        chosen,
        tuple(
            Bucket(begin.isoformat(), _next(begin, chosen).isoformat(), kinds.total(), dict(sorted(kinds.items())))
            for begin, kinds in sorted(by_begin.items())
        ),
    )  # fmt: skip


def _date(at: Micros) -> dt.date:
    return dt.datetime.fromtimestamp(at // _MICRO, tz=dt.UTC).date()


def _begin(day: dt.date, step: str) -> dt.date:
    if step == "week":
        return day - dt.timedelta(days=day.weekday()) if day.toordinal() > day.weekday() else dt.date.min
    if step == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if step == "year" else day


def _next(begin: dt.date, step: str) -> dt.date:
    try:
        if step in ("day", "week"):
            return begin + dt.timedelta(days=7 if step == "week" else 1)
        if step == "month":
            return begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
        return begin.replace(year=begin.year + 1)
    except (ValueError, OverflowError):
        return dt.date.max  # the last step there is


def _steps(first: dt.date, last: dt.date, step: str) -> int:
    """Return about how many steps there are, rather more than fewer."""
    days = (last - first).days
    return days // {"day": 1, "week": 7, "month": 28, "year": 365}[step] + 1
