"""The pool of connections to the server named by `TOCSIN_DATABASE_URL`, or to the node's own.

Connections are in autocommit; a function that writes opens its own transaction.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from tocsin.clock import Clock, system_clock
from tocsin.config import Settings
from tocsin.errors import (
    ConfigError,
    ConflictError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
    TocsinError,
)
from tocsin.store import migrate
from tocsin.store.connection import Connection
from tocsin.store.embedded import Embedded

_log = logging.getLogger("tocsin.store")

# SQLSTATE classes (PostgreSQL, appendix A)
_RESOURCES = "53"  # disk full, out of memory, too many connections
_ROLLED_BACK = "40"  # deadlock, serialization failure: the same again will do
_DISK_FULL = "53100"

# Plans that do not look at values: an estimate made from the value of a cursor is wrong where a label set came late, because
# cursor and label are not independent, and then sorts all of it for one page (docs/adr/0003). It saves planning a page anew as well.
_OPTIONS = "-c search_path=public -c plan_cache_mode=force_generic_plan"
_PREPARED_AT_MOST = (
    32  # for a connection: the plan of a page that merges 64 label sets takes 2.6 MB in the server
)


class Store:
    """An open store. Safe to share between threads."""

    def __init__(
        self,
        dsn: str,
        *,
        clock: Clock = system_clock,
        pool_size: int = 8,
        embedded: Embedded | None = None,
        home: Path | None = None,
    ) -> None:
        """Open a pool to `dsn`; `home` is the node's folder, if it has one. Most callers want `Store.open`."""
        self.clock = clock
        self.dsn = dsn
        self.embedded = embedded
        self.home = home
        self.partitions: dict[UUID, int] = {}  # of collections that were read; `pages` keeps it
        # label sets that are known to be used: id, collection, whether objects refer to others; `objects` keeps it
        self.label_uses: set[tuple[int, int, bool]] = set()
        self.linking: set[str] = set()  # organisations some of whose objects refer to others
        self._reviving = threading.Lock()
        self._down = False  # our own server did not start again when it was last tried
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            dsn,
            min_size=1,
            max_size=pool_size,
            timeout=10,
            reconnect_timeout=2,  # then the next who asks tries anew, without the growing delays
            open=False,
            configure=_configure,
            kwargs={
                "autocommit": True,
                "application_name": "tocsin",
                "prepare_threshold": 2,
                "options": _OPTIONS,
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
            store = cls(dsn, clock=clock, pool_size=settings.pool_size, embedded=embedded, home=settings.home)
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

    def __enter__(self) -> Self:
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
        if self._down and (hint := self._revive()):
            raise StoreUnavailableError("the database does not answer", hint=hint)
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            hint = self._revive() or "is it running? `tocsin doctor` looks"
            raise StoreUnavailableError("the database does not answer", hint=hint) from error
        except psycopg.Error as error:
            raise self._translate(error) from error

    @contextmanager
    def transaction(self, *, pipelined: bool = False) -> Iterator[Connection]:
        """Lend a connection inside a transaction that commits when the block ends well.

        Args:
            pipelined: send statements without waiting for the answers that nobody asked for yet: for who waits for the whole, and for
                nothing in between. A fault may then be raised by a later statement, or at the end.
        """
        with ExitStack() as stack:
            connection = stack.enter_context(self.connection())
            if pipelined:
                stack.enter_context(connection.pipeline())
            stack.enter_context(connection.transaction())
            yield connection

    def _translate(self, error: psycopg.Error) -> StoreError | ConflictError:
        state = error.sqlstate or ""
        if state.startswith(_RESOURCES):
            kind = StoreFullError if state == _DISK_FULL else StoreUnavailableError
            return kind(
                f"the database has no room left: {_first_line(error)}",
                hint="free disk space or memory; nothing acknowledged is lost",
            )
        if state.startswith(_ROLLED_BACK):
            return StoreUnavailableError(f"the database is busy: {_first_line(error)}", hint="try again")
        if isinstance(error, psycopg.OperationalError):
            hint = self._revive() or "trying again may help; `tocsin doctor` looks"
            self._pool.check()  # the other connections are stale too: drop them before they fail a request each
            return StoreUnavailableError("the database went away", hint=hint)
        if isinstance(error, psycopg.errors.IntegrityError):
            return ConflictError(_first_line(error))
        return StoreError(f"the database refused: {_first_line(error)}")

    def _revive(self) -> str:
        """Start our own server again if it died: nobody else would, as long as we hold a share of it.

        Returns what stands in the way, or "" when it runs, is not ours, or is being started by another thread.
        """
        if self.embedded is None or not self._reviving.acquire(blocking=False):
            return ""
        try:
            self.embedded.revive()
        except TocsinError as error:
            self._down = True
            _log.error("the embedded database does not start again: %s", error)
            return error.hint() or str(error)
        else:
            self._down = False
            return ""
        finally:
            self._reviving.release()


def _configure(connection: Connection) -> None:
    connection.prepared_max = _PREPARED_AT_MOST


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
