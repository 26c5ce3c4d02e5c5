from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path

import pytest
import zstandard

from tocsin.errors import FormatError
from tocsin.formats import Limits, RawItem, Refusal, open_path, size_of

A = b'{"type":"x-a","id":"x-a--1"}'
B = b'{"type":"x-b","id":"x-b--2"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.json").write_bytes(b'{"objects":[' + B + b"]}")
    (tmp_path / "1.NDJSON.gz").write_bytes(gzip.compress(A + b"\n" + B, mtime=0))
    (tmp_path / "c.stix2.zst").write_bytes(zstandard.compress(A))
    (tmp_path / "README.md").write_text("# {no json}")
    return tmp_path


def test_folder_in_order_with_packed_files(folder: Path) -> None:
    read: list[int] = []
    skipped: list[str] = []
    found = list(open_path(folder, on_read=read.append, on_skip=skipped.append))
    assert [(each.where.removeprefix(f"{folder}/"), each.raw) for each in found] == [
        ("1.NDJSON.gz:1", A),
        ("1.NDJSON.gz:2", B),
        ("c.stix2.zst", A),
        ("b/2.json#/objects/0", B),
    ]
    assert sum(read) == size_of(folder)
    assert skipped == [f"{folder}/README.md"]


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    file = tmp_path / "no-suffix-at-all"
    file.write_bytes(gzip.compress(A, mtime=0))
    assert [each.raw for each in open_path(file)] == [A]


def test_links_in_circles(folder: Path) -> None:
    (folder / "b" / "up").symlink_to(folder)
    (folder / "again").symlink_to(folder / "b")
    (folder / "gone.json").symlink_to(folder / "nowhere")
    assert len(list(open_path(folder))) == 4


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(A + b"\n" + B)))
    assert [(each.where, each.raw) for each in open_path("-")] == [("-:1", A), ("-:2", B)]
    assert size_of("-") is None


def test_what_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        open_path(tmp_path / "nothing.json")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(A)
    file.chmod(0)
    with pytest.raises(FormatError, match="cannot be read"):
        open_path(file)


@pytest.mark.parametrize(
    ("content", "rule", "says"),
    [
        (b"<html>", "format", "<html>"),
        (b"\xff\xfe{\x00}\x00", "format", "UTF-16"),
        (b"PK\x03\x04....", "packing", "zip"),
        (gzip.compress(A, mtime=0)[:9], "packing", "early"),
    ],
)
def test_what_is_no_intelligence_is_refused(content: bytes, rule: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    (refusal,) = open_path(file)
    assert isinstance(refusal, Refusal)
    assert (refusal.where, refusal.rule) == (str(file), rule)
    assert says in refusal.reason


def test_truncated_gzip_gives_its_good_part_first(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson.gz"
    lines = b"".join(
        b'{"type":"x-a","id":"x-a--%d","r":"%s"}\n' % (n, os.urandom(40).hex().encode()) for n in range(5000)
    )
    file.write_bytes(gzip.compress(lines, mtime=0)[:-5000])
    *good, cut, last = open_path(file)
    assert all(isinstance(each, RawItem) for each in good)
    assert len(good) > 4000
    assert (cut.rule, last.rule) == ("truncated", "truncated")  # type: ignore[union-attr]


def test_empty_file_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b" \n")
    assert list(open_path(file)) == []


def test_bomb_is_refused_and_the_next_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(zstandard.compress(b"[" + bytes(10_000_000)))
    (tmp_path / "b.json").write_bytes(A)
    found = list(open_path(tmp_path, limits=Limits(unpacked_bytes=1_000_000)))
    assert isinstance(found[0], Refusal)
    assert found[-1] == RawItem(str(tmp_path / "b.json"), A)
