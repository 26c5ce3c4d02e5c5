"""What the database says in its own words comes out as our errors; a server of ours that dies is started again."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tocsin.config import Settings
from tocsin.errors import ConflictError, MigrationError, StoreError, StoreFullError, StoreUnavailableError
from tocsin.store import Store, migrate


def raised(store: Store, code: str) -> StoreError | ConflictError:
    with pytest.raises((StoreError, ConflictError)) as caught, store.connection() as connection:
        connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'words' USING ERRCODE = '{code}'; END $$")
    return caught.value


def test_failures_of_the_database_are_ours(store: Store) -> None:
    for code, kind in (
        ("53100", StoreFullError),
        ("53200", StoreUnavailableError),
        ("40P01", StoreUnavailableError),
        ("40001", StoreUnavailableError),
        ("57P01", StoreUnavailableError),
        ("23505", ConflictError),
        ("22012", StoreError),
    ):
        assert type(raised(store, code)) is kind, code


def test_errors_of_ours_pass_through(store: Store) -> None:
    with pytest.raises(MigrationError, match="mine"), store.transaction():
        raise MigrationError("mine")


def test_a_transaction_is_whole_or_not_there(store: Store) -> None:
    with pytest.raises(ConflictError), store.transaction() as connection:  # noqa: PT012
        connection.execute("INSERT INTO definition VALUES ('a', 'b', 'c')")
        connection.execute("INSERT INTO definition VALUES ('a', 'b', 'c')")
    with store.connection() as connection:
        assert connection.execute("SELECT count(*) FROM definition").fetchone() == (0,)


def test_plans_do_not_look_at_values(store: Store) -> None:
    with store.connection() as connection:
        assert connection.execute("SHOW plan_cache_mode").fetchone() == ("force_generic_plan",)
        assert connection.prepared_max == 32


def test_a_server_that_nobody_runs_is_unavailable(tmp_path: Path) -> None:
    store = Store(f"host={tmp_path} user=x dbname=x")
    store._pool.timeout = 0.2
    with store, pytest.raises(StoreUnavailableError) as caught, store.connection():
        pass
    assert "doctor" in caught.value.hint()


def test_opening_starts_the_server_and_wants_the_schema(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, pool_size=2)
    with Store.open(settings, check=False) as store, store.connection() as connection:
        migrate.migrate(connection)
    with Store.open(settings) as store, store.connection() as connection:
        migrate.migrate(connection, to=0)
    with pytest.raises(MigrationError, match="schema 0"):
        Store.open(settings)
    assert not (tmp_path / "pg" / "postmaster.pid").exists()


def test_our_own_server_comes_back_when_it_is_killed(tmp_path: Path) -> None:
    with Store.open(Settings(home=tmp_path, pool_size=2), check=False) as store:
        with store.connection() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS a")
        assert store.embedded is not None
        os.kill(int((store.embedded.data / "postmaster.pid").read_text().split("\n")[0]), signal.SIGKILL)
        failures = []

        def ask() -> None:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                try:
                    with store.connection() as connection:
                        assert connection.execute("SELECT a FROM kept").fetchone() == (1,)
                except StoreUnavailableError:
                    time.sleep(0.05)
                else:
                    return
            failures.append("did not come back")

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures


def test_a_server_that_cannot_come_back_says_why_at_once(tmp_path: Path) -> None:
    with Store.open(Settings(home=tmp_path, pool_size=1), check=False) as store:
        store._pool.timeout = 0.5
        embedded = store.embedded
        assert embedded is not None
        conf = embedded.data / "postgresql.conf"
        text = conf.read_text()
        embedded.stop()
        conf.write_text(text + "no_such_setting = 1\n")
        for _ in range(3):
            with pytest.raises(StoreUnavailableError) as caught, store.connection() as connection:
                connection.execute("SELECT 1")
        assert "server.log" in caught.value.hint()
        conf.write_text(text)
        store._pool.timeout = 10
        with store.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
