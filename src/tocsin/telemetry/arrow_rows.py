"""Rows of Arrow tables as JSON records: what Parquet and Arrow files have in common. Needs pyarrow (the extra `tocsin[arrow]`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from tocsin.errors import FormatError

ROWS = 4_096
"""Rows that are turned into records at a time."""
# of a value: it lies beyond the years of Python, its zone is unknown, it is no UTF-8, it has nanoseconds
_UNHELD = (ValueError, OverflowError, LookupError, NotImplementedError)
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
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise FormatError(f"the table cannot be read on: {error}") from error
        if batch is None:
            return
        names = batch.schema.names
        twice = len(set(names)) < len(names)
        columns = [_values(arrow, _sound(arrow, column)) for column in batch.columns]
        for row in zip(*columns, strict=True):
            cells = _together(names, row) if twice else dict(zip(names, row, strict=True))
            yield orjson.dumps(
                {key: value for key, value in cells.items() if value is not None},
                default=_plain,
                option=_OPTIONS,
            )


def _sound(arrow: Any, column: Any) -> Any:
    """Return a column of which no offset leads out of its buffers: Arrow itself trusts files, and would read what lies beside in memory. Text that is no UTF-8 comes as bytes.

    Raises:
        FormatError: one does.
    """
    try:
        column.validate(full=True)
    except arrow.ArrowException as error:
        if not (arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type)):
            raise FormatError(f"the table cannot be read on: {error}") from error
        raw = arrow.binary() if arrow.types.is_string(column.type) else arrow.large_binary()
        return _sound(arrow, column.view(raw))
    return column


def _values(arrow: Any, column: Any) -> list[Any]:
    """Return a column's values as Python has them: one that Python cannot hold costs neither its row nor the table."""
    kind = column.type
    if arrow.types.is_timestamp(kind) and (kind.unit == "ns" or kind.tz is not None):
        # of nanoseconds Python knows nothing; what a zone is called matters nothing, since times are kept in UTC
        to = arrow.timestamp("us" if kind.unit == "ns" else kind.unit, tz=kind.tz and "UTC")
        column = column.cast(to, safe=False)
    try:
        return column.to_pylist()  # type: ignore[no-any-return]
    except _UNHELD:
        return [_value(arrow, cell) for cell in column]


def _value(arrow: Any, cell: Any) -> Any:
    if not cell.is_valid:
        return None
    try:
        return cell.as_py()
    except _UNHELD:
        pass
    if isinstance(cell, arrow.DictionaryScalar | arrow.RunEndEncodedScalar | arrow.UnionScalar):
        return _value(arrow, cell.value)
    if isinstance(cell, arrow.StructScalar):
        return {name: _value(arrow, each) for name, each in cell.items()}
    if isinstance(cell, arrow.ListScalar):  # of maps, too
        return [_value(arrow, each) for each in cell.values]
    if isinstance(cell, arrow.TimestampScalar) and cell.type.unit == "ns":
        return _value(
            arrow, arrow.scalar(cell.value // 1000, arrow.timestamp("us", tz=cell.type.tz and "UTC"))
        )
    if isinstance(cell, arrow.TimestampScalar) and cell.type.tz not in {None, "UTC"}:
        return _value(arrow, arrow.scalar(cell.value, arrow.timestamp(cell.type.unit, tz="UTC")))
    return cell.value if isinstance(getattr(cell, "value", None), int) else None


def _together(names: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row of a table in which several columns have one name: their values in a list."""
    found: dict[str, list[Any]] = {}
    for name, value in zip(names, row, strict=True):
        if value is not None:
            found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    return str(value)
