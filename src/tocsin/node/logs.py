"""Opening logs: a file, every file of a folder, or standard input; packed or not; in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from tocsin.errors import FormatError, LimitError
from tocsin.formats.folders import files_below
from tocsin.formats.items import DEFAULT
from tocsin.formats.packing import unpack
from tocsin.matching.blocks import SIZE
from tocsin.telemetry import Log, log_of
from tocsin.telemetry.plugin import HEAD

Progress = Callable[[int], None]
Fault = Callable[[str, str], None]

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class OpenLog(msgspec.Struct, frozen=True):
    """A log to be read: its name, its format and its bytes, unpacked."""

    name: str
    log: Log
    stream: Iterator[bytes]


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
            else:
                Path(path).open("rb").close()
        except FileNotFoundError:
            raise FormatError("there is no such file or folder", where=path) from None
        except OSError as error:
            raise FormatError(f"cannot be read: {error.strerror}", where=path) from error


def size_of(paths: Iterable[str]) -> int | None:
    """Return how many bytes will be read from disk, or None for what has no size, like a pipe."""
    total = 0
    for path in paths:
        if path == "-":
            return None
        for file in _files(path):
            try:
                total += file.stat().st_size if file.is_file() else 0
            except OSError:
                continue
    return total


def open_logs(paths: Iterable[str], *, on_read: Progress, on_fault: Fault) -> Iterator[OpenLog]:
    """Yield the logs at `paths` one after the other; a folder stands for all files in it and below, in order of names.

    Links are followed, each folder is entered once; files whose names begin with a dot are passed over.

    Args:
        paths: files, folders, or "-" for standard input.
        on_read: told how many bytes were read from disk, as reading goes on.
        on_fault: told name and reason where a log cannot be read, or not to its end. What came before it was yielded.
    """
    for path in paths:
        if path == "-":
            yield from _opened("-", sys.stdin.buffer, on_read, on_fault)
            continue
        for file in _files(path):
            try:
                stream = file.open("rb", buffering=0)
            except OSError as error:
                on_fault(str(file), f"cannot be read: {error.strerror}")
                continue
            with stream:
                yield from _opened(str(file), stream, on_read, on_fault)


def _files(path: str) -> Iterator[Path]:
    root = Path(path)
    if not root.is_dir():
        yield root
        return
    yield from (file for file in files_below(root) if not file.name.startswith(".") and file.is_file())


def _opened(name: str, source: BinaryIO, on_read: Progress, on_fault: Fault) -> Iterator[OpenLog]:
    stream = _to_the_fault(name, unpack(_chunks(source, on_read), DEFAULT), on_fault)
    head = b""
    while len(head) < HEAD and (chunk := next(stream, b"")):
        head += chunk
    if not head:
        return
    whole: Iterator[bytes] = chain((head,), stream)
    encoding = _UTF16.get(head[:2])
    if encoding is not None:
        whole = _as_utf8(whole, encoding)
        head = head[2 : HEAD // 2 * 2].decode(encoding, "replace").encode()
    yield OpenLog(name, log_of(head), whole)


def _to_the_fault(name: str, stream: Iterator[bytes], on_fault: Fault) -> Iterator[bytes]:
    try:
        yield from stream
    except (FormatError, LimitError) as error:
        on_fault(name, str(error))


def _chunks(source: BinaryIO, on_read: Progress) -> Iterator[bytes]:
    while True:
        try:
            chunk = source.read(SIZE)
        except OSError as error:
            raise FormatError(f"reading stopped: {error.strerror}") from error
        if not chunk:
            return
        on_read(len(chunk))
        yield chunk


def _as_utf8(stream: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    first = True
    for chunk in stream:
        text = decoder.decode(chunk)
        yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "replace")
        first = False
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
