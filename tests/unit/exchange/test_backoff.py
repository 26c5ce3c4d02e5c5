"""Waiting: full jitter, bounds, and the two ways to write Retry-After."""

from __future__ import annotations

import pytest

from tocsin.exchange.backoff import Patience, http_date, retry_after

NOW = 1_794_830_400_000_000  # 2026-11-16T12:00:00Z


def test_full_jitter_is_bounded() -> None:
    patience = Patience(base=1.0, longest=10.0)
    assert [patience.pause(n, lambda: 0.999999) for n in range(1, 7)] == pytest.approx(
        [1, 2, 4, 8, 10, 10], rel=1e-3
    )
    assert patience.pause(5000, lambda: 0.5) == 5.0
    assert patience.pause(3, lambda: 0.0) == 0.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 400, 999_999_999_999.0),
        ("Mon, 16 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 16 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


@pytest.mark.parametrize(
    "text", ["Mon, 99 Nov 2026 12:00:00 GMT", "x" * 1000, "Mon, 16 Nov 99999 12:00:00 GMT", "\0"]
)
def test_what_is_no_date(text: str) -> None:
    assert http_date(text) is None


def test_a_date_without_zone_is_utc() -> None:
    assert http_date("Mon, 16 Nov 2026 12:00:00 -0000") == NOW == http_date("Mon, 16 Nov 2026 13:00:00 +0100")
