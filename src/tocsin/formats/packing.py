"""Unpacking gzip (RFC 1952) and Zstandard (RFC 8878) streams, in bounded memory.

Several members or frames one after another are one stream. A packed stream is told by its first
bytes, never by its name. What unpacked before a fault is always handed out; the fault is raised
after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isal import isal_zlib

from tocsin.errors import FormatError, LimitError
from tocsin.formats import zstd
from tocsin.formats.items import Limits

CHUNK = 1024 * 1024
_ZSTD_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 27}  # 128 MiB
_GZIP = b"\x1f\x8b"
_GzipError: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub calls it an instance
_ZSTD = b"\x28\xb5\x2f\xfd"
_OTHERS = (
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"\x04\x22\x4d\x18", "lz4"),
)


def kind(head: bytes) -> str:
    """Return "gzip", "zstd" or "" by the first bytes of a stream.

    Raises:
        FormatError: packed in a way that is not read here.
    """
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZSTD) or (len(head) >= 4 and head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zstd"
    for magic, name in _OTHERS:
        if head.startswith(magic):
            raise FormatError(
                f"packed with {name}, which is not read", hint="unpack it first, or use gzip or zstd"
            )
    return ""


def unpack(chunks: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """Yield the unpacked stream in pieces of about 1 MiB; a stream that is not packed comes as it is.

    Raises:
        FormatError: the packed stream is damaged, ends early or is followed by something else.
        LimitError: it unpacks to more than `limits` allow.
    """
    source = iter(chunks)
    head = b""
    while len(head) < 6 and (chunk := next(source, b"")):
        head += chunk
    how = kind(head)
    stream = _chain(head, source)
    if not how:
        yield from stream
        return
    guard = _Guard(limits)
    yield from _coalesce(_gunzip(stream, guard) if how == "gzip" else _unzstd(stream, guard))


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _coalesce(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if len(piece) > CHUNK // 2:  # not worth a copy
                yield from held
                held, size = [], 0
            elif size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
    except (FormatError, LimitError):
        if held:
            yield b"".join(held)
        raise
    if held:
        yield b"".join(held)


class _Guard:
    """Counts what went in and came out, and stops a bomb."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.read = 0
        self._out = 0
        self._span_read = 0
        self._span_out = 0

    def took(self, read: int) -> None:
        if self._span_out >= self._limits.ratio_span:
            self._span_read = self._span_out = 0
        self.read += read
        self._span_read += read

    def gave(self, out: int) -> None:
        limits = self._limits
        self._out += out
        self._span_out += out
        if limits.unpacked_bytes is not None and self._out > limits.unpacked_bytes:
            raise LimitError(f"unpacks to more than {limits.unpacked_bytes:,} bytes")
        if self._span_out >= limits.ratio_span and self._span_out > limits.ratio * max(self._span_read, 1):
            raise LimitError(
                f"unpacks to more than {limits.ratio} times its size near byte {self.read:,}: a zip bomb",
                hint="unpack it with another tool and look at it before importing it",
            )


def _gunzip(stream: Iterator[bytes], guard: _Guard) -> Iterator[bytes]:
    member = isal_zlib.decompressobj(wbits=31)
    begun = False
    for chunk in stream:
        rest = chunk
        while rest:
            if not begun:
                # Zeros between or after members are padding (as gzip(1) and tape blocks write them).
                rest = rest.lstrip(b"\x00") if guard.read else rest
                if not rest:
                    break
                if rest[0] != _GZIP[0]:
                    raise FormatError(f"something other than gzip follows at packed byte {guard.read:,}")
                begun = True
            try:
                out = member.decompress(rest, CHUNK)
            except _GzipError as error:
                raise FormatError(f"damaged gzip stream near packed byte {guard.read:,}: {error}") from error
            left = member.unused_data if member.eof else member.unconsumed_tail
            guard.took(len(rest) - len(left))
            guard.gave(len(out))
            if out:
                yield out
            rest = left
            if member.eof:
                member, begun = isal_zlib.decompressobj(wbits=31), False
    while begun and not member.eof and (out := member.decompress(b"", CHUNK)):
        guard.gave(len(out))
        yield out
    if begun and not member.eof:
        raise FormatError(f"the gzip stream ends early, after {guard.read:,} packed bytes")


def _unzstd(stream: Iterator[bytes], guard: _Guard) -> Iterator[bytes]:
    frame = zstd.ZstdDecompressor(options=_ZSTD_WINDOW)
    begun = False
    for chunk in stream:
        rest = chunk
        guard.took(len(chunk))
        while rest or (begun and not frame.needs_input):
            begun = True
            try:
                out = frame.decompress(rest, CHUNK)
            except zstd.ZstdError as error:
                raise FormatError(
                    f"damaged Zstandard stream near packed byte {guard.read:,}: {error}"
                ) from error
            guard.gave(len(out))
            if out:
                yield out
            rest = b""  # what was not unpacked yet waits in the frame
            if frame.eof:
                rest = frame.unused_data
                frame, begun = zstd.ZstdDecompressor(options=_ZSTD_WINDOW), False
    if begun:
        raise FormatError(f"the Zstandard stream ends early, after {guard.read:,} packed bytes")
