from __future__ import annotations

import pytest

from tocsin.telemetry import times

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
    ],
)
def test_lines(line, at):
    assert times.in_line(line) == at
