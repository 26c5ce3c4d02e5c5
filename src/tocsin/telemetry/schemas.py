"""What the fields of a record are, whichever format it is of.

Most formats have one schema. Where a log may hold anything (JSON of no known format, tables of Parquet and Arrow), it is told for each record by the same
sniffs that tell a log's format.
"""

from __future__ import annotations

import msgspec

from tocsin.clock import Micros
from tocsin.telemetry.observations import Log, Observation
from tocsin.telemetry.plugin import logs
from tocsin.telemetry.schema import Fact

_REMEMBERED = 1_000
_FALLBACK = "json_lines"
_KNOWN: dict[frozenset[str], Log] = {}


class Typed(msgspec.Struct, frozen=True, gc=False):
    """What an observation says, typed.

    Attributes:
        at, host: as in `Observation`.
        category: what happened, in the words of ECS (`event.category`); empty if the format does not know this kind of record.
        facts: each with the field it was taken from.
        schema: the format whose schema it was, by name.
    """

    at: Micros | None
    host: str | None
    category: str
    facts: tuple[Fact, ...]
    schema: str


def typed(record: Observation, log: Log) -> Typed:
    """Return what a record of a log says."""
    of = of_record(record, log)
    schema = of.schema
    if schema is None:
        return Typed(record.at, record.host, "", (), of.name)
    category, facts = schema.facts(record.fields)
    return Typed(record.at, record.host, category, tuple(facts), of.name)


def of_record(record: Observation, log: Log) -> Log:
    """Return the format of a record: that of its log, unless that may hold anything."""
    if log.schema is not None or log.escapes != "json":
        return log
    # records of one source have the same fields, whatever their values are: a few hundred sets of names stand for millions of records
    names = frozenset(name for name, _ in record.fields)
    known = _KNOWN.get(names)
    if known is None:
        if len(_KNOWN) >= _REMEMBERED:
            _KNOWN.clear()
        asked = (log for log in logs() if log.escapes == "json" and log.container == "none")
        known = _KNOWN[names] = next(log for log in asked if log.name == _FALLBACK or log.sniff(record.raw))
    return known
