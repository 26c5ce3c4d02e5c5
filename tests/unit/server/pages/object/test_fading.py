"""What a page says is left of a confidence is what hunts count with."""

from __future__ import annotations

import pytest

from factories import indicator
from tocsin.server.pages.object.fading import DAY, DAYS, left_of
from tocsin.stix.timestamps import to_micros

SINCE = to_micros("2026-01-01T00:00:00Z")
NAMED = indicator(1) | {"pattern": "[domain-name:value = 'evil.example']", "valid_from": "2026-01-01T00:00:00Z"}  # fmt: skip


@pytest.mark.parametrize(("days", "left"), [(-1, 80), (0, 80), (30, 40), (DAYS, 0), (400, 0)])
def test_a_name_fades(days: int, left: int) -> None:
    (found,) = left_of(NAMED | {"confidence": 80}, SINCE + days * DAY)
    assert (found.kind, found.value, found.left, found.fades) == ("domain", "evil.example", left, True)


def test_within_a_day_nothing_changes() -> None:
    at = SINCE + 30 * DAY
    assert left_of(NAMED | {"confidence": 80}, at) == left_of(NAMED | {"confidence": 80}, at + DAY - 1)


def test_a_digest_does_not_fade() -> None:
    digest = {"pattern": f"[file:hashes.'SHA-256' = '{'a' * 64}']", "confidence": 80}
    (found,) = left_of(NAMED | digest, SINCE + 400 * DAY)
    assert (found.left, found.fades) == (80, False)


@pytest.mark.parametrize(
    "says", [{}, {"confidence": "high"}, {"confidence": 80, "type": "malware"}, {"confidence": 80, "pattern": "[x"}]
)  # fmt: skip
def test_where_nothing_is_said_nothing_is_left(says: dict[str, object]) -> None:
    assert left_of(NAMED | says, SINCE) == ()
