from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tocsin import clock


@given(st.integers(min_value=0, max_value=253402300799_999999))
def test_text_names_the_same_instant(at: int) -> None:
    text = clock.to_text(at)
    read = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    whole = read - datetime(1970, 1, 1, tzinfo=UTC)
    assert (whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds == at


def test_the_system_clock_moves_and_a_fixed_one_does_not() -> None:
    assert clock.system_clock() > 1_700_000_000_000_000
    stopped = clock.fixed_clock(42)
    assert stopped() == stopped() == 42
