from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from tocsin.matching import Index, Indicator
from tocsin.node import index_file
from tocsin.node.catalogue import Row
from tocsin.node.shelf import FOLDER, MOST, Shelf
from tocsin.node.stock import Asked, pack
from tocsin.sharing.labels import label_for

OWNER = "identity--00000000-0000-4000-8000-000000000001"
ASKED = Asked("db", OWNER, "", (1, 2), 7, ("indicator",))


class _Snapshot:
    def __init__(self) -> None:
        self.labels = {1: label_for((), owner=OWNER)}


def _row(value: str) -> Row:
    made = Indicator(id=f"indicator--{value}", pattern=f"[domain-name:value = '{value}']")
    return Row(5, 5, False, 1, uuid.UUID(int=1), made, None)


def _put(shelf: Shelf, asked: Asked = ASKED, value: str = "a.example"):
    return shelf.put(asked, *pack([_row(value)], _Snapshot(), asked))  # type: ignore[arg-type]


def _values(stock):
    return None if stock is None else [entry.value for entry in stock.index.entries]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def file(shelf: Shelf, tmp_path: Path) -> Path:
    _put(shelf)
    return tmp_path / FOLDER / ASKED.name


def test_what_was_put_is_found_private_and_mapped(shelf: Shelf, file: Path) -> None:
    assert _values(shelf.find(ASKED)) == ["a.example"]
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [*file.parent.iterdir()] == [file]
    assert not shelf.find(ASKED).index.base.packed.data.flags.writeable


def _link(file: Path) -> None:
    moved = file.rename(file.parent / "moved")
    file.symlink_to(moved)


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir(mode=0o700)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-64])


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _plain_index(file: Path) -> None:
    index_file.save(Index(), file)


def _of_others(file: Path) -> None:
    """Another clearance's file under the name of this one."""
    other = Asked("db", OWNER, "", (1,), 7, ("indicator",))
    _put(Shelf(file.parent.parent), other, "secret.example")
    (file.parent / other.name).replace(file)


@pytest.mark.parametrize(
    "spoil",
    [
        *(lambda file, mode=mode: file.chmod(mode) for mode in (0o640, 0o604, 0o400, 0o4600)),
        *(lambda file, mode=mode: file.parent.chmod(mode) for mode in (0o750, 0o701)),
        *(_link, _pipe, _folder, _cut, _flip, _plain_index, _of_others, Path.unlink),
    ],
)
def test_what_is_not_ours_alone_and_whole_is_not_used(shelf: Shelf, file: Path, spoil) -> None:
    spoil(file)
    assert shelf.find(ASKED) is None
    assert _values(_put(shelf, value="b.example")) == ["b.example"], "it is made anew, in memory if need be"


def test_what_is_another_users_is_not_used(shelf: Shelf, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.node.shelf.os.geteuid", lambda: 4_000_000)
    assert shelf.find(ASKED) is None


@pytest.mark.parametrize(
    "other",
    [
        Asked("db2", OWNER, "", (1, 2), 7, ("indicator",)),
        Asked("db", OWNER[:-1] + "2", "", (1, 2), 7, ("indicator",)),
        Asked("db", OWNER, "green", (1, 2), 7, ("indicator",)),
        Asked("db", OWNER, "", (1,), 7, ("indicator",)),
        Asked("db", OWNER, "", (1, 2), 8, ("indicator",)),
        Asked("db", OWNER, "", (1, 2), 7, ("indicator", "url")),
        Asked("db", OWNER, "", (1, 2), 7, ("indicator",), ("0.0.0", 0, 0)),
    ],
)
def test_a_file_is_for_exactly_what_it_was_made_for(shelf: Shelf, file: Path, other: Asked) -> None:
    assert shelf.find(other) is None
    assert other.name != ASKED.name


def test_old_files_go_and_few_stay(shelf: Shelf, file: Path) -> None:
    (file.parent / ".unfinished").write_bytes(b"")
    os.utime(file.parent / ".unfinished", (0, 0))
    (file.parent / ".being-written").write_bytes(b"")
    held = shelf.find(ASKED)
    for number in range(MOST + 2):
        _put(shelf, Asked("db", OWNER, str(number), (1,), 8, ("indicator",)))
    names = {each.name for each in file.parent.iterdir()}
    assert ".being-written" in names
    assert len(names) == MOST + 1
    assert all(name.startswith(("8-", ".being")) for name in names)
    assert _values(held) == ["a.example"], "whoever has it mapped keeps it"


def test_without_a_home_nothing_is_kept() -> None:
    shelf = Shelf(None)
    assert _values(_put(shelf)) == ["a.example"]
    assert shelf.find(ASKED) is None
    shelf.tidy(8)
