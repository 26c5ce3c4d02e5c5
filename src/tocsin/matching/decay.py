"""How far the confidence in an indicator has decayed: an address that was bad last year belongs to someone else by now.

The polynomial model of Iklody, Wagner and Dulaunoy, "Scoring Model for Indicators of Compromise" (arXiv:1803.11052): base score times
`1 - (t / lifetime) ** (1 / speed)`, at the time of the event. Addresses, names and URLs decay; digests, files and the like stay what they are.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tocsin.clock import Micros
from tocsin.matching.entries import Entry

LIFETIME: Final = 120 * 86_400_000_000
"""µs after `valid_from` at which nothing is left of the confidence in an address, a name or a URL."""
SPEED: Final = 2.0
DECAYING: Final = frozenset({"ipv4", "ipv6", "cidr", "domain", "url", "email"})
"""Kinds of values whose confidence decays."""


def confidence_at(entry: Entry, at: Micros) -> float | None:
    """Return the confidence in an entry at `at`, 0 to 100; None where the indicator says none. Before `valid_from` it is the whole."""
    confidence, since = entry.indicator.confidence, entry.indicator.valid_from
    if confidence is None or since is None or at <= since or entry.kind not in DECAYING:
        return confidence
    return float(confidence * max(0.0, 1.0 - ((at - since) / LIFETIME) ** (1.0 / SPEED)))


def confidences_at(
    confidences: npt.NDArray[np.float64],
    since: npt.NDArray[np.int64],
    decaying: npt.NDArray[np.bool_],
    at: Micros,
) -> npt.NDArray[np.float64]:
    """Return what `confidence_at` does for many entries at once; `decaying` tells whose kind is one of `DECAYING` and who has a `valid_from`."""
    age: npt.NDArray[Any] = np.clip((at - since) / LIFETIME, 0.0, 1.0)
    left: npt.NDArray[np.float64] = confidences * np.where(decaying, 1.0 - age ** (1.0 / SPEED), 1.0)
    return left
