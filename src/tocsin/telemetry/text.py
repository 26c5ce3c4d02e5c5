"""Any text with lines: what no other format takes. Each line is one observation with one field, the line itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.telemetry import times
from tocsin.telemetry.lines import Line, lines
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference

FIELD = "line"


def _read(
    stream: Iterable[bytes],
    where: str,  # noqa: ARG001 - text has nothing to complain about
    *,
    look: Look | None = None,
    tally: Tally | None = None,
    reference: Reference | None = None,
) -> Iterator[Observation | MalformedLine]:
    for line in lines(stream, look=look, tally=tally):
        if line.telling:
            yield observe(line, reference)


def observe(line: Line, reference: Reference | None = None) -> Observation:
    """Return a line of text as an observation."""
    text = line.raw.decode("utf-8", "surrogateescape")
    return Observation(times.in_line(text, reference), ((FIELD, text),), line.number, line.offset, line.raw)


LOG = Log(name="text", sniff=lambda head: True, read=_read, rank=100, title="Any text")  # noqa: ARG005
