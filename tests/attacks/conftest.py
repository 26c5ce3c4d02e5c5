"""The node on which everything was planted, served; it lives as long as a module."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import psycopg
import pytest

from attacks.world import plant
from serving import Node, serving
from tocsin.store import Store
from tocsin.store.embedded import Embedded

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    name = f"hostile_{next(_NUMBERS)}"
    with psycopg.connect(pg.dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template")
    with Store(f"{pg.dsn} dbname={name}", pool_size=6) as store:
        plant(store, tmp_path_factory.mktemp("logs"))
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served
    with psycopg.connect(pg.dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
