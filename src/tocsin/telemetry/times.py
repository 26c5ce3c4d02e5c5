"""Times as logs write them, to µs since 1970. What names no zone is taken as UTC; what cannot be read is no time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.clock import Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS = re.compile(r"(\d{9,10})(?:\.(\d{1,9}))?")
_ISO = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|z| ?[+-]\d\d:?\d\d)?")
_COMMON_LOG = re.compile(
    r"\[(\d\d)/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})\]"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WITHIN = 512
# The largest number that is still a count of seconds, milliseconds, microseconds: all mean years before 5138
_SCALES = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))


def of_iso(text: str) -> Micros | None:
    """Return an ISO 8601 date and time: `2015-03-29T11:01:38.221126-0600`, `2026-11-20 08:00:00`."""
    found = _ISO.match(text)
    return None if found is None else _iso(found)


def of_seconds(text: str) -> Micros | None:
    """Return seconds since 1970 with a decimal fraction, as Zeek and Squid write them."""
    found = _SECONDS.fullmatch(text)
    return None if found is None else int(found[1]) * 1_000_000 + int((found[2] or "").ljust(6, "0")[:6])


def of_value(value: Any) -> Micros | None:
    """Return the time in a JSON value: ISO 8601, or a number of seconds, ms, µs or ns since 1970."""
    if isinstance(value, str):
        return of_iso(value) if "-" in value else of_seconds(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e20:
        return None
    for limit, factor in _SCALES:
        if value < limit:
            return round(value * factor)
    return round(value / 1000)


def in_line(text: str) -> Micros | None:
    """Return the first time in a line of text that names its year; RFC 3164 headers (`Nov 20 08:00:01`) do not."""
    text = text[:_WITHIN]
    found = _ISO.search(text)
    if found is not None:
        return _iso(found)
    found = _COMMON_LOG.search(text)
    if found is not None:
        month = _MONTHS.index(found[2]) + 1
        return _moment(f"{found[3]}-{month:02}-{found[1]}T{found[4]}{found[5]}")
    return of_seconds(text.split(None, 1)[0]) if text[:1].isdigit() else None


def _iso(found: re.Match[str]) -> Micros | None:
    fraction = (found[3] or "").ljust(6, "0")[:6]
    zone = (found[4] or "Z").strip().upper()
    return _moment(f"{found[1]}T{found[2]}.{fraction}{zone}")


def _moment(text: str) -> Micros | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None
