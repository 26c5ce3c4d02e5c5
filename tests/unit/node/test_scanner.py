"""The scanner is compiled once, by one process, and who has to wait is told."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tocsin.matching import native
from tocsin.node import scanner
from tocsin.server.pages.hunts import turns
from tocsin.server.problems import RequestError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of compiled code with nothing in it."""
    monkeypatch.setattr(native, "folder", lambda: str(tmp_path))
    return tmp_path


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has an item for each time that something would have been compiled."""
    times: list[str] = []
    monkeypatch.setattr(scanner, "load", lambda: times.append("compiled"))
    return times


@contextmanager
def another_process(folder: Path) -> Iterator[None]:
    with (folder / "preparing").open("wb") as file:  # the system tells opened files apart, not processes
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_it_is_prepared_once_and_said(folder: Path, loaded: list[str]) -> None:
    said: list[str] = []
    assert not scanner.is_ready()
    scanner.prepare(said.append)
    scanner.prepare(said.append)
    assert scanner.is_ready()
    assert loaded == ["compiled"]
    assert len(said) == 1
    assert "once on this machine" in said[0]


def test_where_it_cannot_be_kept_nobody_is_promised_that_it_was(
    loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "folder", lambda: "")
    said: list[str] = []
    scanner.prepare(said.append)
    scanner.prepare(said.append)
    assert [each.partition(":")[0] for each in said] == ["preparing the scanner, each time"] * 2
    assert loaded == ["compiled"] * 2


def test_what_was_compiled_for_another_processor_counts_for_nothing(
    folder: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner.prepare()
    monkeypatch.setattr("platform.machine", lambda: "another")
    assert not scanner.is_ready()


def test_a_page_says_that_it_is_being_prepared(folder: Path, loaded: list[str]) -> None:
    with (
        another_process(folder),
        pytest.raises(RequestError, match="the scanner is being prepared, once") as refused,
        turns.taken(),
    ):
        pass
    assert refused.value.status == 503
    assert refused.value.headers["Retry-After"] == str(scanner.SECONDS)
    assert loaded == []
    with turns.taken():  # nobody is at it any more: better slow than never
        pass


def test_who_waits_too_long_for_another_compiles_too(
    folder: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "_PATIENCE", 0.3)
    with another_process(folder):
        scanner.prepare()
    assert loaded == ["compiled"]
    assert scanner.is_ready()


def test_a_server_leaves_it_alone_where_it_is_done_or_cannot_be_kept(
    folder: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("subprocess.Popen", unexpected)
    scanner.prepare()
    made = scanner.Preparing()
    made.start()
    made.stop()
    monkeypatch.setattr(native, "folder", lambda: "")
    made.start()
    made.stop()
    assert not scanner.is_being_prepared()


def test_a_server_ends_what_it_began(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = folder / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(slow))
    made = scanner.Preparing()
    made.start()
    assert made._process is not None
    assert made._process.poll() is None
    assert os.getpriority(os.PRIO_PROCESS, made._process.pid) == 19
    made.stop()
    assert made._process.poll() is not None


def test_everything_is_loaded() -> None:
    scanner.load()
    assert native._waiting == []


def test_compiled_code_is_kept_in_the_home_of_a_node_where_nothing_else_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    can = native.os.access
    monkeypatch.setattr(
        "os.access", lambda path, mode: str(path).startswith(str(tmp_path)) and can(path, mode)
    )
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    assert Path(native.folder()).parent == tmp_path / "compiled"
    monkeypatch.delenv("TOCSIN_HOME")
    assert native.folder() == ""
