"""Bodies are bounded on the wire and unpacked."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
import zstandard

from tocsin.errors import FormatError, LimitError
from tocsin.exchange.body import Meter, take

TEXT = b'{"objects": []}' * 1000


def drops(raw: bytes, size: int = 7) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("X-GZIP", gzip.compress(TEXT, mtime=0)),
        ("zstd", zstandard.ZstdCompressor().compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:5000], mtime=0) + gzip.compress(TEXT[5000:], mtime=0)),
    ],
)
def test_each_encoding(encoding: str, raw: bytes) -> None:
    meter = Meter()
    assert take(meter.through(drops(raw)), encoding, "", len(TEXT)) == TEXT
    assert meter.received == len(raw)
    with pytest.raises(LimitError):
        take(drops(raw), encoding, "", len(TEXT) - 1)


def test_what_is_announced_too_large_is_not_read() -> None:
    def never() -> Iterator[bytes]:
        raise AssertionError("read")
        yield b""

    with pytest.raises(LimitError, match="announces"):
        take(never(), "", "1001", 1000)


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("gzip", TEXT),
        ("zstd", gzip.compress(TEXT, mtime=0)),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-9]),
        ("zstd", zstandard.ZstdCompressor().compress(TEXT)[:-3]),
        ("br", TEXT),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0)),
        ("gzip", b"PK\x03\x04zip"),
    ],
)
def test_damaged_or_not_asked_for(encoding: str, raw: bytes) -> None:
    with pytest.raises(FormatError):
        take(drops(raw), encoding, "", 10**9)


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", gzip.compress(bytes(30_000_000), mtime=0)),
        ("zstd", zstandard.ZstdCompressor().compress(bytes(100_000_000))),
    ],
)
def test_a_bomb_is_stopped_by_its_ratio(encoding: str, bomb: bytes) -> None:
    with pytest.raises(LimitError):
        take(drops(bomb, 4096), encoding, "", 10**12)


def test_nothing_is_nothing() -> None:
    assert take(iter(()), "gzip", "", 10) == b""
