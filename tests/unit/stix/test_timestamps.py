from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import ParseError
from tocsin.stix.timestamps import micros_or_none, to_micros

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_as_the_standard_library_counts(when: datetime) -> None:
    text = when.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"
    assert to_micros(text) == (when - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T00:00:00.1Z", 100_000),
        ("1970-01-01T00:00:00.0000019Z", 1),  # digits beyond the sixth are not seen
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),  # a leap second
    ],
)
def test_known(text: str, micros: int) -> None:
    assert micros_or_none(text) == micros
    assert micros_or_none(text) == micros, "from memory"


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00", "2026-01-01t00:00:00z"),
        *("2026-01-01T00:00:00.Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z"),
        *("2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "0000-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n"),
        "9999-12-31T23:59:60Z",  # the year 10000, which has no text
        *("٢٠٢٦-01-01T00:00:00Z", " 2026-01-01T00:00:00Z"),
    ],
)
def test_no_timestamps(text: str) -> None:
    assert micros_or_none(text) is None
    with pytest.raises(ParseError) as caught:
        to_micros(text)
    assert caught.value.rule == "timestamp"


@pytest.mark.parametrize("value", [None, 1, True, [], {}, b"2026-01-01T00:00:00Z"])
def test_no_text(value: object) -> None:
    assert micros_or_none(value) is None
