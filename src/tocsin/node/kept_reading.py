"""Reading groups of records from kept telemetry, some ahead of others, on threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from tocsin.errors import FormatError
from tocsin.node.kept_folder import Part
from tocsin.telemetry import kept
from tocsin.telemetry.arrow_rows import pyarrow
from tocsin.telemetry.containers import UNREAD
from tocsin.telemetry.observations import Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference

Groups: TypeAlias = dict[int, int | None]
"""Numbers of groups of a part, and bytes of their records; None where nobody knows."""
OnRead: TypeAlias = Callable[[int], None]
OnFault: TypeAlias = Callable[[Part], None]
_Found: TypeAlias = tuple[int, int, list[kept.Record]]


class ReadingKept:
    """Reading what is asked of the parts of a log, in order; some groups ahead, on threads."""

    def __init__(
        self, asked: Sequence[tuple[Part, Groups]], threads: int, *, on_read: OnRead, on_fault: OnFault
    ) -> None:
        """Take what is asked of parts; `on_read` is told of each group, `on_fault` of a part that cannot be read."""
        self._asked, self._threads, self._on_read, self._on_fault = asked, threads, on_read, on_fault

    def read(
        self,
        stream: Iterable[bytes],  # noqa: ARG002 - it is read from files
        where: str,  # noqa: ARG002 - as for any reader
        *,
        look: Look | None = None,
        tally: Tally | None = None,
        reference: Reference | None = None,  # noqa: ARG002 - times were read when it was kept
    ) -> Iterator[Observation | MalformedLine]:
        """Yield the records that `look` asks for, as any reader does."""
        count = tally or Tally()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="past") as pool:
            waiting: deque[tuple[Part, int | None, Future[_Found]]] = deque()
            tasks = ((part, *group) for part, groups in self._asked for group in groups.items())
            while True:
                for part, number, size in islice(tasks, self._threads + 1 - len(waiting)):
                    waiting.append((part, size, pool.submit(_group, part.path, number, look)))
                if not waiting:
                    return
                part, known, future = waiting.popleft()
                try:
                    rows, unpacked, found = future.result()
                    size = unpacked if known is None else known
                except FormatError as error:
                    self._on_fault(part)
                    yield MalformedLine(count.lines + 1, count.bytes, b"", UNREAD, str(error), telling=False)
                    continue
                count.lines += rows
                count.bytes += size
                self._on_read(size)
                yield from found


def _group(path: Path, number: int, look: Look | None) -> _Found:
    """Return how many records a group has, the bytes it takes unpacked, and the records that are asked for."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    try:
        with pq.ParquetFile(path, memory_map=True) as table:
            of = table.metadata.row_group(number)
            if look is None:
                return of.num_rows, of.total_byte_size, kept.records(table.read_row_group(number))
            texts = table.read_row_group(number, columns=list(kept.TEXTS))
            asked = kept.rows_at(texts, lambda: table.read_row_group(number, columns=["raw"]).column(0), look)
            found = kept.records(table.read_row_group(number).take(asked)) if len(asked) else []
            return of.num_rows, of.total_byte_size, found
    except (pyarrow().ArrowException, OSError, ValueError, KeyError) as error:
        raise FormatError(f"kept telemetry cannot be read: {error}", where=str(path)) from error
