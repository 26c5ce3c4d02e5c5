"""Rows of Arrow tables as JSON records: what Parquet and Arrow files have in common. Needs pyarrow (the extra `tocsin[arrow]`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from tocsin.errors import FormatError

ROWS = 4_096
"""Rows that are turned into records at a time."""
_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def pyarrow() -> Any:
    """Return the library.

    Raises:
        FormatError: it is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
    except ImportError:
        raise FormatError(
            "Parquet and Arrow files need the library pyarrow", hint="install tocsin[arrow]"
        ) from None
    return pa


def rows(batches: Iterable[Any]) -> Iterator[bytes]:
    """Yield each row of record batches as JSON; what is null is left out, as JSON logs leave it out.

    Times become ISO 8601 to the microsecond in UTC (those without a zone are taken as UTC), binary values text or hexadecimal digits.

    Raises:
        FormatError: a batch cannot be read.
    """
    source = iter(batches)
    arrow = pyarrow()
    while True:
        try:
            batch = next(source, None)
            if batch is None:
                return
            found = _in_microseconds(arrow, batch).to_pylist()
        except (arrow.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
            raise FormatError(f"the table cannot be read on: {error}") from error
        for row in found:
            yield orjson.dumps(
                {key: value for key, value in row.items() if value is not None},
                default=_plain,
                option=_OPTIONS,
            )


def _in_microseconds(arrow: Any, batch: Any) -> Any:
    """Return a batch whose times Python can hold: nanoseconds are cut."""
    columns, names = [], []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        kind = field.type
        if arrow.types.is_timestamp(kind) and kind.unit == "ns":
            column = column.cast(arrow.timestamp("us", tz=kind.tz), safe=False)  # noqa: PLW2901 - the same column
        columns.append(column)
        names.append(field.name)
    return arrow.RecordBatch.from_arrays(columns, names=names)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    return str(value)
