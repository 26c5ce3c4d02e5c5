"""A served node with something on it, and a browser. Both live as long as a module: Playwright's loop stands in the way of other tests'."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from databases import copied
from e2e.browsing import chromium
from e2e.world import fill
from serving import Node, serving
from tocsin.store import Store
from tocsin.store.embedded import Embedded

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    name = f"e2e_{next(_NUMBERS)}"
    with copied(pg, name) as dsn, Store(dsn, pool_size=6) as store:
        fill(store)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened
