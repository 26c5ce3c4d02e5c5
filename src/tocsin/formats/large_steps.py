"""Unpacking gzip and Zstandard in large steps, each of which fills what it gives.

A step lets go of the interpreter's lock and has to come by it again, for which it waits where another thread works in Python. The decoders that
`packing` feeds take four to seven steps for a megabyte and copy what came of them; these take one. They lose what came before a fault in the
same step, and one of them takes a stream that ends early for one that is over: so they are for streams that can be begun anew.
"""

from __future__ import annotations

import ctypes
import gzip
import io
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import IO, Literal, TypeAlias, cast

import zstandard
from isal import igzip, isal_zlib

How: TypeAlias = Literal["gzip", "zstd"]

WINDOW = 1 << 27
"""Most bytes that a Zstandard frame may refer back to."""

GzipError: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub calls it an instance
CHUNK = 1024 * 1024
_FIRST = 64 * 1024  # for the first piece everybody waits
_ROOM = CHUNK + 64 * 1024  # for nearly all pieces the same, so that the room of one can be that of another
# What ends a stream of frames, beside the stream: it comes out whole only if no frame is open there. Packed it is shorter than itself, so it cannot
# come out of a frame that takes it for its own content.
_END = secrets.token_hex(8).encode() * 32
_PACKED_END = zstandard.compress(_END)
# A block that is cut off may take the beginning of that for the rest of itself, and make up to 128 KiB of it.
_LAST = 128 * 1024 + len(_END)


class DamagedError(Exception):
    """The stream is damaged, ends early, or is followed by something else."""


def pieces(how: How, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the unpacked stream in pieces of about 1 MiB; of a damaged one perhaps less than could be had.

    A piece may be a bytearray, which nobody else has: it can all that bytes can but be the key of a dictionary.

    Raises:
        DamagedError: it is.
    """
    try:
        yield from _gunzip(chunks) if how == "gzip" else _unzstd(chunks)
    except (EOFError, gzip.BadGzipFile, GzipError, zstandard.ZstdError) as error:
        raise DamagedError(str(error)) from error


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    with igzip.IGzipFile(fileobj=_Chunks(chunks), mode="rb") as file:  # type: ignore[no-untyped-call]
        rest = yield from _to_line_ends(file._buffer.readinto)  # noqa: SLF001 - its own `readinto` copies what it reads
    if rest:
        yield rest


def _unzstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    source = _Ended(chunks)
    with decoder.stream_reader(cast(IO[bytes], source), read_across_frames=True) as reader:
        rest = yield from _to_line_ends(reader.readinto, lambda: _LAST if source.is_over else 0)
    if not rest.endswith(_END):
        raise DamagedError("the stream ends early")
    if rest := rest[: -len(_END)]:
        yield rest


def _to_line_ends(
    readinto: Callable[[memoryview], int], hold: Callable[[], int] = lambda: 0
) -> Generator[bytes, None, bytes]:
    """Yield what is read in pieces that end where lines do, if there are lines: who cuts it into whole lines need not copy them.

    Returns what is left at the end; `hold` says how much of what was read must not be yielded yet.
    """
    held = b""
    size = _FIRST
    while True:
        piece = _room(max(_ROOM, len(held) + CHUNK))
        piece[: len(held)] = held
        with memoryview(piece) as room, room[len(held) : len(held) + size] as free:
            count = readinto(free)
        size = min(4 * size, CHUNK)
        del piece[len(held) + count :]
        if not count:
            return held
        most = max(0, len(piece) - hold())
        end = piece.rfind(b"\n", 0, most) + 1 or most
        held = bytes(piece[end:])
        del piece[end:]
        if piece:
            yield cast(bytes, piece)


def _room(size: int) -> bytearray:
    """Return a bytearray in which is whatever was there before: to make it zeros takes a twentieth of what unpacking takes."""
    room = bytearray()
    ctypes.pythonapi.PyByteArray_Resize(ctypes.py_object(room), ctypes.c_ssize_t(size))
    return room


class _Ended:
    """A stream of frames and `_END` after it."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.is_over = False

    def read(self, _size: int) -> bytes:
        chunk = next(self._chunks, b"")
        if chunk or self.is_over:
            return chunk
        self.is_over = True
        return _PACKED_END


class _Chunks(io.RawIOBase):
    """Chunks as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks = iter(chunks)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # mypy has no name for what the decoder gives
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        taken = min(len(self._left), len(buffer))
        memoryview(buffer).cast("B")[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken
