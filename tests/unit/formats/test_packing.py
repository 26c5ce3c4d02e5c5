from __future__ import annotations

import gzip
import io
import os

import pytest
import zstandard

from tocsin.errors import FormatError, LimitError
from tocsin.formats.items import DEFAULT, Limits
from tocsin.formats.packing import CHUNK, kind, unpack

TEXT = os.urandom(50_000).hex().encode()
SKIPPABLE = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note"


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def drain(data: bytes, limits: Limits = DEFAULT, size: int = 1000) -> tuple[bytes, Exception | None]:
    """Unpack in small steps, and in large ones: what comes, and what is said, is the same; a limit is met some steps earlier or later."""
    small, large = (_drain(data, limits, size, anew=anew) for anew in (False, True))
    if isinstance(small[1], LimitError):
        assert isinstance(large[1], LimitError)
        length = min(len(small[0]), len(large[0]))
        assert small[0][:length] == large[0][:length]
        assert abs(len(small[0]) - len(large[0])) <= 2 * CHUNK
    else:
        assert (small[0], str(small[1])) == (large[0], str(large[1]))
    return small


def _drain(data: bytes, limits: Limits, size: int, *, anew: bool) -> tuple[bytes, Exception | None]:
    out = io.BytesIO()
    again = (lambda: pieces(data, size)) if anew else None
    try:
        for piece in unpack(pieces(data, size), limits, again=again):
            out.write(piece)
    except (FormatError, LimitError) as error:
        return out.getvalue(), error
    return out.getvalue(), None


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:70_000]) + gzip.compress(TEXT[70_000:]),
        gzip.compress(TEXT[:70_000]) + bytes(512) + gzip.compress(TEXT[70_000:]) + bytes(512),
        zstandard.compress(TEXT),
        zstandard.compress(TEXT[:70_000]) + SKIPPABLE + zstandard.compress(TEXT[70_000:]),
    ],
    ids=["plain", "gzip", "gzip-members", "gzip-padded", "zstd", "zstd-frames"],
)
def test_unpacks(packed: bytes, size: int) -> None:
    assert drain(packed, size=size) == (TEXT, None)


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_truncated_stream_gives_its_good_part_then_says_so(compress) -> None:
    text = b"".join(b"%d," % n for n in range(100_000))
    good, error = drain(compress(text)[:-20], size=10_000)
    assert text.startswith(good)
    assert len(good) > 1000
    assert isinstance(error, FormatError)
    assert "ends early" in str(error)


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_something_else_after_the_stream(compress) -> None:
    good, error = drain(compress(TEXT) + b"hello")
    assert good == TEXT
    assert isinstance(error, FormatError)


def test_damaged_gzip() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[5000] ^= 0xFF
    good, error = drain(bytes(packed))
    assert TEXT[:100] == good[:100]
    assert isinstance(error, FormatError)
    assert "damaged" in str(error)


@pytest.mark.parametrize(
    ("compress", "sums"), [(gzip.compress, 8), (zstandard.ZstdCompressor(write_checksum=True).compress, 4)]
)
def test_nothing_before_a_fault_is_lost(compress, sums) -> None:
    """Decoders hand out nothing of a call that meets a fault: a checksum at the end would take all of a small log with it."""
    packed = compress(TEXT)
    good, error = drain(packed[:-sums] + bytes(sums), size=10**6)
    assert good == TEXT
    assert "damaged" in str(error)
    middle = bytearray(packed)
    middle[len(packed) // 2] ^= 0xFF
    good, error = drain(bytes(middle), size=10**6)
    # literals of Zstandard are four streams, each read from its end: the second may be damaged from its beginning
    assert good[:20_000] == TEXT[:20_000]
    assert "damaged" in str(error)


def test_a_stream_packed_more_than_once() -> None:
    twice = gzip.compress(zstandard.compress(TEXT))
    assert b"".join(unpack([twice], DEFAULT, layers=2)) == TEXT
    assert b"".join(unpack([twice], DEFAULT)) == zstandard.compress(TEXT)
    with pytest.raises(FormatError, match="several times over"):
        list(unpack([gzip.compress(twice)], DEFAULT, layers=2))
    with pytest.raises(FormatError, match="zip"):
        list(unpack([gzip.compress(b"PK\x03\x04....")], DEFAULT, layers=2))


def test_zip_bomb_is_stopped_by_its_ratio() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(300_000_000))
    good, error = drain(bomb, size=10**6)
    assert isinstance(error, LimitError)
    assert "zip bomb" in str(error)
    assert len(good) < 150_000_000


