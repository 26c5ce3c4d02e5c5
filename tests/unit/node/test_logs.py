from __future__ import annotations

import gzip
import io
import os
import sys
import threading
from pathlib import Path

import pytest
import zstandard

from tocsin.errors import FormatError
from tocsin.formats.items import Limits
from tocsin.node import logs
from tocsin.telemetry import plugin


def _open(*paths):
    faults = []
    read = []
    opened = [
        (Path(log.name).name, log.log.name, b"".join(log.stream))
        for log in logs.open_logs(
            [str(p) for p in paths],
            on_read=read.append,
            on_fault=lambda name, why: faults.append((Path(name).name, why)),
        )
    ]
    return opened, faults, sum(read)


def test_a_folder_with_rotated_and_packed_logs(tmp_path):
    text = b"a line\n"
    (tmp_path / "b").mkdir()
    (tmp_path / "app.log").write_bytes(text)
    (tmp_path / "app.log.1").write_bytes(gzip.compress(text) + gzip.compress(text))
    (tmp_path / "app.log.2").write_bytes(zstandard.compress(text) + zstandard.compress(text))
    (tmp_path / "b" / "empty").write_bytes(b"")
    (tmp_path / "b" / "inner").write_bytes(text)
    (tmp_path / ".hidden").write_bytes(text)
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    opened, faults, read = _open(tmp_path)
    assert opened == [
        ("app.log", "text", text),
        ("app.log.1", "text", text * 2),
        ("app.log.2", "text", text * 2),
        ("inner", "text", text),
    ]
    assert not faults
    assert read == logs.size_of([str(tmp_path)])


