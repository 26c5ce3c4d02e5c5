from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest

from tocsin.node.tailing import Tails
from tocsin.store.watched import Position


class World:
    """Files, a clock, and what was read of them; `restart` keeps positions alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 100.0
        self.notes: list[tuple[str, str]] = []
        self.positions: dict[tuple[int, int, bytes], Position] = {}
        self.lines: list[tuple[str, int, str]] = []
        self.tails: Tails | None = None

    def start(self, *paths: str | Path, **options: Any) -> None:
        self.tails = Tails(
            [str(path) for path in paths or (self.folder,)],
            self.positions.values(),
            **{
                "from_start": False,
                "now": self.now,
                "note": lambda *note: self.notes.append(note),
                **options,
            },
        )
        for tail in self.tails.open.values():
            if tail.position.length:
                self.positions[tail.position.key] = tail.position
        for root in self.tails.fresh_roots:
            self.positions[0, 0, root.encode()] = Position(0, 0, root.encode(), 0, root, 0, 0)

    def read(self, *, seconds: float = 1.0, commit: bool = True) -> list[str]:
        """Return what has come in some seconds."""
        self.now += seconds
        found = []
        for piece in self.tails.pieces(now=self.now):
            at = piece.place
            for number, line in enumerate(piece.data.splitlines(keepends=True)):
                self.lines.append((Path(piece.tail.name).name, piece.line + number, line.decode()))
                found.append(line.decode().rstrip("\n"))
                assert at >= 0
            if commit:
                for key in piece.tail.replaces:
                    self.positions.pop(key, None)
                piece.tail.done(piece)
                self.positions[piece.end.key] = piece.end
        for each in self.tails.to_keep() if commit else ():
            self.positions.setdefault(each.key, each)
        return found

    def write(self, name: str, text: str, mode: str = "a") -> Path:
        file = self.folder / name
        with file.open(mode) as opened:
            opened.write(text)
        return file


@pytest.fixture
def world(tmp_path: Path) -> World:
    folder = tmp_path / "logs"
    folder.mkdir()
    return World(folder)


def test_what_comes_is_read_line_by_line(world):
    world.write("a.log", "old\n")
    world.start()
    assert world.read() == []
    world.write("a.log", "one\ntwo\nhal")
    assert world.read() == ["one", "two"]
    world.write("a.log", "f\n")
    assert world.read() == ["half"]
    assert world.lines == [("a.log", 2, "one\n"), ("a.log", 3, "two\n"), ("a.log", 4, "half\n")]


def test_from_start_reads_what_stands_there(world):
    world.write("a.log", "old\n")
    world.start(from_start=True)
    assert world.read() == ["old"]


def test_a_file_need_not_be_there_yet(world):
    world.start(world.folder / "a.log")
    world.write("a.log", "one\n")
    assert world.read() == ["one"]


def test_a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_beginning(world):
    file = world.write("app.log", "one\n")
    world.start(from_start=True)
    assert world.read() == ["one"]
    world.write("app.log", "two\n")
    file.rename(world.folder / "app.log.1")
    world.write("app.log", "three\n")
    with (world.folder / "app.log.1").open("a") as opened:
        opened.write("late\n")
    assert sorted(world.read()) == ["late", "three", "two"]
    world.write("app.log", "four\n")
    assert world.read(seconds=30) == ["four"]


def test_a_file_that_left_the_folder_is_read_to_its_end_and_closed(world, tmp_path):
    file = world.write("app.log", "one\n")
    world.start(from_start=True)
    world.read()
    world.write("app.log", "two\n")
    file.rename(tmp_path / "elsewhere")
    assert world.read() == ["two"]
    assert world.read(seconds=11) == []
    assert not world.tails.open


@pytest.mark.parametrize(
    "text", ["short\n", "as long as before\n", "much longer than what was there before\n"]
)
def test_a_file_that_is_cut_and_written_anew_is_read_anew(world, text):
    world.write("app.log", "what there was...\n")
    world.start(from_start=True)
    assert len(world.read()) == 1
    world.write("app.log", text, "w")
    assert world.read() == [text.strip()]
    assert "written anew" in world.notes[0][1]


def _lines(first: int, last: int) -> str:
    return "".join(
        f"2026-11-30T10:00:00Z line {n}, made long enough to tell logs apart\n" for n in range(first, last)
    )


@pytest.mark.parametrize("restarted", [False, True])
def test_a_copy_of_a_log_that_is_cut_is_not_read_again(world, restarted):
    file = world.write("app.log", _lines(0, 30))
    world.start(from_start=True)
    assert len(world.read()) == 30
    # what was written after the last look, and before the cut, stands in the copy alone
    world.write("app.log", "unread\n")
    if restarted:
        world.tails.close()
    shutil.copy(file, world.folder / "app.log.1")
    world.write("app.log", "new\n", "w")
    if restarted:
        world.start()
    assert sorted(world.read()) == ["new", "unread"]
    world.tails.close()
    world.start()
    assert world.read() == []


def test_a_copy_of_a_log_that_nothing_more_came_to_is_known_after_a_restart_too(world):
    file = world.write("app.log", "short\n")
    world.start(from_start=True)
    assert world.read() == ["short"]
    world.write("app.log", "", "w")
    assert world.read(seconds=0.1) == []
    (world.folder / "app.log.1").write_text("short\n")
    assert world.read() == []
    world.tails.close()
    file.unlink()
    world.start()
    assert world.read() == []


def test_a_copy_on_its_way_waits_until_it_is_whole(world):
    file = world.write("app.log", _lines(0, 60))
    world.start(from_start=True)
    assert len(world.read()) == 60
    (world.folder / "app.log.1").write_bytes(file.read_bytes()[:2000])
    assert world.read() == []
    shutil.copy(file, world.folder / "app.log.1")
    world.write("app.log", "", "w")
    assert world.read() == []
    # alike for long, but no copy: read from its beginning
    world.write("app.log", _lines(0, 60) + "same\n")
    assert len(world.read()) == 61
    world.write("other.log", _lines(0, 30) + _lines(100, 110))
    assert len(world.read()) == 40


def test_a_log_that_is_watched_by_its_name_and_was_rotated_meanwhile_is_read_to_its_end(world):
    file = world.write("app.log", "one\n")
    world.start(file, from_start=True)
    assert world.read() == ["one"]
    world.tails.close()
    world.write("app.log", "two\n")
    file.rename(world.folder / "app.log.1")
    world.write("app.log", "three\n")
    world.write("another.log", "never watched\n")
    world.start(file)
    assert sorted(world.read()) == ["three", "two"]
    assert world.read(seconds=11) == []
    assert len(world.tails.open) == 1


def test_a_log_at_the_place_of_a_packed_file_is_watched(world):
    file = world.folder / "app.log.1.gz"
    file.write_bytes(gzip.compress(b"old\n"))
    world.start()
    world.read()
    with file.open("wb") as opened:  # the same place on the disk, as after a deletion
        opened.write(b"evil\n")
    file.rename(world.folder / "app.log")
    assert world.read() == ["evil"]


def test_more_files_than_may_be_open_are_read_all_the_same(world):
    for name in "abcde":
        world.write(f"{name}.log", f"old {name}\n")
    world.start(most=2)
    assert len(world.tails.open) == 2
    for turn in range(3):
        for name in "abcde":
            world.write(f"{name}.log", f"{name}{turn}\n")
        found = [line for _ in range(6) for line in world.read()]
        assert sorted(found) == [f"{name}{turn}" for name in "abcde"]
        assert len(world.tails.open) == 2
    assert len({(name, number) for name, number, _ in world.lines}) == 15
    world.tails.close()
    world.start(most=2)
    assert [line for _ in range(6) for line in world.read()] == []


def test_from_the_start_more_files_than_may_be_open_take_turns(world):
    for name in "abcde":
        world.write(f"{name}.log", f"one {name}\n")
    world.start(from_start=True, most=2)
    assert any("others wait" in reason for _, reason in world.notes)
    found = [line for _ in range(6) for line in world.read()]
    assert sorted(found) == [f"one {name}" for name in "abcde"]


def test_after_a_restart_nothing_is_missed_or_read_twice(world):
    world.write("a.log", "one\n")
    world.start(from_start=True)
    assert world.read() == ["one"]
    world.write("a.log", "two\n")
    assert world.read(commit=False) == ["two"]  # and then it died
    world.write("a.log", "three\n")
    (world.folder / "a.log").rename(world.folder / "a.log.1")
    world.write("a.log", "new\n")
    world.write("b.log", "came meanwhile\n")
    world.start()
    assert sorted(world.read()) == ["came meanwhile", "new", "three", "two"]
    world.start()
    assert world.read() == []


def test_a_restart_before_anything_came_begins_where_watching_began(world):
    world.write("a.log", "old\n")
    world.start()
    world.write("a.log", "new\n")
    world.start()
    assert world.read() == ["new"]


def test_another_file_at_the_same_place_is_not_taken_for_it(world):
    file = world.write("a.log", "the first of all lines\nsecond\n")
    world.start(from_start=True)
    world.read()
    with file.open("r+") as opened:  # same device and inode, other content
        opened.write("THE FIRST")
    world.start()
    assert len(world.read()) == 2


def test_a_line_that_nobody_ends_is_read_after_a_while(world):
    world.start()
    world.write("a.log", "no end")
    assert world.read() == []
    assert world.read(seconds=5) == []
    assert world.read(seconds=11) == ["no end"]


def test_lines_of_a_hundred_megabytes_are_read_in_pieces(world):
    world.start()
    with (world.folder / "a.log").open("wb") as opened:
        for _ in range(25):
            opened.write(b"x" * (4 * 1024 * 1024 - 10) + b" y ")
        opened.write(b"evil.example\nnext\n")
    pieces = []
    for _ in range(60):
        world.now += 1
        for piece in world.tails.pieces(now=world.now):
            assert len(piece.data) <= 4 * 1024 * 1024
            pieces.append(piece)
            piece.tail.done(piece)
    data = b"".join(piece.data for piece in pieces)
    assert len(data) == 25 * (4 * 1024 * 1024 - 7) + 18
    assert pieces[-1].data.endswith(b"evil.example\nnext\n")
    assert pieces[-1].end.line == 3


def test_what_does_not_grow_line_by_line_is_told(world):
    (world.folder / "a.gz").write_bytes(gzip.compress(b"packed\n"))
    (world.folder / "u.log").write_bytes("wide\n".encode("utf-16"))
    world.write(".hidden", "x\n")
    world.start(from_start=True)
    assert world.read() == []
    assert sorted(reason.split(",")[0] for _, reason in world.notes) == [
        "it is in UTF-16",
        "it is packed (gzip) and will not grow; `tocsin hunt` reads it",
    ]


ZEEK = "#separator \\x09\n#fields\tts\tquery\n#types\ttime\tstring\n"


def test_the_header_of_a_log_is_kept_for_the_lines_after_it(world):
    world.start()
    world.write("dns.log", f"{ZEEK}1\ta.example\n")
    world.now += 1
    (first,) = world.tails.pieces(now=world.now)
    assert (first.log.name, first.head) == ("zeek_tsv", b"")
    first.tail.done(first)
    world.positions[first.end.key] = first.end
    world.start()
    world.write("dns.log", "2\tb.example\n")
    world.now += 1
    (second,) = world.tails.pieces(now=world.now)
    assert (second.head.decode(), second.data, second.line) == (ZEEK, b"2\tb.example\n", 5)
    second.tail.done(second)
    other = "#fields\tts\tuid\tquery\n"
    world.write("dns.log", f"3\tc.example\n{other}4\tC1\td.example\n")
    world.now += 1
    (third,) = world.tails.pieces(now=world.now)
    assert third.head.decode() == ZEEK
    assert third.end.head.decode() == other
