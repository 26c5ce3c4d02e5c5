"""Hostile bytes: real inputs, damaged the way that finds faults in parsers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
_WORDS = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b":",
        b",",
        b"\\",
        b"\n",
        b"\r\n",
        b"\t",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
    ),
    *(b"null", b"true", b"1e400", b"-0", b"9007199254740993", b"\\ud800", b"\\u0000", b"NaN", b"0.1"),
    *(
        b'"objects"',
        b'"type"',
        b'"id"',
        b'"spec_version"',
        b'"modified"',
        b"bundle--",
        b"2026-02-30T25:61:61Z",
    ),
    *(
        b"#separator \\x",
        b"#fields\t",
        b"://",
        b"[::1]",
        b"%2f%00",
        b"xn--",
        b"0x7f.1",
        b"1" * 400,
        b"[" * 200,
    ),
    *(b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"'", b" ISSUBSET ", b" AND ", b"(" * 100),
]


def seeds(*folders: str) -> list[bytes]:
    """Return the files below these folders of the vectors, none so large that mutating it is slow."""
    found = [f.read_bytes() for name in folders for f in sorted((VECTORS / name).rglob("*")) if f.is_file()]
    return [data for data in found if len(data) <= 64 * 1024]


def mutants(originals: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` damaged copies; the same for the same seed."""
    dice = random.Random(seed)
    for _ in range(count):
        data = bytearray(dice.choice(originals))
        for _ in range(dice.choice((1, 1, 2, 4, 8))):
            at = dice.randrange(len(data) + 1)
            match dice.randrange(6):
                case 0:
                    data[at:at] = dice.choice(_WORDS)
                case 1:
                    del data[at : at + dice.choice((1, 2, 16, 200))]
                case 2 if data:
                    data[at % len(data)] ^= 1 << dice.randrange(8)
                case 3:
                    end = at + dice.randrange(64)
                    data[at:at] = data[at:end] * dice.choice((1, 2, 50))
                case 4:
                    other = dice.choice(originals)
                    start = dice.randrange(len(other) + 1)
                    data[at : at + 32] = other[start : start + 64]
                case _:
                    data[at:] = b""
        yield bytes(data[: 256 * 1024])
