"""Arrow IPC: files (`ARROW1`, Feather 2) and streams; a record a row, as in `parquet`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from tocsin.errors import FormatError
from tocsin.telemetry import arrow_rows
from tocsin.telemetry.containers import container_log

_FILE = b"ARROW1"
_STREAM = b"\xff\xff\xff\xff"
_SCHEMA_BEFORE = 1 << 20


def _sniff(head: bytes) -> bool:
    if head.startswith(_FILE):
        return True
    # a stream begins with a continuation mark and the length of the schema's message (Arrow columnar format, "Encapsulated message format")
    return head.startswith(_STREAM) and 0 < int.from_bytes(head[4:8], "little") < _SCHEMA_BEFORE


def _records(file: IO[bytes]) -> Iterator[bytes]:
    arrow = arrow_rows.pyarrow()
    magic = file.read(len(_FILE))
    file.seek(0)
    source = arrow.PythonFile(file, mode="r")
    try:
        if magic == _FILE:
            yield from arrow_rows.rows(_batches(arrow.ipc.open_file(source)))
        else:
            yield from arrow_rows.rows(arrow.ipc.open_stream(source))
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"no Arrow file: {error}") from error


def _batches(reader: Any) -> Iterator[Any]:
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


LOG = container_log(
    "arrow",
    title="Arrow (IPC file or stream, Feather)",
    container="arrow",
    sniff=_sniff,
    records=_records,
    inner=None,
)