def test_ratio_holds_for_every_span_not_for_the_mean() -> None:
    honest = zstandard.compress(os.urandom(2_000_000))
    bomb = zstandard.compress(bytes(200_000_000))
    limits = Limits(ratio=100, ratio_span=1_000_000)
    assert isinstance(drain(honest + bomb, limits)[1], LimitError)
    assert drain(honest, limits)[1] is None


def test_what_shrinks_well_is_no_bomb_however_its_packed_bytes_come() -> None:
    text = b'{"ts":"2026-11-20T08:00:00Z","host":"mail.example"}\n' * 400_000  # 10,000 to one
    limits = Limits(ratio=20_000, ratio_span=1_000_000)
    packed = zstandard.compress(text)
    assert len(text) / len(packed) > 5_000
    assert drain(packed, limits, size=10**6) == (text, None)
    assert isinstance(drain(packed, Limits(ratio=1_000, ratio_span=1_000_000), size=10**6)[1], LimitError)


def test_what_was_cut_off_is_missed_though_it_ends_as_what_marks_the_end_does() -> None:
    """In large steps a stream is told to be over by what was packed behind it; that may not be taken for content."""
    packed = zstandard.compress(TEXT)
    for size in (len(packed) - 1, len(packed) - 2000, len(packed) // 2, 40, 10):
        good, error = drain(packed[:size])
        assert TEXT.startswith(good)
        assert "ends early" in str(error)


def test_a_file_that_is_begun_anew_gives_nothing_twice() -> None:
    """The fault comes when megabytes were handed out."""
    text = b"".join(b"%d," % n for n in range(2_000_000))
    for compress in (gzip.compress, zstandard.compress):
        good, error = drain(compress(text)[:-20], size=10**6)
        assert text.startswith(good)
        assert len(good) > len(text) - 2 * CHUNK
        assert isinstance(error, FormatError)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_piece_is_never_larger_than_two_chunks_whatever_it_unpacks_to(compress, again) -> None:
    packed = [compress(bytes(60_000_000))]
    pieces = unpack(packed, Limits(ratio=10**6), again=(lambda: packed) if again else None)
    sizes = [len(piece) for piece in pieces]
    assert max(sizes) <= 2 * CHUNK
    assert sum(sizes) == 60_000_000


def test_absolute_limit() -> None:
    good, error = drain(gzip.compress(TEXT), Limits(unpacked_bytes=60_000), size=10_000)
    assert isinstance(error, LimitError)
    assert len(good) <= 60_000


@pytest.mark.parametrize(
    ("head", "name"),
    [(b"BZh91AY", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"PK\x03\x04", "zip"), (b"Rar!", "RAR")],
)
def test_other_packings_are_named(head: bytes, name: str) -> None:
    with pytest.raises(FormatError, match=name):
        kind(head)


def test_empty_and_tiny_streams_are_plain() -> None:
    assert drain(b"") == (b"", None)
    assert drain(b"{") == (b"{", None)


def test_a_frame_that_is_cut_anywhere_gives_nothing_that_was_not_in_it() -> None:
    """A block that is cut off takes what follows it for its own, and what follows is ours."""
    text = b"x" * 3_000_000
    packed = zstandard.compress(text)
    for at in range(4, len(packed)):  # less is not seen to be packed
        good, _ = drain(packed[:at], size=10**6)
        assert text.startswith(good)
