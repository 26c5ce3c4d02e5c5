"""Keeping telemetry: logs as files of Parquet with summaries, so that intelligence of tomorrow can be held against them.

Logs are known by what they say, not by their names: one that was renamed or packed is not kept twice, and one that has grown goes on where
it stopped. A log is told by its first record; whether it is the same is seen by digests of its records at some points (`_Trail`).
Its last file is always written anew together with what follows, which also joins what was kept in small pieces.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from tocsin.clock import Micros
from tocsin.errors import FormatError
from tocsin.matching import units
from tocsin.matching.summary import Making
from tocsin.matching.units import Units
from tocsin.node import kept_folder, logs
from tocsin.node.kept_folder import Part
from tocsin.node.logs import OpenLog, Reading
from tocsin.telemetry import MalformedLine, kept
from tocsin.telemetry.arrow_rows import pyarrow
from tocsin.telemetry.containers import UNREAD
from tocsin.telemetry.finding import texts
from tocsin.telemetry.kept import Record

GROUP = 32 * 1024 * 1024
"""Bytes of records that one filter stands for, about; a group is what is read where it may hold a hit."""
PART = 4 * GROUP

_ROWS = 8_192  # records that are turned into columns at a time
_MOST_ROWS = 262_144  # in a group
_DAY_BREAK = PART // 16  # a smaller part goes on into the next day
_AHEAD: Micros = 24 * 3_600_000_000  # how far clocks, and zones that were not told, may be ahead of ours
_NEVER: Micros = 2**63
_META = b"tocsin"
_INDEX = "logs.json"


class Kept(msgspec.Struct):
    """What became of the logs.

    Attributes:
        logs: by what was done: `kept`, `grown` (more of one that was kept before), `known` (nothing new).
        records, bytes: kept anew, and of how many bytes; `malformed` of them are not of their log's format.
        written: bytes of the files.
        faults: logs that could not be read, or not to their end, and why.
    """

    logs: Counter[str] = msgspec.field(default_factory=Counter)
    records: int = 0
    bytes: int = 0
    malformed: int = 0
    written: int = 0
    faults: list[tuple[str, str]] = msgspec.field(default_factory=list)


class Meta(msgspec.Struct, frozen=True):
    """What a part says of itself.

    Attributes:
        name: of its log, as it was last kept.
        format: of the log.
        trail: digest of all records before each of some numbers, among them the last record of the part.
    """

    name: str
    format: str
    trail: dict[int, str]


def read_meta(part: Part) -> Meta:
    """Return what a part says of itself.

    Raises:
        FormatError: it cannot be read, or is none that was kept here.
    """
    with _opened(part) as table:
        try:
            return msgspec.json.decode((table.metadata.metadata or {}).get(_META, b""), type=Meta)
        except msgspec.MsgspecError:
            raise FormatError("this is no file of kept telemetry", where=str(part.path)) from None


def groups_in(part: Part) -> int:
    """Return how many groups a part has.

    Raises:
        FormatError: it cannot be read.
    """
    with _opened(part) as table:
        return int(table.metadata.num_row_groups)


@contextlib.contextmanager
def _opened(part: Part) -> Iterator[Any]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    try:
        table = pq.ParquetFile(part.path)
    except (pyarrow().ArrowException, OSError) as error:
        raise FormatError(f"kept telemetry cannot be read: {error}", where=str(part.path)) from error
    with table:
        yield table


class _Trail:
    """Digests of all records before the 1st, 4th, 16th ... of a log, and before those that were asked for."""

    def __init__(self, asked: Iterable[int] = ()) -> None:
        self._digest = hashlib.sha256()
        self._before = self._digest
        self._asked = set(asked)
        self.passed: dict[int, str] = {}
        self.count = 0

    def add(self, record: Record) -> None:
        self._before = self._digest.copy()
        self._digest.update(len(record.raw).to_bytes(8))
        self._digest.update(record.raw)
        self.count += 1
        if self.count in self._asked or (
            self.count & (self.count - 1) == 0 and self.count & 0x5555555555555555
        ):
            self.passed[self.count] = self._digest.hexdigest()[:32]

    def so_far(self) -> dict[int, str]:
        """Return the digests, and that before the last record."""
        return {**self.passed, self.count - 1: self._before.hexdigest()[:32]}


class _Other(Exception):  # noqa: N818 - no error: the log is another one
    """A log begins like one that was kept, and goes on otherwise."""


class _Part:
    """A file of Parquet and its summary in the making."""

    def __init__(self, folder: Path, first: int, latest: Micros) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

        self._folder = folder
        self._table = folder / f".making-{os.getpid()}{kept_folder.TABLE}"
        self._summary = self._table.with_suffix(kept_folder.SUMMARY)
        self.first = first
        self.rows = self.bytes = self.malformed = 0
        self.newest: Micros | None = None
        self._latest = latest
        self._making = Making(units.fingerprint())
        self._writer = pq.ParquetWriter(
            self._table,
            kept.schema(),
            compression="zstd",
            use_dictionary=["host", "fields.list.element.name", "fields.list.element.text", "rule", "reason"],
            write_statistics=["at", "line", "offset"],
        )
        self._pending: list[Record] = []
        self._start_group()

    def _start_group(self) -> None:
        self._tables: list[Any] = []
        self._units = Units()
        self._group_rows = self._group_bytes = self._untimed = 0
        self._times: list[Micros] = []

    def add(self, record: Record) -> None:
        self._pending.append(record)
        self.rows += 1
        self.bytes += len(record.raw)
        self._group_rows += 1
        self._group_bytes += len(record.raw)
        at = None if isinstance(record, MalformedLine) else record.at
        self.malformed += isinstance(record, MalformedLine)
        if at is None:
            self._untimed += 1
        elif at <= self._latest:  # one that claims to be of a time to come would keep its file for ever
            self.newest = at if self.newest is None else max(at, self.newest)
        if len(self._pending) >= _ROWS:
            self._turn()
        if self._group_bytes >= GROUP or self._group_rows >= _MOST_ROWS:
            self._end_group()

    def _turn(self) -> None:
        """Turn the records at hand into columns and units."""
        some, self._pending = self._pending, []
        self._tables.append(kept.table(some))
        self._units.add({text for record in some for _, text in texts(record)})
        times = [
            record.at for record in some if not isinstance(record, MalformedLine) and record.at is not None
        ]
        if times:
            self._times += (min(times), max(times))

    def _end_group(self) -> None:
        if not self._group_rows:
            return
        if self._pending:
            self._turn()
        group = pyarrow().concat_tables(self._tables)
        self._writer.write_table(group, row_group_size=self._group_rows)
        self._making.add(
            self._units,
            rows=self._group_rows,
            size=self._group_bytes,
            times=self._times,
            untimed=self._untimed,
        )
        self._start_group()

    def finish(self, log: str, copy: int, meta: Meta) -> int:
        """Put the files in their place; return their size. The table comes last: with it the part is there."""
        self._end_group()
        self._writer.add_key_value_metadata({_META: msgspec.json.encode(meta)})
        self._writer.close()
        self._summary.write_bytes(b"".join(self._making.encode()))
        path = kept_folder.path_of(
            self._folder,
            log,
            copy,
            first=self.first,
            end=self.first + self.rows,
            day=kept_folder.day_of(self.newest),
        )
        path.parent.mkdir(mode=0o700, exist_ok=True)
        size = 0
        for made, place in ((self._summary, path.with_suffix(kept_folder.SUMMARY)), (self._table, path)):
            made.chmod(0o600)
            size += made.stat().st_size
            _to_disk(made)
            made.replace(place)
        _to_disk(path.parent)
        return size

    def drop(self) -> None:
        with contextlib.suppress(Exception):
            self._writer.close()
        self._table.unlink(missing_ok=True)
        self._summary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Keeping:
    """Keeping some logs in a folder that is held alone (`kept_folder.locked`). `report` is right at any moment."""

    def __init__(self, folder: Path, *, reading: Reading | None = None) -> None:
        """Prepare the folder: what a crash left behind is removed.

        Raises:
            FormatError: pyarrow is not installed.
        """
        pyarrow()
        kept_folder.tidy(folder)
        self.report = Kept()
        self._folder = folder
        self._reading = Reading() if reading is None else reading
        self._latest = self._reading.now + _AHEAD if self._reading.now else _NEVER
        self._seen = _Seen(folder / _INDEX)
        self._parts: dict[tuple[str, int], list[Part]] = {}
        for part in kept_folder.parts(folder):
            self._parts.setdefault((part.log, part.copy), []).append(part)

    def keep(self, paths: Iterable[str], *, on_read: Callable[[int], None] | None = None) -> None:
        """Keep the logs at `paths`: files and folders (`node.logs.open_logs`)."""
        try:
            self._keep(paths, on_read or (lambda count: None))  # noqa: ARG005
        finally:
            self._seen.save()

    def _keep(self, paths: Iterable[str], read: Callable[[int], None]) -> None:
        for path in paths:
            for file in logs.files(path):
                if self._folder in file.absolute().parents:
                    continue
                if self._seen.is_as_it_was(file, self._reading):
                    self.report.logs["known"] += 1
                    continue
                faults = len(self.report.faults)
                state = self._seen.state(file, self._reading)
                self._file(file, read)
                if len(self.report.faults) == faults:
                    self._seen.note(file, state)

    def _file(self, file: Path, read: Callable[[int], None]) -> None:
        """Keep one log: as the first of those that begin like it and go on like it, or as a new one."""
        faults = self.report.faults
        copy = 0
        while copy >= 0:
            before, tried = len(faults), copy
            copy = -1
            for log in logs.open_logs(
                [str(file)],
                on_read=read,
                on_fault=lambda name, why: faults.append((name, why)),
                reading=self._reading,
            ):
                try:
                    self._log(log, tried)
                except _Other:
                    del faults[before:]
                    copy = tried + 1

    def _log(self, log: OpenLog, copy: int) -> None:
        records = self._records(log)
        head = next(records, None)
        if head is None:
            return
        digest = hashlib.sha256(f"{log.log.name}\0".encode() + head.raw).hexdigest()[:16]
        name = f"{log.log.name}-{digest}"
        known = self._parts.get((name, copy), [])
        last = known[-1] if known else None
        writing = _Writing(self._folder, (name, copy), log, last, self._latest)
        try:
            for record in chain((head,), records):
                writing.add(record)
            writing.finish()
        except BaseException:
            writing.drop()
            raise
        finally:
            self._count(writing)
            if writing.made:
                others = [part for part in known if part.first < writing.made[0].first]
                self._parts[name, copy] = [*others, *writing.made]
        if last is None:
            self.report.logs["kept"] += 1
        else:
            self.report.logs["grown" if writing.end > last.end else "known"] += 1

    def _count(self, writing: _Writing) -> None:
        report = self.report
        report.records += writing.records
        report.bytes += writing.bytes
        report.malformed += writing.malformed
        report.written += writing.written

    def _records(self, log: OpenLog) -> Iterator[Record]:
        for record in log.log.read(log.stream, log.name, reference=log.reference):
            if isinstance(record, MalformedLine) and record.rule == UNREAD:
                self.report.faults.append((log.name, record.reason))
            else:
                yield record


class _Seen:
    """Which files were kept as they are now: what they were like, by path. Losing it costs reading them again, nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._states = msgspec.json.decode(path.read_bytes(), type=dict[str, list[str]])
        except (OSError, msgspec.MsgspecError):
            self._states = {}

    @staticmethod
    def state(file: Path, reading: Reading) -> list[str]:
        """Return what tells whether a file has changed, or is read in another way."""
        try:
            of = file.stat()
        except OSError:
            return []
        return [*map(str, (of.st_size, of.st_mtime_ns, of.st_ino, reading.format or "", reading.zone))]

    def is_as_it_was(self, file: Path, reading: Reading) -> bool:
        state = self.state(file, reading)
        return bool(state) and self._states.get(str(file.absolute())) == state

    def note(self, file: Path, state: list[str]) -> None:
        self._states[str(file.absolute())] = state

    def save(self) -> None:
        """Write what is known of files that are still there."""
        known = {path: state for path, state in self._states.items() if Path(path).exists()}
        made = self._path.with_name(f".making-{os.getpid()}.json")
        made.write_bytes(msgspec.json.encode(known))
        made.chmod(0o600)
        made.replace(self._path)


