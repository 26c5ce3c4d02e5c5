"""Comma-separated values (RFC 4180) with everything that the rank of a value rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import fits_cell, moment, row, words

_COLUMNS = (
    "value", "type", "confidence", "sources", "sightings", "valid_from", "valid_until", "modified", "tlp", "indicator", "name",
)  # fmt: skip


def _fits(item: Item) -> bool:
    return fits_cell(item.value)


def _write(items: Iterable[Item]) -> Iterator[str]:
    yield row(_COLUMNS)
    for item in items:
        yield row((
            *(item.value, item.kind, str(item.confidence), str(item.sources), str(item.sightings)),
            *(moment(item.since), moment(item.until), moment(item.modified), item.tlp, item.indicator, words(item.name)),
        ))  # fmt: skip


OUTPUT = Output(
    name="csv",
    summary="Block list as CSV, with confidence, sources and sightings",
    action="block",
    types=("ip", "domain", "url", "email", "hash"),
    media_type="text/csv; charset=utf-8; header=present",
    suffix=".csv",
    fits=_fits,
    write=_write,
)
