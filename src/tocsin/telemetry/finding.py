"""From records to findings: the index asked about each value of a record, never about the names of its fields."""

from __future__ import annotations

import re
from itertools import compress

import msgspec

from tocsin.matching.encoded import may_hold, pieces
from tocsin.matching.engine import VERSION, scan_text
from tocsin.matching.index import Index
from tocsin.telemetry.observations import LONGEST_OUTER, MalformedLine, Observation

MALFORMED = "malformed line"
"""What stands for the field where a line could not be taken apart."""

# Fields that hold versions of programs: four numbers in them are seldom an address.
_VERSIONS = re.compile(
    r"(?:^|[._])(?:\w*version(?:\.addl)?|\w*user_?agent|useragent|software)$", re.IGNORECASE
)
_LONGEST_ENDING = 64  # of a name that is asked for that


class Finding(msgspec.Struct, frozen=True, gc=False):
    """An entry found in a record.

    Attributes:
        entry: position in `Index.entries`.
        field: name of the field it was found in.
        value: as written there.
        flags: as in `tocsin.matching.engine.Found`.
    """

    entry: int
    field: str
    value: str
    flags: tuple[str, ...]


def find_in(record: Observation | MalformedLine, index: Index) -> list[Finding]:
    """Return what a record names: each entry once, in the field where it is least in doubt, in the order of fields."""
    best: dict[int, Finding] = {}
    fields = texts(record)
    # most fields of a line that holds something hold nothing
    promising = index.may_hold_each([text for _, text in fields]) if fields else ()
    for name, text in compress(fields, promising):
        for found in scan_text(text, index):
            flags = found.flags
            if (
                index.entry(found.entry).kind in {"ipv4", "cidr"}
                and VERSION not in flags
                and _VERSIONS.search(name[-_LONGEST_ENDING:]) is not None
            ):
                flags = (*flags, VERSION)
            known = best.get(found.entry)
            if known is None or len(flags) < len(known.flags):
                best[found.entry] = Finding(found.entry, name, text[found.start : found.end], flags)
    return list(best.values())


def find_encoded(record: Observation | MalformedLine, index: Index) -> list[Finding]:
    """Return what a record names in what is encoded in it (`matching.encoded`): each entry once. The field says how: `query|percent|base64`."""
    best: dict[int, Finding] = {}
    for name, text in texts(record):
        if not may_hold(text):
            continue
        found = list(pieces(text))
        for piece in compress(found, index.may_hold_each([each.text for each in found]) if found else ()):
            for its in scan_text(piece.text, index):
                known = best.get(its.entry)
                if known is None or len(its.flags) < len(known.flags):
                    value = piece.text[its.start : its.end]
                    best[its.entry] = Finding(
                        its.entry, f"{name[:LONGEST_OUTER]}|{piece.how}", value, its.flags
                    )
    return list(best.values())


def texts(record: Observation | MalformedLine) -> tuple[tuple[str, str], ...]:
    """Return what of a record is looked at: names of fields, and their texts."""
    if isinstance(record, Observation):
        return record.fields
    return ((MALFORMED, record.raw.decode("utf-8", "surrogateescape")),) if record.telling else ()
