"""When to ask a peer again: exponential backoff with full jitter, and `Retry-After` (RFC 9110 section 10.2.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeAlias

import msgspec

from tocsin.clock import Micros

Dice: TypeAlias = Callable[[], float]
"""Returns a number in [0, 1)."""


class Patience(msgspec.Struct, frozen=True):
    """How often and how long to wait.

    Attributes:
        attempts: times a request is sent at most.
        base: most seconds before the second attempt; doubles with each further one.
        longest: most seconds of any wait, and the longest `Retry-After` that is honoured by waiting.
    """

    attempts: int = 5
    base: float = 0.5
    longest: float = 30.0

    def pause(self, attempt: int, dice: Dice) -> float:
        """Return the seconds to wait after the failed attempt number `attempt` (from 1)."""
        return min(self.longest, self.base * 2.0 ** min(attempt - 1, 60)) * dice()


def retry_after(text: str | None, now: Micros) -> float | None:
    """Return the seconds that a `Retry-After` asks for, counted from `now`; None when it says nothing usable."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text.strip()[:12])
    at = http_date(text)
    return None if at is None else max(0.0, (at - now) / 1_000_000)


def http_date(text: str | None) -> Micros | None:
    """Return the time that an HTTP date (RFC 9110 section 5.6.7) names, or None."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return int(at.timestamp()) * 1_000_000
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
