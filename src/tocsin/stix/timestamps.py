"""STIX timestamps (STIX 2.1 section 2.14, RFC 3339): text to microseconds.

The form is `yyyy-mm-ddThh:mm:ss[.s+]Z`, always UTC, with any number of fractional digits. Digits beyond the sixth
are kept in the object's bytes; comparisons here see microseconds.
"""

from __future__ import annotations

import re
from datetime import date

from tocsin.clock import Micros
from tocsin.errors import ParseError

_FORM = re.compile(r"(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?Z", re.ASCII)
_EPOCH = date(1970, 1, 1).toordinal()
_LAST_DAY = "9999-12-31"
_DAY = 86_400_000_000
_DAYS: dict[str, Micros] = {}
_DAYS_KEPT = 50_000
# One object asks for the same few timestamps again and again: for their form, for their order, for its version.
_RECENT: dict[str, Micros] = {}
_RECENT_KEPT = 4096
_RECENT_LENGTH = 32


def micros_or_none(text: object) -> Micros | None:
    """Return microseconds since the epoch (negative before 1970), or None when `text` is no STIX timestamp."""
    if type(text) is not str:
        return None
    known = _RECENT.get(text)
    if known is not None:
        return known
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    day, hour, minute, second, fraction = found.groups()
    start = _DAYS.get(day)
    if start is None:
        try:
            start = (date.fromisoformat(day).toordinal() - _EPOCH) * _DAY
        except ValueError:
            return None
        if len(_DAYS) > _DAYS_KEPT:  # a feed may name every day there is; memory stays bounded
            _DAYS.clear()
        _DAYS[day] = start
    if day == _LAST_DAY and second == "60":  # that second is in the year 10000, which has no text
        return None
    whole = start + (int(hour) * 3600 + int(minute) * 60 + int(second)) * 1_000_000
    if fraction is not None:
        whole += int(fraction[:6].ljust(6, "0"))
    if len(text) <= _RECENT_LENGTH:
        if len(_RECENT) >= _RECENT_KEPT:
            _RECENT.clear()
        _RECENT[text] = whole
    return whole


def to_micros(text: str) -> Micros:
    """Return microseconds since the epoch.

    Raises:
        ParseError: `text` is no STIX timestamp, or names a day that does not exist (rule `timestamp`).
    """
    found = micros_or_none(text)
    if found is None:
        raise ParseError(
            f"{text!r:.80} is not a timestamp such as 2026-11-23T08:00:00.000Z", rule="timestamp"
        )
    return found
