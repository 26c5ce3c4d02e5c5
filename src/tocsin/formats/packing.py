"""Unpacking gzip (RFC 1952) and Zstandard (RFC 8878) streams, in bounded memory.

Several members or frames one after another are one stream. A packed stream is told by its first
bytes, never by its name. What unpacked before a fault is always handed out; the fault is raised
after it. (Of a member of more than 4 MiB up to 1 MiB before the fault may be lost.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from isal import isal_zlib

from tocsin.errors import FormatError, LimitError
from tocsin.formats import large_steps, zstd
from tocsin.formats.items import Limits
from tocsin.formats.large_steps import GzipError, How

CHUNK = large_steps.CHUNK
_ZSTD_WINDOW: dict[int, int] = {
    zstd.DecompressionParameter.window_log_max: large_steps.WINDOW.bit_length() - 1
}
_KEPT = 4 * 1024 * 1024  # packed bytes of a member, in case that it is damaged
_SLICE = 128 * 1024
_RETRIED = 4  # bytes: less than a checksum, so that what it is of has come out before it
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_OTHERS = (
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"\x04\x22\x4d\x18", "lz4"),
)


def kind(head: bytes) -> How | Literal[""]:
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


def unpack(
    chunks: Iterable[bytes],
    limits: Limits,
    *,
    layers: int | None = None,
    again: Callable[[], Iterable[bytes]] | None = None,
) -> Iterator[bytes]:
    """Yield the unpacked stream in pieces of about 1 MiB; a stream that is not packed comes as it is.

    Args:
        chunks: the stream, cut anywhere.
        limits: what it may unpack to.
        layers: how often at most it may be packed; what comes out is looked at for that. None: it is unpacked once, whatever comes out.
        again: gives the stream from its beginning once more. It is unpacked in large steps then, and begun anew where it turns out to be damaged.

    Raises:
        FormatError: the packed stream is damaged, ends early or is followed by something else, or it is packed more often than `layers`.
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
    if layers == 0:
        raise FormatError("packed several times over", hint="unpack it first")
    if again is None:
        inner = _in_small_steps(how, stream, limits)
    else:
        inner = _in_large_steps(how, stream, limits, again)
    yield from inner if layers is None else unpack(inner, limits, layers=layers - 1)


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _in_small_steps(how: How, stream: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    guard = _Guard(limits)
    return _coalesce(_gunzip(stream, guard) if how == "gzip" else _unzstd(stream, guard))


def _in_large_steps(
    how: How, stream: Iterator[bytes], limits: Limits, again: Callable[[], Iterable[bytes]]
) -> Iterator[bytes]:
    guard = _Guard(limits)
    given = 0
    try:
        for piece in large_steps.pieces(how, _counted(stream, guard)):
            guard.gave(len(piece))
            given += len(piece)
            yield piece
    except large_steps.DamagedError:
        # in small steps comes what there is before the fault, and where that is
        for piece in _in_small_steps(how, iter(again()), limits):
            if len(piece) > given:
                yield piece[given:]
            given = max(given - len(piece), 0)


def _counted(stream: Iterable[bytes], guard: _Guard) -> Iterator[bytes]:
    for chunk in stream:
        guard.took(len(chunk))
        yield chunk


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


class _Member:
    """What was fed of a member or frame, as far as it is kept, and how much came out: so that what a fault swallowed can be had.

    Decoders hand out nothing of a call in which they meet a fault: of a small file that would be all of it.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self.decoder = make()
        self._fed: bytearray | None = bytearray()
        self._out = 0

    def count(self, given: bytes, read: int, out: int) -> None:
        """Note a call: of what was given, `read` bytes were taken; what is too long is not copied any more."""
        self._out += out
        if self._fed is not None:
            self._fed += memoryview(given)[:read]
            if len(self._fed) > _KEPT:
                self._fed = None

    def swallowed(self, last: bytes) -> Iterator[bytes]:
        """Yield what comes out before the fault that `last` met, and was not handed out."""
        if self._fed is None:
            return
        again, known = self._make(), self._out
        whole = bytes(self._fed + last)
        for at in range(0, len(whole), _RETRIED):
            try:
                out = again.decompress(whole[at : at + _RETRIED])
            except (GzipError, zstd.ZstdError):
                return
            if len(out) > known:
                yield out[known:]
            known = max(known - len(out), 0)


def _slices(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream small: decoders copy what they did not take of it each time."""
    for chunk in stream:
        for at in range(0, len(chunk), _SLICE):
            yield chunk[at : at + _SLICE]


def _gunzip(stream: Iterable[bytes], guard: _Guard) -> Iterator[bytes]:
    member = _Member(_gzip_decoder)
    begun = False
    for piece in _slices(stream):
        rest = piece
        while rest:
            if not begun:
                # Zeros between or after members are padding (as gzip(1) and tape blocks write them).
                rest = rest.lstrip(b"\x00") if guard.read else rest
                if not rest:
                    break
                if rest[0] != _GZIP[0]:
                    raise FormatError(f"something other than gzip follows at packed byte {guard.read:,}")
                begun = True
            decoder = member.decoder
            try:
                out = decoder.decompress(rest, CHUNK)
            except GzipError as error:
                yield from _guarded(member.swallowed(rest), guard)
                raise FormatError(f"damaged gzip stream near packed byte {guard.read:,}: {error}") from error
            left = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            read = len(rest) - len(left)
            guard.took(read)
            guard.gave(len(out))
            member.count(rest, read, len(out))
            if out:
                yield out
            rest = left
            if decoder.eof:
                member, begun = _Member(_gzip_decoder), False
    while begun and not member.decoder.eof and (out := member.decoder.decompress(b"", CHUNK)):
        guard.gave(len(out))
        yield out
    if begun and not member.decoder.eof:
        raise FormatError(f"the gzip stream ends early, after {guard.read:,} packed bytes")


def _unzstd(stream: Iterator[bytes], guard: _Guard) -> Iterator[bytes]:
    frame = _Member(_zstd_decoder)
    begun = False
    for chunk in stream:
        rest = chunk
        guard.took(len(chunk))
        while rest or (begun and not frame.decoder.needs_input):
            begun = True
            decoder = frame.decoder
            try:
                out = decoder.decompress(rest, CHUNK)
            except zstd.ZstdError as error:
                yield from _guarded(frame.swallowed(rest), guard)
                raise FormatError(
                    f"damaged Zstandard stream near packed byte {guard.read:,}: {error}"
                ) from error
            guard.gave(len(out))
            frame.count(rest, len(rest), len(out))
            if out:
                yield out
            rest = b""  # what was not unpacked yet waits in the decoder
            if decoder.eof:
                rest = decoder.unused_data
                frame, begun = _Member(_zstd_decoder), False
    if begun:
        raise FormatError(f"the Zstandard stream ends early, after {guard.read:,} packed bytes")


def _gzip_decoder() -> Any:
    return isal_zlib.decompressobj(wbits=31)


def _zstd_decoder() -> Any:
    return zstd.ZstdDecompressor(options=_ZSTD_WINDOW)


def _guarded(pieces: Iterator[bytes], guard: _Guard) -> Iterator[bytes]:
    for piece in pieces:
        guard.gave(len(piece))
        yield piece
