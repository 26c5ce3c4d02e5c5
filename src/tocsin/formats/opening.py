"""Opening what a person names: a file, a folder, or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO, TypeAlias

from tocsin import registry
from tocsin.errors import FormatError, LimitError
from tocsin.formats.folders import files_below
from tocsin.formats.items import DEFAULT, HEAD, Limits, RawItem, Refusal, refuse
from tocsin.formats.packing import CHUNK, unpack
from tocsin.formats.plugin import Format

Progress: TypeAlias = Callable[[int], None]
"""Called with the number of bytes just read from disk."""

_PACKED = (".gz", ".zst")


def open_path(
    path: str | Path,
    *,
    limits: Limits = DEFAULT,
    on_read: Progress | None = None,
    on_skip: Callable[[str], None] | None = None,
) -> Iterator[RawItem | Refusal]:
    """Yield the objects of a file, of every file in a folder, or of standard input.

    A folder is searched with its subfolders, in order of names, for files with the suffixes of the known
    formats; links are followed, each folder is entered once.

    Args:
        path: file or folder; "-" is standard input.
        limits: what reading may cost.
        on_read: told how many bytes were read, as reading goes on.
        on_skip: told the name of each file in a folder that is passed over for its suffix.

    Raises:
        FormatError: there is no such file or folder, or it may not be read. Anything wrong with
            what is in it is yielded as a `Refusal` instead.
    """
    if str(path) == "-":
        return _read_stream(sys.stdin.buffer, "-", limits, on_read)
    path = Path(path)
    if path.is_dir():
        _must_open(path, list_folder=True)
        return _read_files(_walk(path, on_skip), limits, on_read)
    if not path.exists():
        raise FormatError("there is no such file or folder", where=str(path))
    _must_open(path)
    return _read_files(iter((path,)), limits, on_read)


def size_of(path: str | Path) -> int | None:
    """Return how many bytes reading `path` will take from disk; None for what has no size, like a pipe."""
    if str(path) == "-":
        return None
    path = Path(path)
    if path.is_dir():
        return sum(file.stat().st_size for file in _walk(path, None))
    return path.stat().st_size if path.is_file() else None


def _must_open(path: Path, *, list_folder: bool = False) -> None:
    try:
        if list_folder:
            os.scandir(path).close()
        else:
            path.open("rb").close()
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", where=str(path)) from error


@cache
def _formats() -> tuple[Format, ...]:
    found: Iterable[Format] = registry.scan("tocsin.formats", "FORMAT").values()
    return tuple(sorted(found, key=lambda each: each.last_resort))


def _walk(folder: Path, on_skip: Callable[[str], None] | None) -> Iterator[Path]:
    suffixes = tuple({suffix for each in _formats() for suffix in each.suffixes})
    for file in files_below(folder):
        stem = file.name.lower()
        for packed in _PACKED:
            stem = stem.removesuffix(packed)
        if stem.endswith(suffixes) and file.is_file():
            yield file
        elif on_skip is not None:
            on_skip(str(file))


def _read_files(
    files: Iterator[Path], limits: Limits, on_read: Progress | None
) -> Iterator[RawItem | Refusal]:
    for file in files:
        try:
            stream = file.open("rb", buffering=0)
        except OSError as error:
            yield refuse(str(file), b"", "unreadable", f"cannot be read: {error.strerror}")
            continue
        with stream:
            yield from _read_stream(stream, str(file), limits, on_read)


def _read_stream(
    stream: BinaryIO, where: str, limits: Limits, on_read: Progress | None
) -> Iterator[RawItem | Refusal]:
    chunks = unpack(_chunks(stream, on_read), limits)
    head: list[bytes] = []
    fault: FormatError | LimitError | None = None
    try:
        while sum(map(len, head)) < HEAD and (chunk := next(chunks, b"")):
            head.append(chunk)
    except (FormatError, LimitError) as error:
        if not head:
            yield refuse(where, b"", "packing", str(error))
            return
        fault = error
    start = b"".join(head)[:HEAD]
    if not start.strip():
        return
    for each in _formats():
        if each.sniff(start):
            yield from each.read(_chain(head, chunks, fault), where, limits)
            return
    yield refuse(where, start, "format", _unknown(start))


def _unknown(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start[:4]:
        return "is UTF-16 or UTF-32 text, or binary; JSON must be UTF-8"
    return f"is of no known format: it begins with {start[:16]!r}"


def _chain(
    head: list[bytes], rest: Iterator[bytes], fault: FormatError | LimitError | None
) -> Iterator[bytes]:
    while head:
        yield head.pop(0)
    if fault is not None:  # it ended the stream while its head was read: it comes after what was good
        raise fault
    yield from rest


def _chunks(stream: BinaryIO, on_read: Progress | None) -> Iterator[bytes]:
    while True:
        try:
            chunk = stream.read(CHUNK)
        except OSError as error:
            raise FormatError(f"reading stopped: {error.strerror}") from error
        if not chunk:
            return
        if on_read is not None:
            on_read(len(chunk))
        yield chunk
