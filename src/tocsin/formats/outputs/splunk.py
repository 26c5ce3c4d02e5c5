"""A lookup table for Splunk: CSV whose value stands as it is in events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import TYPES, Item, Output
from tocsin.formats.outputs.text import fits_cell, moment, row, words

_COLUMNS = (
    "value",
    "type",
    "weight",
    "sources",
    "sightings",
    "valid_until",
    "tlp",
    "threat_key",
    "description",
)


def _fits(item: Item) -> bool:
    # a lookup takes an asterisk for a wildcard where it is told to
    return fits_cell(item.value) and "*" not in item.value


def _write(items: Iterable[Item]) -> Iterator[str]:
    yield row(_COLUMNS)
    for item in items:
        yield row((
            *(item.value, item.kind, str(item.confidence), str(item.sources), str(item.sightings)),
            *(moment(item.until), item.tlp, item.indicator, words(item.name)),
        ))  # fmt: skip


OUTPUT = Output(
    name="splunk",
    summary="Lookup table for Splunk (CSV)",
    action="match",
    types=tuple(TYPES),
    media_type="text/csv; charset=utf-8; header=present",
    suffix=".csv",
    capacity=1_000_000,
    fits=_fits,
    write=_write,
)
