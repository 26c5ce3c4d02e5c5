"""The node's own server: shared by processes, found again after a crash, gone when the last one leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tocsin.config import Settings
from tocsin.errors import ConfigError
from tocsin.store import Store
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
    assert len(str(server.socket)) < 100
    server.attach()
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
