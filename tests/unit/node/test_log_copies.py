from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.node import log_copies
from tocsin.store.watched import Position

TEXT = b"".join(b"line %d of a log that says much\n" % n for n in range(100))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[int]:
    file = tmp_path / "log"
    file.write_bytes(TEXT)
    number = os.open(file, os.O_RDONLY)
    yield number
    os.close(number)


def position(text: bytes, *, length: int = log_copies.PRINT, lines: int | None = None) -> Position:
    made = hashlib.sha256(text[:length]).digest()
    return Position(1, 2, made, length, "log", len(text), (text.count(b"\n") if lines is None else lines) + 1)


HALF = TEXT[: TEXT.index(b"line 50 ")]


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (position(HALF), True),
        (position(TEXT), True),
        (position(TEXT + b"more\n"), False),
        (position(HALF[:-1]), False),
        (position(HALF, lines=49), False),
        (position(b"x" + HALF[1:]), False),
        (position(HALF, length=100), False),
    ],
    ids=[
        "half",
        "all",
        "longer",
        "within a line",
        "other lines",
        "another beginning",
        "alike for too little",
    ],
)
def test_a_copy_is_read_on_behind_what_was_read(opened, other, found):
    read = log_copies.read_of(opened, len(TEXT), cut=(), whole=(other,))
    assert read == (other if found else None)


def test_of_logs_that_were_cut_few_bytes_are_enough_and_the_longest_counts(opened):
    long = position(HALF, length=100)
    short = position(TEXT[: TEXT.index(b"line 2 ")], length=60)
    assert log_copies.read_of(opened, len(TEXT), cut=(short,), whole=()) == short
    assert log_copies.read_of(opened, len(TEXT), cut=(short, long), whole=()) == long


def test_part_of_another(opened, tmp_path):
    for text, size, part in (
        (TEXT, 2000, True),
        (TEXT, 1000, False),
        (TEXT[:1500] + b"x" + TEXT[1501:], 2000, False),
    ):
        file = tmp_path / "copy"
        file.write_bytes(text[:size])
        copy = os.open(file, os.O_RDONLY)
        assert log_copies.is_part(copy, size, opened, len(TEXT)) is part
        os.close(copy)
    assert not log_copies.is_part(opened, len(TEXT), opened, len(TEXT))
