"""Records as tables: how telemetry is kept in Parquet, so that a record comes back exactly as its reader gave it.

Columns: `at` (time, UTC), `host`, `line` and `offset` (where in its log), `raw` (bytes of the line), `fields` (names and texts; null
where the line itself is what is looked at), `rule`, `reason` and `telling` (of lines that are not of their log's format), and `exact`, which
is set only where a text is no UTF-8: the fields as MessagePack of bytes, for `fields` then shows them with replacements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

import msgspec
import numpy as np

from tocsin.telemetry.arrow_rows import pyarrow
from tocsin.telemetry.observations import Look, MalformedLine, Observation
from tocsin.telemetry.text import FIELD

Record = Observation | MalformedLine

TEXTS: Final = ("fields.list.element.text", "exact")
"""Columns of what is looked at, but for lines that are looked at themselves (`rows_at`)."""

_ESCAPED = "surrogateescape"


@cache
def schema() -> Any:
    """Return the schema of the tables.

    Raises:
        FormatError: pyarrow is not installed.
    """
    arrow = pyarrow()
    field = arrow.struct([("name", arrow.string()), ("text", arrow.string())])
    return arrow.schema(
        [
            ("at", arrow.timestamp("us", tz="UTC")),
            ("host", arrow.string()),
            ("line", arrow.int64()),
            ("offset", arrow.int64()),
            ("raw", arrow.binary()),
            ("fields", arrow.list_(field)),
            ("rule", arrow.string()),
            ("reason", arrow.string()),
            ("telling", arrow.bool_()),
            ("exact", arrow.binary()),
        ]
    )


def table(records: Sequence[Record]) -> Any:
    """Return records as a table."""
    arrow = pyarrow()
    columns = _Columns()
    for record in records:
        columns.add(record)
    if len(columns.names) != columns.ends[-1]:
        raise AssertionError("each field has a name")
    struct = arrow.StructArray.from_arrays(
        [arrow.array(columns.names, arrow.string()), arrow.array(columns.texts, arrow.string())],
        ["name", "text"],
    )
    mask = arrow.array(columns.alone, arrow.bool_())
    fields = arrow.ListArray.from_arrays(arrow.array(columns.ends, arrow.int32()), struct, mask=mask)
    of = schema()
    return arrow.table(
        [
            arrow.array([_at(each) for each in records], arrow.int64()).cast(of.field("at").type),
            arrow.array(columns.hosts, arrow.string()),
            arrow.array([each.line for each in records], arrow.int64()),
            arrow.array([each.offset for each in records], arrow.int64()),
            arrow.array([each.raw for each in records], arrow.binary()),
            fields,
            arrow.array([getattr(each, "rule", None) for each in records], arrow.string()),
            arrow.array([getattr(each, "reason", None) for each in records], arrow.string()),
            arrow.array([getattr(each, "telling", True) for each in records], arrow.bool_()),
            arrow.array(columns.exact, arrow.binary()),
        ],
        schema=of,
    )


class _Columns:
    """Hosts and fields of records, as columns."""

    def __init__(self) -> None:
        self.hosts: list[str | None] = []
        self.names: list[str] = []
        self.texts: list[str] = []
        self.ends: list[int] = [0]
        self.alone: list[bool] = []
        self.exact: list[bytes | None] = []

    def add(self, record: Record) -> None:
        fields, host = (record.fields, record.host) if isinstance(record, Observation) else ((), None)
        alone = fields == ((FIELD, record.raw.decode("utf-8", _ESCAPED)),)
        exact = None
        bare = alone or isinstance(record, MalformedLine)
        if not bare and not all(map(_is_plain, (host or "", *(part for field in fields for part in field)))):
            exact = _pack(host, fields)
            host = host and _shown(host)
            fields = tuple((_shown(name), _shown(text)) for name, text in fields)
        self.hosts.append(host)
        self.alone.append(bare)
        self.exact.append(exact)
        if not bare:
            for name, text in fields:
                self.names.append(name)
                self.texts.append(text)
        self.ends.append(len(self.names))


def _at(record: Record) -> int | None:
    return record.at if isinstance(record, Observation) else None


def _is_plain(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _pack(host: str | None, fields: Iterable[tuple[str, str]]) -> bytes:
    def raw(text: str) -> bytes:
        return text.encode("utf-8", "surrogatepass")

    return msgspec.msgpack.encode(
        (None if host is None else raw(host), [(raw(name), raw(text)) for name, text in fields])
    )


def _unpack(data: bytes) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    host, fields = msgspec.msgpack.decode(data, type=tuple[bytes | None, list[tuple[bytes, bytes]]])

    def text(raw: bytes) -> str:
        return raw.decode("utf-8", "surrogatepass")

    return None if host is None else text(host), tuple((text(name), text(its)) for name, its in fields)


def records(rows: Any) -> list[Record]:
    """Return the records in a table, in order."""
    arrow = pyarrow()
    at = rows.column("at").cast(arrow.int64()).to_pylist()
    columns = {name: rows.column(name).to_pylist() for name in schema().names if name != "at"}
    found: list[Record] = []
    for number, moment in enumerate(at):
        row = {name: values[number] for name, values in columns.items()}
        place = (row["line"], row["offset"], row["raw"])
        if row["rule"] is not None:
            found.append(MalformedLine(*place, row["rule"], row["reason"], row["telling"]))
            continue
        host = row["host"]
        if row["exact"] is not None:
            host, fields = _unpack(row["exact"])
        elif row["fields"] is None:
            fields = ((FIELD, row["raw"].decode("utf-8", _ESCAPED)),)
        else:
            fields = tuple((each["name"], each["text"]) for each in row["fields"])
        found.append(Observation(moment, fields, *place, host))
    return found


def rows_at(texts: Any, raw: Callable[[], Any], look: Look) -> Any:
    """Return the numbers of the rows that a look asks for, in order.

    Args:
        texts: a table of the columns `TEXTS`.
        raw: gives the column `raw`; asked only if there are lines that are looked at themselves.
        look: asked about texts as lines, which escape nothing.
    """
    fields, exact = (pyarrow().concat_arrays(texts.column(n).chunks) for n in ("fields", "exact"))
    found = [np.flatnonzero(exact.is_valid().to_numpy(zero_copy_only=False))]
    found.append(
        np.searchsorted(fields.offsets.to_numpy(), _at_places(fields.flatten().field("text"), look), "right")
        - 1
    )
    if fields.null_count:
        lines = raw()
        bare = fields.is_null()
        numbers = np.flatnonzero(bare.to_numpy(zero_copy_only=False))
        found.append(numbers[_at_places(lines.filter(bare), look)])
    return np.unique(np.concatenate(found))


def _at_places(values: Any, look: Look) -> Any:
    """Return the positions of values that a look asks for."""
    text, starts = joined(values)
    places = np.array([start for start, _ in look(text)], np.int64)
    return np.unique(np.searchsorted(starts, places, "right") - 1) if len(starts) else places


def joined(values: Any) -> tuple[bytes, Any]:
    """Return the values of a column as lines of one text, and where each begins in it."""
    import pyarrow.compute as pc  # noqa: PLC0415 - an extra

    arrow = pyarrow()
    whole = arrow.concat_arrays(values.chunks) if isinstance(values, arrow.ChunkedArray) else values
    if not len(whole):
        return b"", np.zeros(0, np.int64)
    rows = arrow.ListArray.from_arrays(arrow.array([0, len(whole)], arrow.int32()), whole)
    text = (
        pc.binary_join(rows, "\n" if arrow.types.is_string(whole.type) else b"\n")[0].as_buffer().to_pybytes()
    )
    sizes = pc.binary_length(whole).to_numpy(zero_copy_only=False).astype(np.int64)
    return text, np.cumsum(sizes + 1) - (sizes + 1)
