"""Parquet files: a record a row. Columns are named as the fields of a format are (ECS, OCSF, Zeek, EVE, CloudTrail ...), and read as that format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from tocsin.errors import FormatError
from tocsin.telemetry import arrow_rows
from tocsin.telemetry.containers import container_log


def _records(file: IO[bytes]) -> Iterator[bytes]:
    arrow = arrow_rows.pyarrow()
    import pyarrow.parquet  # noqa: PLC0415 - an extra

    try:
        table = pyarrow.parquet.ParquetFile(arrow.PythonFile(file, mode="r"))
        batches = table.iter_batches(batch_size=arrow_rows.ROWS, use_threads=False)
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"no Parquet file: {error}") from error
    yield from arrow_rows.rows(batches)


LOG = container_log(
    "parquet",
    title="Parquet",
    container="parquet",
    sniff=lambda head: head.startswith(
        (b"PAR1", b"PARE")
    ),  # the latter: its footer is encrypted, and it says so when read
    records=_records,
    inner=None,
)
