"""The folder of kept telemetry: what lies in it, who may change it, and what has to go.

    day=2026-11-20/zeek_json-3f9a….0.000000000000-000000131072.parquet     records of one log, from the first number to before the second
    day=2026-11-20/zeek_json-3f9a….0.000000000000-000000131072.summary     what they may name (`matching.summary`)

A day (UTC) is that of the newest record in a file. A file is there whole or not at all, and what it holds is in its name: of two that overlap
the one that reaches further counts, so that a crash between writing one and removing the other leaves nothing twice. The tables are
plain Parquet, and the folders are partitions as other programs know them.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.errors import ConflictError, FormatError
from tocsin.matching import summary
from tocsin.matching.summary import Summary

TABLE: Final = ".parquet"
SUMMARY: Final = ".summary"
UNKNOWN: Final = "unknown"
"""The day of a file none of whose records has a time."""

_NAME = re.compile(r"([\w-]+)\.(\d+)\.(\d{12})-(\d{12})\.parquet")
_DAY = re.compile(r"day=(\d{4}-\d\d-\d\d|unknown)")


class Part(msgspec.Struct, frozen=True, order=True):
    """A file of kept telemetry.

    Attributes:
        log: id of its log: its format and a digest of its first record.
        copy: tells logs apart that begin alike.
        first, end: which records of the log it holds, counted from 0; `end` is the first that it does not.
        day: of its newest record.
        path: where it is.
        size: bytes of it and its summary.
    """

    log: str
    copy: int
    first: int
    end: int
    day: str
    path: Path
    size: int

    @property
    def summary(self) -> Path:
        """Where its summary is."""
        return self.path.with_suffix(SUMMARY)


def path_of(folder: Path, log: str, copy: int, *, first: int, end: int, day: str) -> Path:
    """Return where a part belongs."""
    return folder / f"day={day}" / f"{log}.{copy}.{first:012}-{end:012}{TABLE}"


def day_of(at: Micros | None) -> str:
    """Return the day (UTC) of a moment."""
    return UNKNOWN if at is None else to_text(at)[:10]


def parts(folder: Path) -> list[Part]:
    """Return the files of kept telemetry, by log and order of records; what overlaps counts once."""
    found = sorted(_all(folder), key=lambda part: (part.log, part.copy, part.first, -part.end, part.day))
    kept: list[Part] = []
    for part in found:
        before = kept[-1] if kept else None
        same = before is not None and (before.log, before.copy) == (part.log, part.copy)
        if before is None or not same or part.first >= before.end:
            kept.append(part)
    return kept


def _all(folder: Path) -> Iterator[Part]:
    for day in sorted(folder.glob("day=*")):
        named = _DAY.fullmatch(day.name)
        for path in sorted(day.glob(f"*{TABLE}")) if named else ():
            name = _NAME.fullmatch(path.name)
            if name is not None and named is not None:
                log, copy, first, end = name.groups()
                yield Part(log, int(copy), int(first), int(end), named[1], path, _size(path))


def _size(path: Path) -> int:
    total = 0
    for each in (path, path.with_suffix(SUMMARY)):
        try:
            total += each.stat().st_size
        except OSError:
            continue
    return total


def summary_of(part: Part, rules: int, *, few: bool = False) -> Summary:
    """Return the summary of a part, mapped into memory.

    Args:
        part: of which.
        rules: what `units.fingerprint` returns.
        few: little of it will be asked, so the system had better not read ahead.

    Raises:
        FormatError: it is missing or cannot be trusted; the part has to be read.
    """
    try:
        with part.summary.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if few:
            data.madvise(mmap.MADV_RANDOM)
    except (OSError, ValueError) as error:
        raise FormatError(f"the summary cannot be read: {error}", where=str(part.summary)) from error
    try:
        return summary.decode(data, rules)
    except FormatError as error:
        raise FormatError(str(error), where=str(part.summary)) from error


@contextmanager
def locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the folder: alone to change it, or with others (`shared`) to read it.

    Raises:
        ConflictError: another process holds it.
        FormatError: the folder cannot be made or written to.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FormatError(f"cannot be used for telemetry: {error.strerror}", where=str(folder)) from error
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise ConflictError(
            f"{folder}: telemetry is being kept or hunted through", hint="try again when that is done"
        ) from None
    try:
        yield
    finally:
        os.close(handle)


def remove(some: Iterable[Part]) -> None:
    """Remove parts; a table goes before its summary, so that no table is left without one."""
    for part in some:
        part.path.unlink(missing_ok=True)
        part.summary.unlink(missing_ok=True)


def tidy(folder: Path) -> None:
    """Remove what a crash left behind: files half written, parts that others hold, summaries without a table, days without files."""
    for unfinished in folder.glob(".making-*"):
        unfinished.unlink()
    counted = {part.path for part in parts(folder)}
    remove(part for part in _all(folder) if part.path not in counted)
    for alone in folder.glob(f"day=*/*{SUMMARY}"):
        if not alone.with_suffix(TABLE).exists():
            alone.unlink()
    for day in folder.glob("day=*"):
        if not any(day.iterdir()):
            day.rmdir()


def expire(folder: Path, *, oldest: str, largest: int) -> list[Part]:
    """Remove parts of days before `oldest`, and the oldest days while all take more than `largest` bytes; return what was removed.

    Parts without times go last, for nobody knows how old they are.
    """
    held = sorted(parts(folder), key=lambda part: (part.day, part.log, part.copy, part.first))
    gone = [part for part in held if part.day < oldest]
    held = held[len(gone) :]
    total = sum(part.size for part in held)
    for part in held:
        if total <= largest:
            break
        gone.append(part)
        total -= part.size
    remove(gone)
    return gone
