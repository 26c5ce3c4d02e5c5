"""Finding what indicators name in text and records: values, index, engine. No I/O, no store, no STIX on the inside.

`values` says what an indicator's value is, `entries` takes values out of indicators, `words` says where a value can stand in a text.
`index` answers for values; its arrays are made in `packed` and `packing`, and written in `archive`. `sieve` passes over blocks of a log at
speed, `ahead` on many cores; what it does is compiled: `kernel`, `steps`, `tokens`, `colons`, `marks`, `tables`, `hashing`, by `native`. `engine` puts these together.
"""

from tocsin.matching.engine import Found, Match, scan, scan_text
from tocsin.matching.entries import Entry, Indicator, Passed, entries_of
from tocsin.matching.index import Index
from tocsin.matching.values import Kind, Value, normalise, refang

__all__ = [
    "Entry",
    "Found",
    "Index",
    "Indicator",
    "Kind",
    "Match",
    "Passed",
    "Value",
    "entries_of",
    "normalise",
    "refang",
    "scan",
    "scan_text",
]
