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
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
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
        yield from _to_line_ends(file._buffer.readinto)  # noqa: SLF001 - its own `readinto` copies what it reads


def _unzstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    source = cast(IO[bytes], _Ended(chunks))  # of a file it asks for `read` alone
    with decoder.stream_reader(source, read_across_frames=True) as reader:
        yield from _to_line_ends(reader.readinto, _END)


def _to_line_ends(readinto: Callable[[memoryview], int], last: bytes = b"") -> Iterator[bytes]:
    """Yield what is read up to `last`, which has no line feed, in pieces that end where lines do: who cuts it into whole lines need not copy them."""
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
            break
        end = piece.rfind(b"\n") + 1 or max(0, len(piece) - len(last))
        held = bytes(piece[end:])
        del piece[end:]
        if piece:
            yield cast(bytes, piece)
    if not held.endswith(last):
        raise DamagedError("the stream ends early")
    if rest := held[: len(held) - len(last)]:
        yield rest


def _room(size: int) -> bytearray:
    """Return a bytearray in which is whatever was there before: to make it zeros takes a twentieth of what unpacking takes."""
    room = bytearray()
    ctypes.pythonapi.PyByteArray_Resize(ctypes.py_object(room), ctypes.c_ssize_t(size))
    return room


class _Ended:
    """A stream of frames and `_END` after it."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chain(chunks, (_PACKED_END,))

    def read(self, _size: int) -> bytes:
        return next(self._chunks, b"")


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
