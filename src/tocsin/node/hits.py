"""What hunts are asked, and what they tell: options, hits, counts and the report.

A hit that carries flags is shown and counted apart, not raised; that it was defanged is no reason for that.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Literal

import msgspec

from tocsin.clock import Micros
from tocsin.matching import Indicator, Kind
from tocsin.matching.engine import DEFANGED, QUERY
from tocsin.node.catalogue import Source
from tocsin.node.evaluating import Part
from tocsin.node.logs import Reading
from tocsin.telemetry.quarantine import Quarantine

EARLY = "before-valid"
LATE = "after-valid"
FADED = "faded"
WARNINGLIST = "warninglist:"
PRIVATE = "private"
SUPPRESSED = "suppressed:"
NOTES = frozenset((DEFANGED, QUERY))
"""Flags that take nothing from a hit: it is raised all the same."""


class Options(msgspec.Struct, frozen=True):
    """What a hunt is to do.

    Attributes:
        since: pass over records dated earlier, in µs; those without a time are looked at.
        any_time: raise hits from outside an indicator's validity as well.
        reading: format and time zone of the logs.
        quarantine: keeps the lines that are not of their log's format.
        most: most hits of one indicator that are handed on; further ones are counted. One bad indicator must not flood.
        breaker: after so many hits an indicator is given up for the rest of the hunt: it says something about itself, not about the logs.
        least: flag hits whose indicator's confidence has decayed below this by the time of the record (`matching.decay`).
        threads: how many blocks of a log are scanned side by side.
        lateness: how late a record may come, in µs, for patterns that take several; None: in any order.
        suppresses: tells why somebody does not want a hit to be raised, "" if nobody does (`node.keeping_hits.suppressing`).
        sigma: judge records by the Sigma rules among the indicators, too.
        decode: look into what is encoded in values, too (`matching.encoded`); every record is read.
    """

    since: Micros | None = None
    any_time: bool = False
    most: int = 10_000
    reading: Reading | None = None
    quarantine: Quarantine | None = None
    breaker: int = 100_000
    least: int = 0
    threads: int = msgspec.field(default_factory=lambda: len(os.sched_getaffinity(0)))
    lateness: Micros | None = None
    suppresses: Callable[[Hit], str] | None = None
    sigma: bool = False
    decode: bool = False


class Hit(msgspec.Struct, frozen=True, gc=False):
    """An indicator found in a record of a log.

    Attributes:
        indicator: which.
        sources: who asserted it so, and under which marking.
        kind, wanted: what was looked for, in its normal spelling.
        value: as it is written in the log.
        file, line, offset: where; the offset is in bytes of the unpacked log.
        field: name of the field, `line` in plain text.
        at: when, by the record; None if it does not say.
        host: what recorded it, if the record says.
        text: the line, or its first 2,000 characters.
        flags: why it is to be doubted; see `raised`.
        digest: SHA-256 of the line's bytes; `nth` tells equal lines of one log apart.
        parts: of a hit on a pattern (`kind` is "pattern", `wanted` the pattern): the records that met it together, as they were read. Place and
            text of the hit are those of the last.
        level, techniques: of a hit of a Sigma rule (`kind` is "sigma", `wanted` its title): how grave, and the ids of its techniques in ATT&CK.
    """

    indicator: Indicator
    sources: tuple[Source, ...]
    kind: Kind | Literal["pattern", "sigma"]
    wanted: str
    value: str
    file: str
    line: int
    offset: int
    field: str
    at: Micros | None
    host: str | None
    text: str
    flags: tuple[str, ...]
    digest: str
    nth: int
    parts: tuple[Part, ...] = ()
    level: str = ""
    techniques: tuple[str, ...] = ()

    @property
    def raised(self) -> bool:
        """Whether it counts as a hit; else it is shown as flagged."""
        return NOTES.issuperset(self.flags)


class Count(msgspec.Struct):
    """What was found of one indicator so far; `beyond` of the raised ones were not handed on; `given_up`: it is not looked for any more."""

    indicator: Indicator
    given_up: bool = False
    raised: int = 0
    flagged: int = 0
    beyond: int = 0
    first: Micros | None = None
    last: Micros | None = None


class Report(msgspec.Struct):
    """How a hunt goes, or went.

    Attributes:
        hits: records in which an indicator was found, once for each indicator; `flagged` are not among them.
        flags: how many hits carry which flag.
        counts: by `Indicator.tag`.
        lines, bytes: of unpacked logs; `read` are bytes read from disk.
        malformed: lines that are not of their log's format; `examples` has some, with place and reason.
        faults: logs that could not be read, or not to their end, and why.
        formats: logs by format.
        dropped: records that patterns had to forget, or searches that they gave up: hits that take several records may be missing.
        held_back: hits beyond `Options.most`: counted, not handed on.
        sigma: whether Sigma rules were to be judged; `rules` were, `unjudged` could not be: id of the indicator, and why.
        seconds: time it took.
    """

    hits: int = 0
    flagged: int = 0
    flags: Counter[str] = msgspec.field(default_factory=Counter)
    counts: dict[int, Count] = msgspec.field(default_factory=dict)
    lines: int = 0
    bytes: int = 0
    read: int = 0
    malformed: int = 0
    examples: list[tuple[str, str]] = msgspec.field(default_factory=list)
    faults: list[tuple[str, str]] = msgspec.field(default_factory=list)
    formats: Counter[str] = msgspec.field(default_factory=Counter)
    dropped: int = 0
    held_back: int = 0
    sigma: bool = False
    rules: int = 0
    unjudged: list[tuple[str, str]] = msgspec.field(default_factory=list)
    seconds: float = 0.0
