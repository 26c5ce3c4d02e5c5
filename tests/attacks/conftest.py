"""The node on which everything was planted, served; it lives as long as a module."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from attacks.world import plant
from databases import copied
from serving import Node, serving
from tocsin.store import Store
from tocsin.store.embedded import Embedded

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    name = f"hostile_{next(_NUMBERS)}"
    with copied(pg, name) as dsn, Store(dsn, pool_size=6) as store:
        plant(store, tmp_path_factory.mktemp("logs"))
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served
