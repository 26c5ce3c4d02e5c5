"""Opening logs: a file, every file of a folder, or standard input; packed or not; in UTF-8, UTF-16 or UTF-32."""

from __future__ import annotations

import codecs
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, tzinfo
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from tocsin.clock import Micros
from tocsin.errors import FormatError, LimitError
from tocsin.formats.folders import files_below
from tocsin.formats.items import DEFAULT, Limits
from tocsin.formats.packing import unpack
from tocsin.matching.blocks import SIZE
from tocsin.telemetry import Log, log_of
from tocsin.telemetry.plugin import HEAD
from tocsin.telemetry.times import Reference

Progress = Callable[[int], None]
Fault = Callable[[str, str], None]

_SMALL = 2 * SIZE
_NEAR = 4096  # bytes in which a line is looked for to end
_LAYERS = 3  # how often a log may be packed: what rotated packed logs packs them twice
_MARKS = (  # the longer first: that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TOLD_BY = 1024  # bytes by which UTF-16 is told that begins with no mark
_LEAST = 16


class OpenLog(msgspec.Struct, frozen=True):
    """A log to be read: its name, its format, its bytes, unpacked, and what stands for years and zones that its times leave out.

    Of a piece of a log, `line` and `offset` are added to those that are counted from the piece's beginning. `of` is the format that its
    records were of before they came to be read in another way. `is_file`: nobody has to wait for its bytes; `small`: it is a file so small that it
    may be read before its turn.
    """

    name: str
    log: Log
    stream: Iterator[bytes]
    reference: Reference
    line: int = 0
    offset: int = 0
    of: Log | None = None
    is_file: bool = False
    small: bool = False

    @property
    def records(self) -> Log:
        """The format that its records are of."""
        return self.log if self.of is None else self.of


class Reading(msgspec.Struct, frozen=True):
    """How logs are to be read.

    Attributes:
        format: name of the format they all are of; None: it is told from each log's first bytes.
        zone: of times that name none.
        now: in µs; a log that has no file cannot be later. One that has one cannot be later than that was written.
        limits: what unpacking one may cost.
    """

    format: str | None = None
    zone: tzinfo = UTC
    now: Micros = 0
    limits: Limits = DEFAULT


def check(paths: Iterable[str]) -> None:
    """Make sure that each path can be opened, before a long hunt begins.

    Raises:
        FormatError: one does not exist, or may not be read.
    """
    for path in paths:
        if path == "-":
            continue
        try:
            if Path(path).is_dir():
                os.scandir(path).close()
            elif not Path(path).is_fifo():  # what writes into one would be told that its reader has gone
                Path(path).open("rb").close()
        except FileNotFoundError:
            raise FormatError("there is no such file or folder", where=path) from None
        except OSError as error:
            raise FormatError(f"cannot be read: {error.strerror}", where=path) from error


def size_of(paths: Iterable[str]) -> int | None:
    """Return how many bytes will be read from disk, or None for what has no size, like a pipe."""
    total = 0
    for path in paths:
        if path == "-" or Path(path).is_fifo():
            return None
        for file in files(path):
            try:
                total += file.stat().st_size if file.is_file() else 0
            except OSError:
                continue
    return total


def open_logs(
    paths: Iterable[str], *, on_read: Progress, on_fault: Fault, reading: Reading | None = None
) -> Iterator[OpenLog]:
    """Yield the logs at `paths` one after the other; a folder stands for all files in it and below, in order of names.

    Links are followed, each folder is entered once; files whose names begin with a dot are passed over.

    Args:
        paths: files, folders, or "-" for standard input.
        on_read: told how many bytes were read from disk, as reading goes on.
        on_fault: told name and reason where a log cannot be read, or not to its end. What came before it was yielded.
        reading: how they are to be read.
    """
    how = Reading() if reading is None else reading
    for path in paths:
        if path == "-":
            if sys.stdin is None:  # it was closed
                on_fault("-", "cannot be read: there is no standard input")
                continue
            yield from _opened("-", sys.stdin.buffer, on_read, on_fault, how)
            continue
        for file in files(path):
            try:
                stream = file.open("rb", buffering=0)
            except OSError as error:
                on_fault(str(file), f"cannot be read: {error.strerror}")
                continue
            with stream:
                yield from _opened(str(file), stream, on_read, on_fault, how)


def files(path: str) -> Iterator[Path]:
    """Yield the files at a path as `open_logs` reads them: itself, or all in the folder and below whose names begin with no dot."""
    root = Path(path)
    if not root.is_dir():
        yield root
        return
    yield from (file for file in files_below(root) if not file.name.startswith(".") and file.is_file())


def _opened(
    name: str, source: BinaryIO, on_read: Progress, on_fault: Fault, how: Reading
) -> Iterator[OpenLog]:
    state = _state(source)
    unpacked = unpack(
        _chunks(source, on_read),
        how.limits,
        layers=_LAYERS,
        again=None if state is None else _again(source),
    )
    stream = _to_the_fault(name, unpacked, on_fault)
    head = b""
    while len(head) < HEAD and (chunk := next(stream, b"")):
        head += chunk
    if not head:
        return
    whole: Iterator[bytes] = chain((head,), stream)
    encoding = _encoding(head)
    if encoding is not None:
        whole = _as_utf8(whole, encoding)
        text = head[: HEAD // 4 * 4].decode(encoding, "replace")
        head = text.removeprefix("\ufeff").encode("utf-8", "replace")
    try:
        log = log_of(head[:HEAD], how.format)
    except FormatError as error:  # several formats take it for theirs
        on_fault(name, f"{error}; {error.hint()}")
        return
    small = state is not None and state.st_size <= _SMALL
    reference = Reference(_latest(state, how), how.zone)
    yield OpenLog(name, log, whole, reference, is_file=state is not None, small=small)


def read_whole(log: OpenLog) -> tuple[OpenLog, bool]:
    """Return a log with its first 4 MiB in memory, and whether that is all of it."""
    pieces, size = [], 0
    for piece in log.stream:
        pieces.append(piece)
        size += len(piece)
        if size > 2 * _SMALL:
            return msgspec.structs.replace(log, stream=chain(pieces, log.stream)), False
    return msgspec.structs.replace(log, stream=iter(pieces)), True


def _state(source: BinaryIO) -> os.stat_result | None:
    """Return what the system knows of a file; None if it is a pipe or the like."""
    try:
        state = os.fstat(source.fileno())
    except (OSError, ValueError):
        return None
    return state if stat.S_ISREG(state.st_mode) else None


def _latest(state: os.stat_result | None, how: Reading) -> Micros:
    if state is None:
        return how.now
    written = state.st_mtime_ns // 1000
    return min(written, how.now) if how.now else written


def _to_the_fault(name: str, stream: Iterator[bytes], on_fault: Fault) -> Iterator[bytes]:
    try:
        yield from stream
    except (FormatError, LimitError) as error:
        on_fault(name, str(error))


def _chunks(source: BinaryIO, on_read: Progress) -> Iterator[bytes]:
    while True:
        try:
            chunk = source.read(_to_a_line_end(source))
        except OSError as error:
            raise FormatError(f"reading stopped: {error.strerror}") from error
        if not chunk:
            return
        on_read(len(chunk))
        yield chunk


def _again(source: BinaryIO) -> Callable[[], Iterator[bytes]]:
    """Return what reads a file once more from where it stands now; reading it again is told to nobody."""
    start = source.tell()

    def chunks() -> Iterator[bytes]:
        source.seek(start)
        return _chunks(source, lambda _: None)

    return chunks


def _to_a_line_end(source: BinaryIO) -> int:
    """Return how many bytes to read of a file: up to where a line ends, so that blocks of whole lines need no further copy."""
    try:
        near = os.pread(source.fileno(), _NEAR, source.tell() + SIZE - _NEAR)
    except (OSError, ValueError):  # a pipe
        return SIZE
    return SIZE - _NEAR + near.rfind(b"\n") + 1 if b"\n" in near else SIZE


def _encoding(head: bytes) -> str | None:
    """Return what a log is encoded in if it is not one of ASCII's kin: told by its mark, or by text of which nearly every other byte, and no other, is NUL."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    first = head[:_TOLD_BY]
    if len(first) < _LEAST:
        return None
    even, odd = first[::2].count(0), first[1::2].count(0)
    half = len(first) // 2
    if 10 * odd >= 9 * half and 20 * even <= half:
        return "utf-16-le"
    return "utf-16-be" if 10 * even >= 9 * half and 20 * odd <= half else None


def _as_utf8(stream: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    first = True
    for chunk in stream:
        text = decoder.decode(chunk)
        yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "replace")
        first = False
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
