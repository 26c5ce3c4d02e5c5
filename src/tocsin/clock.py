"""Time, injected.

Times inside Tocsin are whole microseconds since 1970-01-01T00:00:00Z (`Micros`), which
sort, compare and store as integers; text appears only at the edges. Leap seconds do not exist here (RFC 3339
section 5.6 allows `:60`; STIX timestamps that use it are read as the following second).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Micros: TypeAlias = int
Clock: TypeAlias = Callable[[], Micros]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def system_clock() -> Micros:
    """Return the wall clock."""
    return time.time_ns() // 1000


def fixed_clock(at: Micros) -> Clock:
    """Return a clock that stands still, for tests and replays."""
    return lambda: at


def to_text(at: Micros) -> str:
    """Return `at` as RFC 3339 in UTC with six digits, the form TAXII 2.1 (section 2) asks for."""
    # not strftime: its %Y writes the year 999 with three digits
    return f"{(_EPOCH + timedelta(microseconds=at)).isoformat(timespec='microseconds')}Z"
