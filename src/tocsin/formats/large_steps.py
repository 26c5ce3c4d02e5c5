"""Unpacking gzip and Zstandard in large steps, each of which fills what it gives.

A step lets go of the interpreter's lock and has to come by it again, for which it waits where another thread works in Python. The decoders that
`packing` feeds take four to seven steps for a megabyte and copy what came of them; these take one. They lose what came before a fault in the
same step, and one of them takes a stream that ends early for one that is over: so they are for streams that can be begun anew.
"""

from __future__ import annotations

import gzip
import io
import secrets
from collections.abc import Iterable, Iterator
from typing import IO, Literal, TypeAlias, cast

import zstandard
from isal import igzip, isal_zlib

How: TypeAlias = Literal["gzip", "zstd"]

WINDOW = 1 << 27
"""Most bytes that a Zstandard frame may refer back to."""

GzipError: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub calls it an instance
CHUNK = 1024 * 1024
# What ends a stream of frames, beside the stream: it comes out whole only if no frame is open there. Packed it is shorter than itself, so it cannot
# come out of a frame that takes it for its own content.
_END = secrets.token_bytes(8) * 64
_PACKED_END = zstandard.compress(_END)


class DamagedError(Exception):
    """The stream is damaged, ends early, or is followed by something else."""


def pieces(how: How, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the unpacked stream in pieces of 1 MiB; of a damaged one perhaps less than could be had.

    Raises:
        DamagedError: it is.
    """
    try:
        yield from _gunzip(chunks) if how == "gzip" else _unzstd(chunks)
    except (EOFError, gzip.BadGzipFile, GzipError, zstandard.ZstdError) as error:
        raise DamagedError(str(error)) from error


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    with igzip.IGzipFile(fileobj=_Chunks(chunks), mode="rb") as file:  # type: ignore[no-untyped-call]
        while piece := file.read(CHUNK):
            yield piece


def _unzstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source = _Ended(chunks)
    decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    held = b""
    # of a file it asks for `read` alone
    with decoder.stream_reader(cast(IO[bytes], source), read_across_frames=True) as reader:
        while piece := reader.read(CHUNK):
            if not source.is_over:
                yield piece
                continue
            held += piece
            yield held[: -len(_END)]
            held = held[-len(_END) :]
    if held != _END:
        raise DamagedError("the stream ends early")


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
