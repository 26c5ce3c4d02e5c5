from __future__ import annotations

import pytest

from tocsin.cli import _time
from tocsin.errors import InputError

NOW = 1_795_161_600_000_000  # 2026-11-20T08:00:00Z


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (None, None),
        ("2026-11-20", NOW - 8 * 3_600_000_000),
        ("2026-11-20T08:00:00Z", NOW),
        ("90m", NOW - 90 * 60_000_000),
        ("24h", NOW - 86_400_000_000),
        ("2w", NOW - 14 * 86_400_000_000),
    ],
)
def test_since(text, at):
    assert _time.since(text, NOW) == at


@pytest.mark.parametrize("text", ["yesterday", "7y", "", "-1d"])
def test_what_is_no_time(text):
    with pytest.raises(InputError, match="--since"):
        _time.since(text, NOW)
