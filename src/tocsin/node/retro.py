"""Hunting in the past: kept telemetry against intelligence that it was not held against yet.

Summaries tell which groups of records can name what is looked for; only these are read, and judged by the same engine as a log that is
hunted in now (`node.hunt`). So the hits are those of a hunt in the logs themselves, and reading is a small part of it.

What was done is remembered: new indicators meet all telemetry, and telemetry that is new meets all indicators, each once.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC
from itertools import groupby, islice
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np

from tocsin.clock import Micros
from tocsin.errors import FormatError
from tocsin.matching import Entry, Index, units
from tocsin.matching.units import Wanted
from tocsin.node import keeping, kept_folder
from tocsin.node.catalogue import Catalogue
from tocsin.node.hunt import Hit, Hunt, Options, Report
from tocsin.node.kept_folder import Part
from tocsin.node.logs import OpenLog
from tocsin.telemetry import Log, kept
from tocsin.telemetry.arrow_rows import pyarrow
from tocsin.telemetry.containers import UNREAD
from tocsin.telemetry.observations import Look, MalformedLine, Observation, Tally
from tocsin.telemetry.plugin import named
from tocsin.telemetry.times import Reference

Groups: TypeAlias = dict[int, int | None]
"""Numbers of groups of a part, and bytes of their records; None where nobody knows."""
_Found: TypeAlias = tuple[int, int, list[kept.Record]]

DONE: Final = "retro.done"
"""Name of the file that remembers what was hunted for, in the folder of telemetry."""


class Past(msgspec.Struct):
    """What a hunt in the past went through.

    Attributes:
        files, groups, bytes: of telemetry that summaries answered for; bytes of records, unpacked.
        groups_read, bytes_read: of these, what had to be read (of files without a summary the bytes of their columns, unpacked).
        unsummarised: files that had to be read because their summary is missing or damaged, and why.
        indicators: how many were looked for in all telemetry (in `new_logs` more, all are).
        logs, new_logs: how many logs there are, and how many of them were not hunted in before.
    """

    files: int = 0
    groups: int = 0
    bytes: int = 0
    groups_read: int = 0
    bytes_read: int = 0
    unsummarised: list[tuple[str, str]] = msgspec.field(default_factory=list)
    indicators: int = 0
    logs: int = 0
    new_logs: int = 0


class Done(msgspec.Struct, frozen=True):
    """What was hunted for: entries by their keys (`key_of`), and how far each log was hunted in."""

    entries: frozenset[int] = frozenset()
    logs: dict[str, int] = {}


def key_of(entry: Entry) -> int:
    """Return a number for an entry and the time in which it holds; what else its indicator says does not alter what is found."""
    its = entry.indicator
    text = "\0".join(map(str, (its.id, its.valid_from, its.valid_until, entry.kind, entry.value)))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def load(folder: Path) -> Done:
    """Return what was done; nothing where that cannot be read: hunting twice costs time alone."""
    try:
        entries, logs = msgspec.msgpack.decode(
            (folder / DONE).read_bytes(), type=tuple[bytes, dict[str, int]]
        )
        return Done(frozenset(np.frombuffer(entries, "<u8").tolist()), logs)
    except (OSError, ValueError):
        return Done()


def save(folder: Path, done: Done) -> None:
    """Remember what was done."""
    entries = np.array(sorted(done.entries), "<u8").tobytes()
    made = folder / f".making-{os.getpid()}.done"
    made.write_bytes(msgspec.msgpack.encode((entries, done.logs)))
    made.chmod(0o600)
    made.replace(folder / DONE)


def only(catalogue: Catalogue, wanted: Callable[[Entry], bool]) -> Catalogue:
    """Return a catalogue of those of its entries that are wanted."""
    entries = [entry for entry in catalogue.index.entries if wanted(entry)]
    tags = {entry.indicator.tag for entry in entries}
    return msgspec.structs.replace(catalogue, index=Index.build(entries), indicators=len(tags))


class Retro:
    """A hunt through a folder of kept telemetry, which the caller holds (`kept_folder.locked`)."""

    def __init__(
        self, catalogue: Catalogue, folder: Path, *, now: Micros, options: Options | None = None
    ) -> None:
        """Prepare to hunt for what `catalogue` holds."""
        self._catalogue = catalogue
        self._folder = folder
        self._now = now
        self._options = options or Options()
        self._rules = units.fingerprint()
        self._hunts: list[Hunt] = []
        self._faulty: set[str] = set()
        self.past = Past()

    def run(self, done: Done) -> Iterator[Hit]:
        """Yield hits of entries that are not among those done in all telemetry, and of all entries in logs that are not."""
        parts = kept_folder.parts(self._folder)
        ends = {_log_of(part): part.end for part in parts}
        new = {log for log, end in ends.items() if done.logs.get(log, 0) < end}
        before = done.entries
        fresh = (
            only(self._catalogue, lambda entry: key_of(entry) not in before) if before else self._catalogue
        )
        self.past.logs, self.past.new_logs, self.past.indicators = len(ends), len(new), fresh.indicators
        yield from self._hunt(fresh, [part for part in parts if _log_of(part) not in new])
        yield from self._hunt(self._catalogue, [part for part in parts if _log_of(part) in new])

    def done(self) -> Done:
        """Return what is done once `run` came to its end; logs that could not be read are not."""
        parts = kept_folder.parts(self._folder)
        ends = {log: part.end for part in parts if (log := _log_of(part)) not in self._faulty}
        return Done(frozenset(map(key_of, self._catalogue.index.entries)), ends)

    @property
    def report(self) -> Report:
        """How the hunt goes, or went; lines and bytes are those that were read."""
        whole = Report()
        for hunt in self._hunts:
            _add(whole, hunt.report)
        return whole

    def _hunt(self, catalogue: Catalogue, parts: Sequence[Part]) -> Iterator[Hit]:
        hunt = Hunt(catalogue, now=self._now, options=self._options)
        self._hunts.append(hunt)
        if len(catalogue.index):
            yield from hunt.over(self._logs(parts, Wanted(catalogue.index.entries)))

    def _logs(self, parts: Sequence[Part], wanted: Wanted) -> Iterator[OpenLog]:
        for _, group in groupby(parts, key=_log_of):
            some = list(group)
            asked = [(part, numbers) for part in some if (numbers := self._candidates(part, wanted))]
            if asked:
                log = self._open(asked, some[-1])
                if log is not None:
                    yield log

    def _candidates(self, part: Part, wanted: Wanted) -> Groups:
        """Return which groups of a part have to be read, and their size."""
        self.past.files += 1
        since = self._options.since
        try:
            found = kept_folder.summary_of(part, self._rules)
        except FormatError as error:
            self.past.unsummarised.append((str(part.path), str(error)))
            return dict.fromkeys(range(self._groups_in(part)))
        self.past.groups += len(found.groups)
        self.past.bytes += sum(group.size for group in found.groups)
        return {
            number: found.groups[number].size
            for number in found.may_name(wanted)
            if not found.groups[number].is_before(since)
        }

    def _groups_in(self, part: Part) -> int:
        try:
            return keeping.groups_in(part)
        except FormatError:
            return 1  # reading it says what is wrong

    def _open(self, asked: Sequence[tuple[Part, Groups]], last: Part) -> OpenLog | None:
        """Return a log that reads what is asked of its parts; it is named as it was when `last` was kept."""
        name = str(last.path)
        try:
            meta = keeping.read_meta(last)
            of = named(meta.format)
        except FormatError as error:
            self._faulty.add(_log_of(asked[0][0]))
            self._hunts[-1].report.faults.append((name, str(error)))
            return None
        reading = _Reading(asked, self._options.threads, self.past, self._faulty)
        log = Log(name=of.name, sniff=of.sniff, read=reading.read, container="parquet", title=of.title)
        return OpenLog(meta.name, log, iter(()), Reference(0, UTC))


def _log_of(part: Part) -> str:
    return f"{part.log}.{part.copy}"


class _Reading:
    """Reading what is asked of the parts of a log, in order; some groups ahead, on threads."""

    def __init__(
        self, asked: Sequence[tuple[Part, Groups]], threads: int, past: Past, faulty: set[str]
    ) -> None:
        self._asked, self._threads, self._past, self._faulty = asked, threads, past, faulty

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
                    self._faulty.add(_log_of(part))
                    yield MalformedLine(count.lines + 1, count.bytes, b"", UNREAD, str(error), telling=False)
                    continue
                count.lines += rows
                count.bytes += size
                self._past.groups_read += 1
                self._past.bytes_read += size
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


def _add(whole: Report, report: Report) -> None:
    """Add the figures of a report to another's."""
    for name in ("hits", "flagged", "lines", "bytes", "malformed", "held_back"):
        setattr(whole, name, getattr(whole, name) + getattr(report, name))
    whole.seconds += report.seconds
    whole.flags.update(report.flags)
    whole.formats.update(report.formats)
    whole.faults += report.faults
    whole.examples += report.examples
    for tag, count in report.counts.items():
        known = whole.counts.get(tag)
        if known is None:
            whole.counts[tag] = msgspec.structs.replace(count)
            continue
        known.raised += count.raised
        known.flagged += count.flagged
        known.given_up |= count.given_up
        known.first = min((each for each in (known.first, count.first) if each is not None), default=None)
        known.last = max((each for each in (known.last, count.last) if each is not None), default=None)
