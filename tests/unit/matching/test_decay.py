from __future__ import annotations

import numpy as np
import pytest

from tocsin.matching import Entry, Indicator
from tocsin.matching.decay import DECAYING, LIFETIME, confidence_at, confidences_at


def _entry(kind="ipv4", **more):
    return Entry(
        kind, "1.2.3.4", Indicator(id="indicator--1", **({"valid_from": 1000, "confidence": 80} | more))
    )


@pytest.mark.parametrize(
    ("share", "expected"), [(-1, 80), (0, 80), (1 / 16, 60), (1 / 4, 40), (1, 0), (5, 0)]
)
def test_confidence_falls_as_the_square_root_of_time(share, expected):
    assert confidence_at(_entry(), 1000 + round(share * LIFETIME)) == pytest.approx(expected, abs=0.01)


def test_what_does_not_decay():
    late = 1000 + 10 * LIFETIME
    assert confidence_at(_entry("sha256"), late) == 80
    assert confidence_at(_entry(valid_from=None), late) == 80
    assert confidence_at(_entry(confidence=None), late) is None


def test_many_at_once_are_as_one_by_one():
    at = 1000 + LIFETIME // 3
    entries = [
        _entry(kind, valid_from=since, confidence=c)
        for kind in ("ipv4", "sha256")
        for since in (0, at, at * 2)
        for c in (0, 55, 100)
    ]
    found = confidences_at(
        np.array([e.indicator.confidence for e in entries], np.float64),
        np.array([e.indicator.valid_from for e in entries]),
        np.array([e.kind in DECAYING for e in entries]),
        at,
    )
    assert found.tolist() == pytest.approx([confidence_at(e, at) for e in entries])
