"""Logs of columns that a header names: W3C extended logs, VPC flow logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tocsin.clock import Micros
from tocsin.matching import counting
from tocsin.matching.blocks import Block
from tocsin.telemetry.lines import Line, lines, malformed, too_long
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.schema import Schema
from tocsin.telemetry.text_logs import Further, Values
from tocsin.telemetry.times import Reference

Header = Callable[[bytes], tuple[str, ...] | None]
"""Reads a line: the names of the columns if it is a header that gives them, () if it is another line of a header, None if it is none."""

_NOTHING = {"-", ""}


def column_log(
    name: str,
    *,
    title: str,
    header: Header,
    sniff: Callable[[bytes], bool],
    when: Callable[[Values], Micros | None],
    schema: Schema,
    default: tuple[str, ...] = (),
    mark: bytes = b"",
    host: str = "",
    further: Further | None = None,
) -> Log:
    """Return a log format of columns with one blank or tab between them.

    Args:
        name: of the format.
        title: what people call it.
        header: tells lines of a header from rows.
        sniff: as in `Log`.
        when: the time of a row, by its fields.
        schema: what its fields are.
        default: the columns where no header names any.
        mark: what later lines of a header begin with.
        host: the field that names what recorded it.
        further: fields made of several of a row.
    """

    def read(
        stream: Iterable[bytes],
        where: str,  # noqa: ARG001 - what is wrong is yielded
        *,
        look: Look | None = None,
        tally: Tally | None = None,
        reference: Reference | None = None,  # noqa: ARG001 - these formats name their zone
    ) -> Iterator[Observation | MalformedLine]:
        columns: tuple[str, ...] = default
        begun = False

        def fits(block: Block) -> bool:
            return begun and _fits(block, len(columns), mark)

        for line in lines(stream, look=look, tally=tally, fits=fits, mark=mark):
            if not line.whole:
                yield too_long(line)
                continue
            named = header(line.raw.rstrip(b"\r"))
            begun = True
            if named is not None:
                columns = named or columns
                continue
            found = _row(line, columns)
            if isinstance(found, MalformedLine):
                yield found
            elif line.telling:
                values = dict(reversed(found))
                fields = (*found, *(further(values) if further is not None else ()))
                yield Observation(when(values), fields, line.number, line.offset, line.raw, values.get(host))

    return Log(name=name, sniff=sniff, read=read, rank=10, schema=schema, title=title)


def _fits(block: Block, columns: int, mark: bytes) -> bool:
    """Tell whether a block holds as many separators as its rows ask for, and no header."""
    data = block.data
    if not columns or (mark and (data.startswith(mark) or b"\n" + mark in data)):
        return False
    rows = block.seen.feeds + (not data.endswith(b"\n"))
    return counting.count(data, b" ") + counting.count(data, b"\t") == rows * (columns - 1)


def _row(line: Line, columns: tuple[str, ...]) -> list[tuple[str, str]] | MalformedLine:
    if not columns:
        return malformed(line, "header", "no header says what its columns are")
    raw = line.raw.rstrip(b"\r")
    if b"\t" in raw:
        raw = raw.replace(b"\t", b" ")
    cells = raw.decode("utf-8", "surrogateescape").split(" ")
    if len(cells) != len(columns):
        return malformed(line, "fields", f"it has {len(cells)} columns where the header names {len(columns)}")
    return [(column, text) for column, text in zip(columns, cells, strict=True) if text not in _NOTHING]
