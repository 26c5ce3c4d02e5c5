"""Times as logs write them, to µs since 1970. What names no zone is taken as UTC; what cannot be read is no time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

import msgspec

from tocsin.clock import Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS = re.compile(r"(\d{9,10})(?:\.(\d{1,9}))?")
_ISO = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|z| ?[+-]\d\d:?\d\d)?")
_COMMON_LOG = re.compile(
    r"\[(\d\d)/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})\]"
)
_YEAR_SLASHED = re.compile(r"(?:^|[\s\[])(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?")
_C_TIME = re.compile(
    r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ \d]\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))? (\d{4})\b"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BSD = re.compile(
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(\d{1,2})(?:,? (\d{4}))? (\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?"
)
_DAY_MONTH = re.compile(
    r"(\d{1,2})[-/ ]([A-Z][a-z]{2})[-/ ](\d{4})[ :](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?: ?([+-]\d{4}))?"
)
_SLASHED = re.compile(r"(\d{1,4})[/.](\d{1,2})[/.](\d{1,4}) (\d{1,2}):(\d\d):(\d\d)(?: ([AP])M)?")
_DAY: Micros = 86_400_000_000
_YEARS_BACK = 8  # the longest way from one 29 February to the one before
_WITHIN = 512
_LONGEST = 48  # characters of a time that stands alone
_REMEMBERED = 4_096
# The largest number that is still a count of seconds, milliseconds, microseconds: all mean years before 5138
_SCALES = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))


class Reference(msgspec.Struct, frozen=True):
    """What stands for what a time does not name.

    Attributes:
        latest: µs since 1970 after which nothing in the log can have happened, such as when its file was last written. A time without
            a year is the last such moment before it (a day later is allowed for: clocks differ).
        zone: of times that name none.
    """

    latest: Micros
    zone: tzinfo = UTC


def of_bsd(text: str, reference: Reference | None) -> Micros | None:
    """Return a time without year and zone, `Nov 20 08:00:01` (RFC 3164 section 4.1.2); None without a reference.

    Some devices add the year after the day: then it counts.

    A log that is older than a year when it was last written cannot be dated so: nothing in it says that it is.
    """
    return _of_bsd(text[:_LONGEST], reference)


@lru_cache(maxsize=_REMEMBERED)  # many lines are of the same second
def _of_bsd(text: str, reference: Reference | None) -> Micros | None:
    found = _BSD.match(text)
    if found is None:
        return None
    month = _MONTHS.index(found[1]) + 1
    if found[3] is not None:
        return _local((int(found[3]), month, int(found[2])), found[4], found[5], _zone(reference))
    this = None if reference is None else _year(reference)
    if reference is None or this is None:
        return None
    for year in range(this, this - _YEARS_BACK - 1, -1):
        at = _local((year, month, int(found[2])), found[4], found[5], reference.zone)
        if at is not None and at <= reference.latest + _DAY:
            return at
    return None


def _year(reference: Reference) -> int | None:
    try:
        last = _EPOCH + timedelta(microseconds=max(reference.latest, 0) + _DAY)
        return last.astimezone(reference.zone).year
    except OverflowError:  # a file may bear any time of change
        return None


def of_day_month(text: str, reference: Reference | None) -> Micros | None:
    """Return `20/Nov/2026:08:00:01 +0100` or `20-Nov-2026 08:00:01.123`, as web servers and BIND write them."""
    return _of_day_month(text[:_LONGEST], reference)


@lru_cache(maxsize=_REMEMBERED)
def _of_day_month(text: str, reference: Reference | None) -> Micros | None:
    found = _DAY_MONTH.match(text)
    if found is None or found[2] not in _MONTHS:
        return None
    month = _MONTHS.index(found[2]) + 1
    if found[6] is not None:
        fraction = (found[5] or "").ljust(6, "0")[:6]
        return _moment(f"{found[3]}-{month:02}-{int(found[1]):02}T{found[4]}.{fraction}{found[6]}")
    return _local((int(found[3]), month, int(found[1])), found[4], found[5], _zone(reference))


def of_slashed(text: str, reference: Reference | None, *, month_first: bool = True) -> Micros | None:
    """Return `11/20/2026 8:00:01 AM`, `20.11.2026 08:00:01` or `2026/11/20 08:00:01`, as Windows writes times by its locale.

    Where both the first numbers could be the month, points mean that the day comes first, and `month_first` decides for slashes.
    """
    found = _SLASHED.match(text)
    if found is None:
        return None
    one, two, three, hour = (int(found[n]) for n in (1, 2, 3, 4))
    if one > 31:
        year, month, day = one, two, three
    else:
        day_first = one > 12 or (two <= 12 and (not month_first or found[0].find(".") in (1, 2)))
        day, month = (one, two) if day_first else (two, one)
        year = three
    if found[7]:
        hour = hour % 12 + (12 if found[7] == "P" else 0)
    return _local((year, month, day), f"{hour:02}:{found[5]}:{found[6]}", None, _zone(reference))


def of_local(text: str, reference: Reference | None) -> Micros | None:
    """Return an ISO 8601 date and time; one that names no zone is in that of the reference."""
    found = _ISO.match(text)
    return None if found is None else _iso_local(found, reference)


def _iso_local(found: re.Match[str], reference: Reference | None) -> Micros | None:
    if found[4] is not None or reference is None:
        return _iso(found)
    year, month, day = map(int, found[1].split("-"))
    return _local((year, month, day), found[2], found[3], reference.zone)


def _zone(reference: Reference | None) -> tzinfo:
    return UTC if reference is None else reference.zone


def _local(day: tuple[int, int, int], clock: str, fraction: str | None, zone: tzinfo) -> Micros | None:
    hour, minute, second = map(int, clock.split(":"))
    try:
        moment = datetime(*day, hour, minute, min(second, 59), tzinfo=zone)
        whole = (moment - _EPOCH) // _MICROSECOND + (1_000_000 if second == 60 else 0)  # a leap second
    except (ValueError, OverflowError):
        return None
    return whole + int((fraction or "").ljust(6, "0")[:6])


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


def in_line(text: str, reference: Reference | None) -> Micros | None:
    """Return the first time in a line of text that names its year; RFC 3164 headers (`Nov 20 08:00:01`) do not.

    Read are ISO 8601, that of access logs, `2026/11/20 08:00:01` (nginx's error log, programs in Go), `Fri Nov 20 08:00:01.123 2026` (Apache's error log,
    `asctime`), and seconds since 1970 where the line begins with them.
    """
    text = text[:_WITHIN]
    if (found := _ISO.search(text)) is not None:
        return _iso_local(found, reference)
    if (found := _COMMON_LOG.search(text)) is not None:
        month = _MONTHS.index(found[2]) + 1
        return _moment(f"{found[3]}-{month:02}-{found[1]}T{found[4]}{found[5]}")
    if (found := _YEAR_SLASHED.search(text)) is not None:
        return _local((int(found[1]), int(found[2]), int(found[3])), found[4], found[5], _zone(reference))
    if (found := _C_TIME.search(text)) is not None:
        day = (int(found[5]), _MONTHS.index(found[1]) + 1, int(found[2]))
        return _local(day, found[3], found[4], _zone(reference))
    return of_seconds(text.split(None, 1)[0]) if text[:1].isdigit() else None


def _iso(found: re.Match[str]) -> Micros | None:
    day, clock, fraction, zone = found.groups()
    return _moment(f"{day}T{clock}.{(fraction or '').ljust(6, '0')[:6]}{(zone or 'Z').strip().upper()}")


def _moment(text: str) -> Micros | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None