def test_a_cut_log_is_read_as_far_as_it_goes(tmp_path):
    whole = gzip.compress(
        b"".join(b"line %d %s\n" % (n, os.urandom(8).hex().encode()) for n in range(50_000))
    )
    (tmp_path / "cut.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "good.log").write_bytes(b"x\n")
    opened, faults, _ = _open(tmp_path)
    assert [name for name, _, _ in opened] == ["cut.gz", "good.log"]
    assert opened[0][2].startswith(b"line 0 ")
    assert len(opened[0][2]) > 300_000
    assert [name for name, _ in faults] == ["cut.gz"]
    assert "ends early" in faults[0][1]


@pytest.mark.parametrize(
    ("head", "says"), [(b"PK\x03\x04xxxx", "zip"), (b"BZh91AY", "bzip2"), (b"\x1f\x8bnonsense", "gzip")]
)
def test_what_cannot_be_unpacked_is_a_fault(tmp_path, head, says):
    (tmp_path / "x").write_bytes(head)
    opened, faults, _ = _open(tmp_path / "x")
    assert not opened
    assert says in faults[0][1]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_utf_16_and_32(tmp_path, encoding):
    text = '{"event_type":"x","timestamp":"y","n":"bücher.example 😀"}\n' * 3000
    (tmp_path / "x").write_bytes(("\ufeff" + text).encode(encoding))
    assert _open(tmp_path / "x")[0] == [("x", "suricata_eve", text.encode())]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(tmp_path, encoding):
    text = "2026-11-20 evil.example\n2026-11-20 bücher.example 😀\n" * 2
    (tmp_path / "x").write_bytes(text.encode(encoding))
    assert _open(tmp_path / "x")[0] == [("x", "text", text.encode())]


@pytest.mark.parametrize("head", [bytes(2000) + b"a line\n", b"a\0b\0" + b"c\0\0d" * 20, b"a\0"])
def test_text_with_nuls_is_no_utf_16(tmp_path, head):
    (tmp_path / "x").write_bytes(head)
    assert _open(tmp_path / "x")[0] == [("x", "text", head)]


def test_a_log_that_was_packed_twice(tmp_path):
    (tmp_path / "app.log.gz.gz").write_bytes(gzip.compress(gzip.compress(b"a line\n")))
    assert _open(tmp_path)[:2] == ([("app.log.gz.gz", "text", b"a line\n")], [])


def test_a_pipe_with_a_name_is_read_by_who_hunts_not_by_who_checks(tmp_path):
    """Opened to see whether it can be, and closed again, it would tell its writer that nobody reads."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    logs.check([str(pipe)])  # does not wait for a writer
    assert logs.size_of([str(pipe)]) is None
    writer = threading.Thread(target=pipe.write_bytes, args=(b"a line\n",))
    writer.start()
    assert _open(pipe)[:2] == ([("pipe", "text", b"a line\n")], [])
    writer.join()


def test_standard_input_that_is_closed_is_a_fault(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert _open("-")[:2] == ([], [("-", "cannot be read: there is no standard input")])


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(b"piped\n"))))
    assert _open("-")[0] == [("-", "text", b"piped\n")]
    assert logs.size_of(["-"]) is None


def test_what_does_not_exist_is_said_first(tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        logs.check([str(tmp_path), str(tmp_path / "nothing")])


def _references(*paths, **how):
    opened = logs.open_logs(
        [str(p) for p in paths], on_read=lambda n: None, on_fault=pytest.fail, reading=logs.Reading(**how)
    )
    return [(log.log.name, log.reference.latest) for log in opened]


def test_nothing_in_a_log_is_later_than_its_file(tmp_path):
    (tmp_path / "old").write_bytes(b"a line\n")
    os.utime(tmp_path / "old", (1_000, 1_000))
    (tmp_path / "young").write_bytes(b"a line\n")
    os.utime(tmp_path / "young", (9_000, 9_000))
    assert _references(tmp_path, now=5_000_000_000) == [("text", 1_000_000_000), ("text", 5_000_000_000)]
    assert _references(tmp_path / "young") == [("text", 9_000_000_000)]


def test_the_format_that_is_said_is_taken(tmp_path):
    (tmp_path / "x").write_bytes(b"a line\n")
    assert _references(tmp_path / "x", format="cef")[0][0] == "cef"


def test_a_tie_is_a_fault_of_that_log_alone(tmp_path, monkeypatch):
    def tied(head, name):
        if head.startswith(b"tie"):
            raise FormatError("it could be of any of these formats: a, b", hint="say which with --format")
        return plugin.named("text")

    monkeypatch.setattr(logs, "log_of", tied)
    (tmp_path / "a").write_bytes(b"tie\n")
    (tmp_path / "b").write_bytes(b"none\n")
    opened, faults, _ = _open(tmp_path)
    assert [name for name, _, _ in opened] == ["b"]
    assert faults == [("a", "it could be of any of these formats: a, b; say which with --format")]


def test_a_packed_log_is_read_as_far_as_it_may_unpack(tmp_path):
    file = tmp_path / "log.gz"
    file.write_bytes(gzip.compress(b"a line\n" * 1_000_000))
    faults = []
    reading = logs.Reading(limits=Limits(unpacked_bytes=100_000))
    opened = logs.open_logs(
        [str(file)], on_read=lambda _: None, on_fault=lambda _, why: faults.append(why), reading=reading
    )
    assert sum(len(part) for log in opened for part in log.stream) <= 100_000
    assert faults == ["unpacks to more than 100,000 bytes"]


def test_pieces_of_a_file_end_where_a_line_does(tmp_path):
    """So that blocks of whole lines are not copied again; where no line ends near, a piece ends anywhere."""
    line = b"x" * 99 + b"\n"
    log = tmp_path / "log"
    log.write_bytes(line * 25_000 + b"y" * 3_000_000 + b"\n" + line)
    pieces = []
    for opened in logs.open_logs(
        [str(log)], on_read=lambda _: None, on_fault=lambda *why: pytest.fail(str(why))
    ):
        pieces = list(opened.stream)
    assert b"".join(pieces) == log.read_bytes()
    assert all(piece.endswith(b"\n") for piece in pieces[:2])
    assert max(map(len, pieces)) <= logs.SIZE
    assert len(pieces) < 8