class _Writing:
    """One log on its way into parts, the last known one of which is written anew."""

    def __init__(
        self, folder: Path, known_as: tuple[str, int], log: OpenLog, last: Part | None, latest: Micros
    ) -> None:
        self._folder, self._log, self._last = folder, log, last
        self._name, self._copy = known_as
        self._latest = latest
        self._known = {} if last is None else read_meta(last).trail
        self._begin = 0 if last is None else last.first
        # before this record nothing is put in place: until then the log may turn out to be another one
        self._sure = 0 if last is None else last.end - 1
        self._trail = _Trail(self._known)
        self._part: _Part | None = None
        self.made: list[Part] = []
        self.records = self.bytes = self.malformed = self.written = 0

    @property
    def end(self) -> int:
        return self._trail.count

    def add(self, record: Record) -> None:
        number = self._trail.count
        if number >= self._begin:
            if self._part is not None and number > self._sure and self._is_full(record):
                self._finish_part()
            if self._part is None:
                self._part = _Part(self._folder, number, self._latest)
            if self._last is None or number >= self._last.end:
                self.records += 1
                self.bytes += len(record.raw)
                self.malformed += isinstance(record, MalformedLine)
            self._part.add(record)
        self._trail.add(record)
        wanted = self._known.get(self._trail.count)
        if (
            wanted is not None
            and self._trail.count <= self._sure
            and wanted != self._trail.passed[self._trail.count]
        ):
            raise _Other

    def _is_full(self, record: Record) -> bool:
        part = self._part
        assert part is not None  # the caller looked
        if part.bytes >= PART or part.rows >= 4 * _MOST_ROWS:
            return True
        at = None if isinstance(record, MalformedLine) else record.at
        if part.bytes < _DAY_BREAK or at is None or part.newest is None:
            return False
        return kept_folder.day_of(at) > kept_folder.day_of(part.newest)

    def finish(self) -> None:
        if self._trail.count < self._sure:
            raise _Other  # it ends before it could be told from the one that is kept
        if self._part is not None:
            self._finish_part()

    def _finish_part(self) -> None:
        part = self._part
        assert part is not None  # callers looked
        end = part.first + part.rows
        meta = Meta(self._log.name, self._log.log.name, self._trail.so_far())
        self.written += part.finish(self._name, self._copy, meta)
        self._part = None
        day = kept_folder.day_of(part.newest)
        path = kept_folder.path_of(self._folder, self._name, self._copy, first=part.first, end=end, day=day)
        self.made.append(Part(self._name, self._copy, part.first, end, day, path, 0))
        if self._last is not None and self._last.first == part.first and self._last.path != path:
            kept_folder.remove((self._last,))  # the new one holds all of it

    def drop(self) -> None:
        if self._part is not None:
            self._part.drop()
            self._part = None
