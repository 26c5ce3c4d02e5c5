"""The lines of a log, and which of them deserve parsing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from tocsin.matching import counting
from tocsin.matching.blocks import LONGEST_LINE, Block, blocks
from tocsin.telemetry.observations import Look, MalformedLine, Tally

_FAR = 4096  # bytes from which on calling compiled code pays
_FULL = re.compile(rb"[^\n]++")


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line, or a piece of one that is too long (`whole` is False).

    `telling`: a look was asked for. Other lines come only where the shape of their block is in doubt.
    """

    number: int
    offset: int
    raw: bytes
    whole: bool
    telling: bool


def lines(
    stream: Iterable[bytes],
    *,
    look: Look | None,
    tally: Tally | None,
    fits: Callable[[Block], bool] | None = None,
    mark: bytes = b"",
    line: int = 1,
    offset: int = 0,
) -> Iterator[Line]:
    """Yield the lines of a stream that are to be looked at; blank ones never.

    Args:
        stream: pieces of a log, cut anywhere.
        look: asked about each block; None asks for all lines.
        tally: told how much was read.
        fits: tells quickly whether every line of a block has the right shape; where not, all its lines are yielded.
        mark: lines that begin with it are always yielded.
        line: number of the first line.
        offset: where the stream begins in a larger one, in bytes.
    """
    open_line = False
    for block in blocks(stream, look or _at_none, line=line, offset=offset):
        data, telling = block.data, block.seen
        if tally is not None:
            tally.bytes += len(data)
            tally.lines += telling.feeds
            open_line = not data.endswith(b"\n")
        if look is None:
            yield from _lines(block, _full_spans(data), None)
        elif block.piece or (fits is not None and not fits(block)):
            yield from _lines(block, _full_spans(data), {start for start, _ in telling})
        elif mark and (data.startswith(mark) or b"\n" + mark in data):
            asked = {start for start, _ in telling}
            marked = [
                span for span in _full_spans(data) if span[0] in asked or data.startswith(mark, span[0])
            ]
            yield from _lines(block, marked, asked)
        else:
            for number, (start, end) in zip(telling.lines_before(data), telling, strict=True):
                yield from _line(block, number, (start, end), telling=True)
    if open_line and tally is not None:
        tally.lines += 1


def _at_none(_block: bytes) -> Sequence[tuple[int, int]]:
    return ()


def _lines(block: Block, spans: Iterable[tuple[int, int]], telling: set[int] | None) -> Iterator[Line]:
    data, number, at = block.data, 0, 0
    for start, end in spans:
        far = start - at > _FAR
        number += counting.feeds(memoryview(data)[at:start]) if far else data.count(b"\n", at, start)
        at = start
        yield from _line(block, number, (start, end), telling=telling is None or start in telling)


def _line(block: Block, above: int, span: tuple[int, int], *, telling: bool) -> Iterator[Line]:
    """Yield a line of a block, `above` lines below its first, if it is not blank."""
    start, end = span
    raw = bytes(block.data[start:end])  # a block may be a bytearray
    if raw and not raw.isspace():
        whole = not block.piece and end - start <= LONGEST_LINE
        yield Line(block.line + above, block.offset + start, raw, whole, telling)


def _full_spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of the lines that are not empty, as `blocks.line_spans` has them; a gigabyte of line feeds costs nothing a line."""
    for found in _FULL.finditer(data):
        start, end = found.span()
        yield start, end - 1 if data[end - 1] == 13 else end


def malformed(line: Line, rule: str, reason: str) -> MalformedLine:
    """Return `line` as one that is not of the log's format."""
    return MalformedLine(line.number, line.offset, line.raw, rule, reason, line.telling)


def too_long(line: Line) -> MalformedLine:
    """Return a line, or a piece of one, that is longer than any record may be."""
    return malformed(line, "too-long", f"the line is longer than {LONGEST_LINE:,} bytes")
