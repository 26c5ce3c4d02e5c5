from __future__ import annotations

from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tocsin.telemetry import times
from tocsin.telemetry.times import Reference

AT = 1_795_161_600_000_000  # 2026-11-20T08:00:00Z


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-11-20T08:00:00Z", AT),
        ("2026-11-20T08:00:00.000001Z", AT + 1),
        ("2026-11-20T08:00:00.123456789Z", AT + 123456),
        ("2026-11-20T09:00:00.5+0100", AT + 500_000),
        ("2026-11-20T09:00:00+01:00", AT),
        ("2026-11-20 08:00:00,25", AT + 250_000),
        ("1795161600.000001", AT + 1),
        ("1795161600", AT),
        (1795161600, AT),
        (1795161600.5, AT + 500_000),
        (1795161600123, AT + 123_000),
        (1795161600123456, AT + 123_456),
        (1795161600123456789, AT + 123_457),
        ("2026-13-20T08:00:00Z", None),
        ("yesterday", None),
        (True, None),
        (-1, None),
        (float("nan"), None),
        (1e300, None),
        (None, None),
        ([], None),
    ],
)
def test_values(value, at):
    assert times.of_value(value) == at


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("2026-11-20T08:00:00Z relay postfix: x", AT),
        ("<34>1 2026-11-20T08:00:00.000003Z host app - - -", AT + 3),
        ('1.2.3.4 - - [20/Nov/2026:09:00:00 +0100] "GET / HTTP/1.1"', AT),
        ("1795161600.123 TCP_MISS/200", AT + 123_000),
        ("Nov 20 08:00:00 host app: no year", None),
        ("12345 apples", None),
        ("", None),
        ("x" * 600 + "2026-11-20T08:00:00Z", None),
        ("[31/Feb/2026:08:00:00 +0000]", None),
        ("2026/11/20 08:00:00 [error] 21875#21875: *11 open() failed", AT),
        ("/backup/2026/11/20 08:00:00", None),
        ("[Fri Nov 20 08:00:00.015019 2026] [core:info] [pid 1:tid 1] x", AT + 15_019),
        ("[31/Feb/2026:08:00:00 +0000] 2026/02/31 08:00:00", None),
    ],
)
def test_lines(line, at):
    assert times.in_line(line, None) == at


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-20 10:00:00,000 INFO x",
        "2026/11/20 10:00:00 x",
        "[Fri Nov 20 10:00:00 2026] x",
        "2026-11-20T08:00:00Z x",
    ],
)
def test_lines_that_name_no_zone_are_in_that_of_the_log(line):
    assert times.in_line(line, Reference(latest=AT, zone=timezone(timedelta(hours=2)))) == AT


REFERENCE = Reference(latest=AT + 10 * 86_400_000_000)
EAST = Reference(latest=AT, zone=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "reference", "at"),
    [
        ("Nov 20 08:00:00 host", REFERENCE, AT),
        ("Nov 20 09:00:00.25 host", EAST, AT + 250_000),
        ("Nov  1 08:00:00", REFERENCE, AT - 19 * 86_400_000_000),
        # the clocks of two machines differ: an hour ahead is still this year, two days are last year
        ("Nov 20 10:00:00", EAST, AT + 3_600_000_000),
        ("Nov 22 10:00:00", EAST, AT - (365 - 2) * 86_400_000_000 + 3_600_000_000),
        ("Dec 31 23:59:59", REFERENCE, 1_767_225_599_000_000),
        ("Feb 29 00:00:00", REFERENCE, 1_709_164_800_000_000),
        ("Nov 20 2019 08:00:00", None, 1_574_236_800_000_000),
        ("Nov 20 08:00:00", None, None),
        ("Nov 31 08:00:00", REFERENCE, None),
        ("Nov 20 25:00:00", REFERENCE, None),
        ("20 Nov 08:00:00", REFERENCE, None),
        ("Nov 20 08:00:00", Reference(latest=2**62), None),
        ("Nov 20 08:00:00", Reference(latest=-(2**62)), None),
    ],
)
def test_times_without_a_year(text, reference, at):
    assert times.of_bsd(text, reference) == at


def test_a_year_ends_within_a_log():
    new_year = 1_798_761_600_000_000  # 2027-01-01
    reference = Reference(latest=new_year + 3_600_000_000)
    assert times.of_bsd("Dec 31 23:59:59", reference) == new_year - 1_000_000
    assert times.of_bsd("Jan  1 00:00:01", reference) == new_year + 1_000_000


def test_summer_time_is_that_of_the_day():
    vienna = Reference(latest=AT, zone=ZoneInfo("Europe/Vienna"))
    assert times.of_bsd("Jul 20 10:00:00", vienna) == 1_784_534_400_000_000
    assert times.of_bsd("Nov 20 09:00:00", vienna) == AT


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20/Nov/2026:09:00:00 +0100", AT),
        ("20-Nov-2026 08:00:00.125", AT + 125_000),
        ("20 Nov 2026 08:00:00", AT),
        ("31/Feb/2026:08:00:00 +0000", None),
        ("20/Nov/26:08:00:00", None),
    ],
)
def test_day_month_year(text, at):
    assert times.of_day_month(text, None) == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("11/20/2026 8:00:00 AM", AT),
        ("11/20/2026 8:00:00 PM", AT + 12 * 3_600_000_000),
        ("20/11/2026 08:00:00", AT),
        ("20.11.2026 08:00:00", AT),
        ("2026/11/20 08:00:00", AT),
        ("11/12/2026 08:00:00", AT - 8 * 86_400_000_000),  # November: the month first where both are possible
        ("11.12.2026 08:00:00", AT + 21 * 86_400_000_000),  # December
        ("31/31/2026 08:00:00", None),
    ],
)
def test_times_by_locale(text, at):
    assert times.of_slashed(text, None) == at


def test_local_times_keep_the_zone_they_name():
    assert times.of_local("2026-11-20T09:00:00", EAST) == AT
    assert times.of_local("2026-11-20T08:00:00Z", EAST) == AT
    assert times.of_local("2026-11-20T08:00:00", None) == AT
    assert times.of_local("soon", EAST) is None
