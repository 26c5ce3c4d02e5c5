"""The node's own server: shared by processes, found again after a crash, gone when the last one leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tocsin.config import Settings
from tocsin.errors import ConfigError, StoreUnavailableError
from tocsin.store import Store, embedded
from tocsin.store.embedded import Embedded


def running(server: Embedded) -> bool:
    return (server.data / "postmaster.pid").exists()


def test_the_last_one_out_stops_it(tmp_path: Path) -> None:
    first, second = Embedded(tmp_path), Embedded(tmp_path)
    first.attach()
    second.attach()
    first.release()
    assert running(second)
    with psycopg.connect(second.dsn, dbname="postgres") as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    second.release()
    assert not running(second)


def test_a_killed_process_gives_its_share_back(tmp_path: Path) -> None:
    code = "import sys, pathlib, time\nfrom tocsin.store.embedded import Embedded\nEmbedded(pathlib.Path(sys.argv[1])).attach()\nprint('up', flush=True)\ntime.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    server = Embedded(tmp_path)
    server.attach()
    server.release()
    assert not running(server)


def test_it_starts_again_after_a_crash_of_the_server(tmp_path: Path) -> None:
    server = Embedded(tmp_path)
    server.attach()
    pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    with psycopg.connect(server.dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS a")
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.3)
    again = Embedded(tmp_path)
    again.attach()
    with psycopg.connect(again.dsn, dbname="postgres") as connection:
        assert connection.execute("SELECT a FROM kept").fetchone() == (1,)
    server.release()
    again.release()
    assert not running(again)


def test_a_deep_home_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    server = Embedded(deep)
    server.attach()
    assert len(str(server.socket)) < 100
    with psycopg.connect(server.dsn, dbname="postgres") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.release()


def test_nobody_else_reaches_the_socket(tmp_path: Path) -> None:
    server = Embedded(tmp_path)
    server.attach()
    assert server.socket.stat().st_mode & 0o077 == 0
    server.release()


def test_no_node_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Store.open(Settings(home=tmp_path / "nothing"))
    assert "tocsin init" in caught.value.hint()
    assert not (tmp_path / "nothing").exists()


def postmaster(server: Embedded) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n")[0])


def ask(server: Embedded, question: str) -> object:
    with psycopg.connect(server.dsn, dbname="postgres", autocommit=True) as connection:
        done = connection.execute(question)
        return done.fetchone() if done.description else None


@pytest.mark.parametrize("name", ["a b", "it's", 'q"$HOME`x`', "nöde, 1", "x\\y"])
def test_any_name_of_a_home_will_do(tmp_path: Path, name: str) -> None:
    server = Embedded(tmp_path / name)
    server.attach()
    assert ask(server, "SELECT 1") == (1,)
    server.release()
    assert not running(server)


def test_a_number_that_another_process_has_now_does_not_keep_it_down(tmp_path: Path) -> None:
    """After a power cut the lock file names a process that may be anybody's."""
    server = Embedded(tmp_path)
    server.attach()
    ask(server, "CREATE TABLE kept AS SELECT 1 AS a")
    locks = [server.data / "postmaster.pid", server.data / ".s.PGSQL.5432.lock"]
    left = {lock: lock.read_text() for lock in locks}
    was = postmaster(server)
    server.stop(at_once=True)
    other = subprocess.Popen(["sleep", "60"], user=server.data.stat().st_uid)
    try:
        for lock, text in left.items():
            lock.write_text(text.replace(str(was), str(other.pid), 1))
            os.chown(lock, server.data.stat().st_uid, -1)
        again = Embedded(tmp_path)
        again.attach()
        assert ask(again, "SELECT a FROM kept") == (1,)
        again.release()
    finally:
        other.kill()
        other.wait()
        server.release()


def test_a_home_can_be_moved_and_copied(tmp_path: Path) -> None:
    first = Embedded(tmp_path / "first")
    first.attach()
    ask(first, "CREATE TABLE kept AS SELECT 1 AS a")
    first.release()
    (tmp_path / "first").rename(tmp_path / "moved")
    shutil.copytree(tmp_path / "moved", tmp_path / "copied", symlinks=True)
    moved, copied = Embedded(tmp_path / "moved"), Embedded(tmp_path / "copied")
    moved.attach()
    copied.attach()
    ask(copied, "DROP TABLE kept")
    assert ask(moved, "SELECT a FROM kept") == (1,)
    moved.release()
    assert ask(copied, "SELECT 1") == (1,)
    copied.release()


def test_nothing_is_made_of_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "thesis.odt").write_text("precious")
    with pytest.raises(ConfigError, match="not empty"):
        Embedded(tmp_path).attach()
    assert (tmp_path / "pg" / "thesis.odt").read_text() == "precious"


def test_a_crash_while_it_was_made_leaves_no_half_of_it(tmp_path: Path) -> None:
    half = tmp_path / "pg.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = Embedded(tmp_path)
    server.attach()
    assert ask(server, "SELECT 1") == (1,)
    server.release()
    assert not half.exists()


def test_what_is_said_is_on_disk_and_no_statement_is_in_the_log(tmp_path: Path) -> None:
    server = Embedded(tmp_path)
    server.attach()
    for setting, wanted in (
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("jit", "off"),
    ):
        assert ask(server, f"SHOW {setting}") == (wanted,)
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(
            server,
            "CREATE TABLE t AS SELECT 'classified' AS a; CREATE UNIQUE INDEX ON t (a); INSERT INTO t VALUES ('classified')",
        )
    assert "classified" not in (server.data / "server.log").read_text()
    server.release()


def test_a_home_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        Embedded(tmp_path / "file").attach()


def test_reviving_a_server_that_runs_leaves_it_alone(tmp_path: Path) -> None:
    server = Embedded(tmp_path)
    server.attach()
    was = postmaster(server)
    server.revive()
    assert postmaster(server) == was
    os.kill(was, signal.SIGKILL)
    server.revive()
    assert postmaster(server) != was
    assert ask(server, "SELECT 1") == (1,)
    server.release()


def test_a_server_that_hangs_is_not_taken_for_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two servers on one folder would destroy it."""
    monkeypatch.setattr(embedded, "_PING", 2)
    server = Embedded(tmp_path)
    server.attach()
    pid = postmaster(server)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailableError, match="lock file"):
            Embedded(tmp_path).attach()
        assert postmaster(server) == pid
    finally:
        os.kill(pid, signal.SIGCONT)
    assert ask(server, "SELECT 1") == (1,)
    server.release()
