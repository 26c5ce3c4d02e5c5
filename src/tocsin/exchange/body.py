"""Taking in the body of an answer: bounded on the wire, bounded unpacked, bounded in ratio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.errors import FormatError, LimitError
from tocsin.formats import items, packing

ACCEPTED = "zstd, gzip"
_NAMES = {"gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
_RATIO = 500  # JSON of STIX packs 5 to 30 times; zeros in gzip about 1,000, in Zstandard far more
_SPAN = 4 * 1024 * 1024


class Meter:
    """Counts the bytes that came over the wire."""

    def __init__(self) -> None:
        self.received = 0

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand `chunks` on, counting."""
        for chunk in chunks:
            self.received += len(chunk)
            yield chunk


def take(chunks: Iterable[bytes], encoding: str, declared: str, most: int) -> bytes:
    """Return the whole body, unpacked.

    Args:
        chunks: the body as it comes over the wire.
        encoding: the `Content-Encoding` header, "" for none.
        declared: the `Content-Length` header, "" for none.
        most: bytes the unpacked body may have.

    Raises:
        LimitError: larger than that, or a decompression bomb.
        FormatError: an encoding that was not asked for, or a damaged stream.
    """
    how = encoding.strip().lower()
    if declared.isdecimal() and int(declared[:18]) > most:
        raise LimitError(f"announces {int(declared[:18]):,} bytes, more than the {most:,} that are taken")
    if how in {"", "identity"}:
        return _gather(chunks, most)
    if how not in _NAMES:
        raise FormatError(f"packed as {how[:40]!r}, which was not asked for")
    limits = items.Limits(unpacked_bytes=most, ratio=_RATIO, ratio_span=_SPAN)
    source = iter(chunks)
    head = b""
    while len(head) < 4 and (chunk := next(source, b"")):
        head += chunk
    if head and packing.kind(head) != _NAMES[how]:
        raise FormatError(f"says that it is {how} and is not")
    return _gather(packing.unpack(_again(head, source), limits), most)


def _again(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _gather(chunks: Iterable[bytes], most: int) -> bytes:
    held = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise LimitError(f"sends more than the {most:,} bytes that are taken")
        held.append(chunk)
    return b"".join(held)
