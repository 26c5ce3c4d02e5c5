"""What is left today of the confidence in an indicator, for each value that it names: hunts and lists count with that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from tocsin.clock import Micros
from tocsin.formats import outputs
from tocsin.matching.decay import DECAYING, LIFETIME, confidence_at
from tocsin.matching.entries import Entry, Indicator, entries_of, passed_over
from tocsin.stix.timestamps import micros_or_none

DAY: Micros = 86_400_000_000
DAYS = LIFETIME // DAY
"""Days over which it fades."""
_MOST = 20


class Left(msgspec.Struct, frozen=True):
    """A value, its kind, what is left of the confidence in it (0 to 100), whether values of its kind fade at all, and the most common list that may hold it."""

    kind: str
    value: str
    left: int
    fades: bool
    list: str


def left_of(properties: Mapping[str, Any], now: Micros) -> tuple[Left, ...]:
    """Return what is left for the first values of an indicator on the day of `now` (µs); empty for all else."""
    return tuple(islice(_lefts(properties, now - now % DAY), _MOST))


def _lefts(properties: Mapping[str, Any], now: Micros) -> Iterator[Left]:
    confidence = properties.get("confidence")
    if properties.get("type") != "indicator" or type(confidence) is not int:
        return
    since = micros_or_none(properties.get("valid_from"))
    made = Indicator(
        str(properties["id"]),
        pattern=str(properties.get("pattern", "")),
        pattern_type=str(properties.get("pattern_type", "stix")),
        valid_from=since,
        confidence=confidence,
    )
    for each in entries_of(made):
        if isinstance(each, Entry):
            left = confidence_at(each, now)
            yield Left(
                each.kind,
                each.value,
                round(left or 0),
                each.kind in DECAYING and since is not None,
                _list_of(each.kind),
            )


def passed_by(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """Return why hunts look for nothing of an indicator, as rules of `matching.entries`; empty where they do."""
    if properties.get("type") != "indicator":
        return ()
    pattern, kind = str(properties.get("pattern", "")), str(properties.get("pattern_type"))
    found = passed_over(Indicator(str(properties["id"]), pattern=pattern, pattern_type=kind))
    return tuple(dict.fromkeys(each.rule for each in found))


def _list_of(kind: str) -> str:
    """Return the name of a list that takes values of a kind: one to block by, or else one to look for by."""
    return "plain" if kind in outputs.named("plain").kinds else "splunk"
