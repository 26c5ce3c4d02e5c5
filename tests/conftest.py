"""Fixtures: one embedded PostgreSQL for the session, one fresh database for each test that asks for a store."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from databases import copied
from tocsin.clock import system_clock
from tocsin.store import Store, migrate
from tocsin.store.embedded import Embedded

_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def _only_loopback(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test reaches a network: pytest-socket lets unix sockets and loopback through."""
    from pytest_socket import enable_socket, socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(scope="session")
def pg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """An embedded server with a migrated database `template` to copy."""
    server = Embedded(tmp_path_factory.mktemp("pg"))
    server.attach()
    try:
        with psycopg.connect(server.dsn, dbname="postgres", autocommit=True) as connection:
            # what is on disk after a crash is tested on servers of their own; here it takes five times as long
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE template")
        with psycopg.connect(f"{server.dsn} dbname=template", autocommit=True) as connection:
            migrate.migrate(connection)
        yield server
    finally:
        server.release()


@pytest.fixture
def dsn(pg: Embedded) -> Iterator[str]:
    """A fresh, migrated database of its own."""
    with copied(pg, f"test_{next(_NUMBERS)}") as made:
        yield made


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    """An open store on a fresh database."""
    with Store(dsn, pool_size=8) as opened:
        yield opened


@pytest.fixture
def make_store(pg: Embedded) -> Iterator[Callable[[], Store]]:
    """Open further stores, each on a database of its own."""
    with ExitStack() as opened:

        def make() -> Store:
            dsn = opened.enter_context(copied(pg, f"test_{next(_NUMBERS)}"))
            return opened.enter_context(Store(dsn, pool_size=4))

        yield make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real intelligence and telemetry; tests that need it skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not here: real corpora are optional")
    return folder


@pytest.fixture
def clock() -> Callable[[], int]:
    """The wall clock."""
    return system_clock
