"""Databases for tests: copies of one that is migrated or filled already, dropped when they are done with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tocsin.store.embedded import Embedded


@contextmanager
def copied(pg: Embedded, name: str, origin: str = "template") -> Iterator[str]:
    """Lend the dsn of a new database `name`, a copy of `origin`, to which nobody may be connected meanwhile."""
    with psycopg.connect(pg.dsn, dbname="postgres", autocommit=True) as connection:
        # of files, not through the log: half the time, to make and to drop
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {origin} STRATEGY file_copy")
    try:
        yield f"{pg.dsn} dbname={name}"
    finally:
        with psycopg.connect(pg.dsn, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
