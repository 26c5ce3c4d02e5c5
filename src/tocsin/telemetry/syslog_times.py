"""The beginnings of syslog lines, as parts of shapes, and their times.

A header after RFC 3164 names neither year nor zone. Both come from a `times.Reference`: the year is the last one in which that moment lies before the
log was last written, the zone is the one that the reader is told (UTC if none). Without a reference such a line has no time, rather than a guess.
"""

from __future__ import annotations

from tocsin.clock import Micros
from tocsin.telemetry import times
from tocsin.telemetry.text_logs import Values
from tocsin.telemetry.times import Reference

PRIORITY = rb"(?:<(\d{1,3})>)?"
"""`<PRI>`, one group; files seldom have it."""
BSD_TIME = (
    rb"((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,9})?)"
)
"""The time of RFC 3164 section 4.1.2, with the fraction and the year that some devices add; one group."""
ISO_TIME = rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
"""The time of RFC 5424 and of rsyslog's file format; one group."""
ANY_TIME = rb"(" + BSD_TIME[1:-1] + rb"|" + ISO_TIME[1:-1] + rb")"
TAG = rb"([\w./@-]{1,64})(?:\[(\d{1,10})\])?:"
"""Program and process id, two groups."""


def when(values: Values, reference: Reference | None) -> Micros | None:
    """Return the time in the field `timestamp`."""
    text = values.get("timestamp", "")
    if text[:1].isdigit():
        return times.of_local(text, reference)
    return times.of_bsd(text, reference)
