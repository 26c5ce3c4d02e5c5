"""From batches of Arrow to hits: a row is a record, read and judged as `tocsin hunt` does with a file of Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from tocsin.clock import Micros
from tocsin.node import index_release
from tocsin.node.catalogue import Catalogue
from tocsin.node.hits import Hit, Options
from tocsin.node.hunt import Hunt
from tocsin.node.logs import OpenLog
from tocsin.telemetry import arrow_rows
from tocsin.telemetry.arrow_rows import pyarrow
from tocsin.telemetry.containers import container_log, format_of
from tocsin.telemetry.plugin import named
from tocsin.telemetry.times import Reference

FILE: Final = "tocsin_file"
ROW: Final = "tocsin_row"
"""Columns that say where a row comes from, if the table has them; nothing is looked for in them."""

SCHEMA: Final = (
    "indicator string, kind string, wanted string, value string, file string, row long, field string, "
    "at timestamp, host string, raised boolean, flags array<string>, record string"
)
"""Columns of hits, as Spark writes schemas: which indicator, and of what kind; what was looked for, and how it is written; file, number of the row in it
(or in its batch) and column; time and host by the record; whether it is raised, and why not; the record as JSON."""


class Task(msgspec.Struct, frozen=True):
    """What workers are to do.

    Attributes:
        format: whose fields the columns are (`format_of_rows`).
        now: stands for the time of records that have none, in µs.
        any_time, least, most: as in `node.hits.Options`; `most` counts for each partition.
    """

    format: str
    now: Micros
    any_time: bool = False
    least: int = 0
    most: int = 10_000


def format_of_rows(batches: Iterable[Any]) -> str:
    """Return the format that columns are named after, told by some rows as `tocsin hunt` tells it by the first of a file."""
    return format_of([*arrow_rows.rows(batches)]).name


@lru_cache(maxsize=1)
def _loaded(path: str, written: int) -> Catalogue:  # noqa: ARG001 - another file under the same name
    global _LOADS  # noqa: PLW0603 - counted for whoever wants to see that it is done once
    _LOADS += 1
    return index_release.load(Path(path))


_LOADS = 0


def loads() -> int:
    """Return how often this process has opened an index."""
    return _LOADS


def find(batches: Iterable[Any], path: str, task: Task) -> Iterator[Any]:
    """Yield a batch of hits (`SCHEMA`) for each batch of rows in which there are some.

    Args:
        batches: rows, as Arrow.
        path: of the index (`tocsin index export`); it is mapped into memory once a process.
        task: how to look.

    Raises:
        FormatError: the file is no index, or damaged.
    """
    catalogue = _loaded(path, Path(path).stat().st_mtime_ns)
    options = Options(any_time=task.any_time, least=task.least, most=task.most, threads=1)
    hunt = Hunt(catalogue, now=task.now, options=options)
    for batch in batches:
        found = list(hunt.over([_log(batch, task.format)]))
        if found:
            yield _batch(found, batch)


def _log(batch: Any, format: str) -> OpenLog:  # noqa: A002 - its name everywhere
    told = [name for name in batch.schema.names if name not in {FILE, ROW}]
    log = container_log(
        format,
        title="rows of a table",
        container="arrow",
        sniff=lambda head: False,  # noqa: ARG005 - it is known
        records=lambda file: arrow_rows.rows([batch.select(told)]),  # noqa: ARG005 - there is no file
        inner=named(format),
    )
    return OpenLog("rows", log, iter(()), Reference(0, UTC))


def _batch(hits: list[Hit], batch: Any) -> Any:
    arrow = pyarrow()
    numbers = [hit.line - 1 for hit in hits]  # a row is a line of JSON
    names = set(batch.schema.names)
    files = batch.column(FILE).take(numbers).to_pylist() if FILE in names else [None] * len(hits)
    rows = batch.column(ROW).take(numbers).to_pylist() if ROW in names else numbers
    text, number = arrow.string(), arrow.int64()
    columns: dict[str, tuple[list[Any], Any]] = {
        "indicator": ([hit.indicator.id for hit in hits], text),
        "kind": ([hit.kind for hit in hits], text),
        "wanted": ([hit.wanted for hit in hits], text),
        "value": ([_text(hit.value) for hit in hits], text),
        "file": (files, text),
        "row": (rows, number),
        "field": ([_text(hit.field) for hit in hits], text),
        "at": ([hit.at for hit in hits], arrow.timestamp("us", tz="UTC")),
        "host": ([hit.host and _text(hit.host) for hit in hits], text),
        "raised": ([hit.raised for hit in hits], arrow.bool_()),
        "flags": ([list(hit.flags) for hit in hits], arrow.list_(text)),
        "record": ([_text(hit.text) for hit in hits], text),
    }
    arrays = [arrow.array(values, kind) for values, kind in columns.values()]
    return arrow.RecordBatch.from_arrays(arrays, names=list(columns))


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
