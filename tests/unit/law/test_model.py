from __future__ import annotations

import pytest

from tocsin.law.model import Interval, day

DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("until", "moment", "holds"),
    [
        (20, 10 * DAY - 1, False),
        (20, 10 * DAY, True),
        (20, 20 * DAY - 1, True),
        (20, 20 * DAY, False),
        (None, 10 * DAY - 1, False),
        (None, 10**9 * DAY, True),
    ],
)
def test_an_end_is_the_first_moment_out_of_force(until: int | None, moment: int, holds: bool) -> None:
    interval = Interval(since=10 * DAY, until=None if until is None else until * DAY)
    assert interval.holds(moment) is holds


def test_a_day_is_written_as_in_the_files() -> None:
    assert day(31 * DAY) == "1970-02-01"
