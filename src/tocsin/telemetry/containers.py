"""Logs that are no text: their records as lines of JSON, which are then read like any JSON log.

A container is read by a library or a program that wants a file, so what comes as a stream is put into a temporary file first (in memory while it is
small). What such a reader cannot read is one malformed line that says why; the records before it are not lost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import IO

from tocsin.errors import FormatError, LimitError
from tocsin.telemetry.observations import Container, Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.plugin import logs, named
from tocsin.telemetry.times import Reference

LARGEST = 64 * 1024**3
"""Most bytes of a container."""
UNREAD = "container"
"""The rule of a malformed line that stands for all that could not be read of a container."""
FALLBACK = "json_lines"
_TELLING = 20
_IN_MEMORY = 32 * 1024**2

Records = Callable[[IO[bytes]], Iterator[bytes]]
"""Yields each record of a container as JSON without line feeds.

Raises:
    FormatError: the rest cannot be read; says why, and what to install if that is it.
"""


def container_log(
    name: str,
    *,
    title: str,
    container: Container,
    sniff: Callable[[bytes], bool],
    records: Records,
    inner: Log | None,
    rank: int = 1,
) -> Log:
    """Return a log format that is a container of records.

    Args:
        name: of the format.
        title: what people call it.
        container: which it is.
        sniff: as in `Log`.
        records: reads it.
        inner: the JSON format that its records are of; None: the first of them tell.
        rank: see `Log`.
    """

    def read(
        stream: Iterable[bytes],
        where: str,
        *,
        look: Look | None = None,
        tally: Tally | None = None,
        reference: Reference | None = None,
    ) -> Iterator[Observation | MalformedLine]:
        fault: list[str] = []
        lines = _lines(stream, records, fault)
        first = list(islice(lines, 0 if inner else _TELLING))
        of = inner or format_of(first)
        count = tally or Tally()
        yield from of.read(chain(first, lines), where, look=look, tally=count, reference=reference)
        for reason in fault:
            yield MalformedLine(count.lines + 1, count.bytes, b"", UNREAD, reason, telling=False)

    schema = None if inner is None else inner.schema
    return Log(
        name=name,
        sniff=sniff,
        read=read,
        escapes="json",
        rank=rank,
        schema=schema,
        container=container,
        title=title,
    )


def format_of(lines: list[bytes]) -> Log:
    """Return the JSON format that records are of: a row may lack what tells it, so several are asked."""
    for line in lines:
        for log in logs():
            if log.escapes == "json" and log.container == "none" and log.name != FALLBACK and log.sniff(line):
                return log
    return named(FALLBACK)


def _lines(stream: Iterable[bytes], records: Records, fault: list[str]) -> Iterator[bytes]:
    try:
        with spooled(stream) as file:
            for record in records(file):
                yield record + b"\n"
    except (FormatError, LimitError, OSError) as error:
        hint = error.hint() if isinstance(error, FormatError) else ""
        fault.append(f"{error} ({hint})" if hint else str(error))


@contextmanager
def spooled(stream: Iterable[bytes]) -> Iterator[IO[bytes]]:
    """Give a stream as a file that can be sought, and remove it afterwards.

    Raises:
        LimitError: it is larger than `LARGEST`.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        size = 0
        for chunk in stream:
            size += len(chunk)
            if size > LARGEST:
                raise LimitError(f"larger than {LARGEST:,} bytes")
            file.write(chunk)
        file.seek(0)
        yield file
