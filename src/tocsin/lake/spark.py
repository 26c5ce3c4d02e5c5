"""The engine on Apache Spark: hits in a table, found on its workers.

    index = spark.ship(session, "tocsin.index")            # from `tocsin index export tocsin.index`
    hits = spark.hits(spark.placed(session.read.parquet("s3a://lake/dns/")), index)
    hits.write.parquet("s3a://lake/hits/")

The index goes to each executor once, as a file; its Python workers map it into memory together. Needs the extra `tocsin[spark]` here and
Tocsin on the workers (`deploy/spark`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tocsin.clock import system_clock
from tocsin.lake import finder
from tocsin.lake.finder import FILE, ROW, SCHEMA, Task
from tocsin.node import index_release

_TELLING = 20


class Shipped(msgspec.Struct, frozen=True):
    """An index that each executor has as a file of this name."""

    name: str


def ship(session: Any, path: str | Path) -> Shipped:
    """Send an index to the executors; each fetches it once, when it is first asked for.

    Raises:
        FormatError: the file is no index, or damaged: better known before a cluster runs.
    """
    index_release.load(Path(path))
    session.sparkContext.addFile(str(path))
    return Shipped(Path(path).name)


def placed(table: Any) -> Any:
    """Return a table that was read from files, with columns that say from which file and row each row comes."""
    from pyspark.sql import functions  # noqa: PLC0415 - an extra

    return table.select(
        "*",
        functions.col("_metadata.file_path").alias(FILE),
        functions.col("_metadata.row_index").alias(ROW),
    )


def hits(table: Any, index: Shipped, **options: Any) -> Any:
    """Return the hits of an index in a table, as a table of `finder.SCHEMA`; nothing runs before that is asked for.

    Args:
        table: a DataFrame whose columns are named as the fields of a log format are (ECS, OCSF, Zeek, EVE ...), or anything.
        index: what to look for.
        options: `format`, `now`, `any_time`, `least` and `most` of `finder.Task`. The format is told by the first rows if it is not given.
    """
    if "format" not in options:
        told = table.drop(
            FILE, ROW
        )  # not by naming the others: a name with dots (`id.orig_h` of Zeek) would be taken for a path
        options["format"] = finder.format_of_rows(told.limit(_TELLING).toArrow().to_batches())
    options.setdefault("now", system_clock())
    # Spark asks for the columns by their names, dots and all: they go by number, and get their names back on the worker
    plain = table.toDF(*(f"column{number}" for number in range(len(table.columns))))
    return plain.mapInArrow(_function(index, Task(**options), table.columns), SCHEMA)


def _function(index: Shipped, task: Task, columns: list[str]) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Return what workers run: it carries names and some options, and finds the index where its executor put it."""
    name, raw = index.name, msgspec.json.encode(task)

    def find(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa  # noqa: PLC0415 - on the worker
        from pyspark import SparkFiles  # noqa: PLC0415 - on the worker

        from tocsin.lake import finder  # noqa: PLC0415 - on the worker

        named = (pa.RecordBatch.from_arrays(each.columns, names=columns) for each in batches)
        yield from finder.find(named, SparkFiles.get(name), msgspec.json.decode(raw, type=finder.Task))

    return find
