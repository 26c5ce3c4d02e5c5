"""What was acknowledged is there after the server was killed, and after its disk was full; nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from factories import IMPORT, indicator, place, settle
from tocsin.config import Settings
from tocsin.errors import StoreError, StoreFullError, StoreUnavailableError
from tocsin.store import Connection, Store, migrate, objects
from tocsin.store.collections import Collection


def opened(home: Path) -> Store:
    store = Store.open(Settings(home=home, pool_size=3), check=False)
    with store.connection() as connection:
        migrate.migrate(connection)
    return store


def held(store: Store) -> list[str]:
    with store.connection() as connection:
        return [row[0] for row in connection.execute("SELECT stix_id FROM object ORDER BY cursor").fetchall()]


class Writer(threading.Thread):
    """Writes batch after batch, each again until it is acknowledged."""

    def __init__(self, store: Store, collection: Collection) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self.failed = 0
        self.met = 0  # failures of writes whose transaction had begun
        self.begun = threading.Event()  # the write's transaction has, and is not over
        self.stopping = threading.Event()
        self._store = store
        self._collection = collection

    def run(self) -> None:
        batch = 0
        while not self.stopping.is_set():
            placements = [place(indicator(batch * 100 + n)) for n in range(100)]
            try:
                outcomes = objects.put(self._store, self._collection.id, placements, origin=IMPORT)
            except StoreUnavailableError:  # it may be there all the same: the same again finds out
                self.met += self.begun.is_set()
                self.failed += 1
                time.sleep(0.02)
                continue
            finally:
                self.begun.clear()
            assert {o.kind for o in outcomes} in ({"new"}, {"same"})
            self.acknowledged.extend(p.object.id for p in placements)
            batch += 1

    @contextmanager
    def transaction(self, begin: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Connection]:
        """Open a transaction with `begin`, and take note."""
        with begin() as connection:
            self.begun.set()
            yield connection


def test_killing_the_server_in_the_middle_of_writing_loses_nothing_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as store:
        writer = Writer(store, settle(store))
        monkeypatch.setattr(store, "transaction", partial(writer.transaction, store.transaction))
        assert store.embedded is not None
        pid_file = store.embedded.data / "postmaster.pid"
        writer.start()
        try:
            kills = 0
            while writer.met < 3:
                assert kills < 20, f"only {writer.met} of them met a write under way"
                wait_for_more(writer)
                failed = writer.failed
                assert writer.begun.wait(60)
                time.sleep(kills % 5 * 0.002)  # at various moments of a write, which takes some 10 ms
                os.kill(int(pid_file.read_text().split("\n")[0]), signal.SIGKILL)
                kills += 1
                # a server may go on for a while after the signal: the next is for its successor
                wait_until(lambda: writer.failed > failed)  # noqa: B023 - it is called here alone
            wait_for_more(writer)
        finally:
            writer.stopping.set()
            writer.join(timeout=60)
        assert held(store) == writer.acknowledged


def wait_for_more(writer: Writer) -> None:
    wanted = len(writer.acknowledged) + 500
    wait_until(lambda: len(writer.acknowledged) >= wanted)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not go on"
        time.sleep(0.005)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 110 MB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=110m,mode=700", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this user may not mount a small file system")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_refuses_writes_keeps_reading_and_recovers(small_disk: Path) -> None:
    with opened(small_disk / "home") as store:
        collection = settle(store)
        junk = small_disk / "junk"
        junk.write_bytes(b"\0" * 30_000_000)
        kept: list[str] = []
        with pytest.raises(StoreFullError) as caught:  # noqa: PT012 - how many go before is up to the disk
            for batch in range(1000):
                placements = [place(indicator(batch * 500 + n, description="x" * 4000)) for n in range(500)]
                objects.put(store, collection.id, placements, origin=IMPORT)
                kept += [p.object.id for p in placements]
        assert "disk" in caught.value.hint()
        assert held(store) == kept
        junk.unlink()
        objects.put(store, collection.id, [place(indicator(10**6))], origin=IMPORT)
        assert held(store) == [*kept, indicator(10**6)["id"]]


def test_a_disk_too_full_for_the_log_of_changes_stops_the_server_until_there_is_room(
    small_disk: Path,
) -> None:
    """PostgreSQL cannot go on then, and does not start either: nothing but room helps, and then it comes back by itself."""
    with opened(small_disk / "home") as store:
        with store.connection() as connection:
            connection.execute("CREATE TABLE counter AS SELECT 0 AS n")
            connection.execute("CHECKPOINT")
        junk = small_disk / "junk"
        with junk.open("wb") as file, pytest.raises(OSError, match="space"):  # noqa: PT012
            while True:
                file.write(b"\0" * 65536)
        acknowledged, errors = 0, []
        until = time.monotonic() + 60
        while len(errors) < 4:
            assert time.monotonic() < until
            try:
                with store.transaction() as connection:
                    connection.execute("UPDATE counter SET n = %s", (acknowledged + 1,))
                    connection.execute("SELECT pg_logical_emit_message(true, 'x', repeat('y', 100000))")
                acknowledged += 1
            except StoreError as error:
                errors.append(error)
        assert all(isinstance(error, StoreUnavailableError) for error in errors), errors
        assert "full" in errors[-1].hint()
        junk.unlink()
        with store.connection() as connection:
            assert connection.execute("SELECT n FROM counter").fetchone() == (acknowledged,)
