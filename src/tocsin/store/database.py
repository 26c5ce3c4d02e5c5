"""The pool of connections to the server named by `TOCSIN_DATABASE_URL`, or to the node's own.

Connections are in autocommit; a function that writes opens its own transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from tocsin.clock import Clock, system_clock
from tocsin.config import Settings
from tocsin.errors import ConfigError, ConflictError, StoreError, StoreUnavailableError
from tocsin.store import migrate
from tocsin.store.connection import Connection
from tocsin.store.embedded import Embedded

# The server's own words for "no room": insufficient resources, disk full, out of memory (SQLSTATE class 53)
_RESOURCES = "53"


class Store:
    """An open store. Safe to share between threads."""

    def __init__(
        self, dsn: str, *, clock: Clock = system_clock, pool_size: int = 8, embedded: Embedded | None = None
    ) -> None:
        """Open a pool to `dsn`. Most callers want `Store.open`."""
        self.clock = clock
        self.dsn = dsn
        self.embedded = embedded
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            dsn,
            min_size=1,
            max_size=pool_size,
            timeout=10,
            reconnect_timeout=10,
            open=False,
            kwargs={
                "autocommit": True,
                "application_name": "tocsin",
                "prepare_threshold": 2,
                "options": "-c search_path=public",
            },
        )
        self._pool.open()

    @classmethod
    def open(cls, settings: Settings, *, clock: Clock = system_clock, check: bool = True) -> Store:
        """Open the store of the node in `settings.home`, starting its own server if it has one.

        Raises:
            ConfigError: there is no node here yet.
            StoreUnavailableError: the database cannot be reached.
            MigrationError: the schema is older or newer than this program.
        """
        embedded = None
        dsn = settings.database_url
        if not dsn:
            if check and not (settings.home / "pg").exists():
                raise ConfigError(
                    f"there is no node in {settings.home}",
                    hint="run `tocsin init` first, or name its folder with --home",
                )
            embedded = Embedded(settings.home)
            embedded.attach()
            dsn = embedded.dsn
        store: Store | None = None
        try:
            if embedded is not None:
                _ensure_database(dsn)
            store = cls(dsn, clock=clock, pool_size=settings.pool_size, embedded=embedded)
            if check:
                with store.connection() as connection:
                    migrate.require_current(connection)
        except BaseException:
            if store is not None:
                store.close()
            elif embedded is not None:
                embedded.release()
            raise
        return store

    def close(self) -> None:
        """Close all connections and give the embedded server back."""
        self._pool.close()
        if self.embedded is not None:
            self.embedded.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection in autocommit; database errors come out as ours.

        Raises:
            StoreUnavailableError: the database is away or full.
            ConflictError: what is to be written contradicts what is held.
            StoreError: any other failure of the database.
        """
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            raise StoreUnavailableError(
                "the database does not answer", hint="is it running? `tocsin doctor` looks"
            ) from error
        except psycopg.Error as error:
            raise self._translate(error) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend a connection inside a transaction that commits when the block ends well."""
        with self.connection() as connection, connection.transaction():
            yield connection

    def _translate(self, error: psycopg.Error) -> StoreError | ConflictError:
        state = error.sqlstate or ""
        if state.startswith(_RESOURCES):
            return StoreUnavailableError(
                f"the database has no room left: {_first_line(error)}",
                hint="free disk space or memory; nothing acknowledged is lost",
            )
        if isinstance(error, psycopg.OperationalError):
            self._pool.check()  # the other connections are stale too: drop them before they fail a request each
            return StoreUnavailableError(
                "the database went away", hint="trying again may help; `tocsin doctor` looks"
            )
        if isinstance(error, psycopg.errors.IntegrityError):
            return ConflictError(_first_line(error))
        return StoreError(f"the database refused: {_first_line(error)}")


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).splitlines()[0]


def _ensure_database(dsn: str) -> None:
    """Make the node's database in its own server when it is not there yet."""
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    try:
        with psycopg.connect(dsn, dbname="postgres", autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if found is None:
                connection.execute(f'CREATE DATABASE "{name}"')
    except psycopg.Error as error:
        raise StoreUnavailableError(f"the embedded database does not answer: {_first_line(error)}") from error
