"""Databases that outlive a test: nodes of this folder are built once and asked many times."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from databases import copied
from factories import indicator, observable, settle
from leaks import plans
from leaks.ask import Answer, Fresh, Line
from leaks.world import Hand, Pair, build_pair, take
from serving import Node, serving
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, accounts, collections
from tocsin.store.embedded import Embedded

# the fake wire stands in tests/federation, which imports its parts by bare name
sys.path.insert(0, str(Path(__file__).parents[1] / "federation"))

_NUMBERS = itertools.count()
Databases = Callable[[str], str]


@pytest.fixture(scope="session")
def databases(pg: Embedded) -> Iterator[Databases]:
    """Make a database as a copy of another, by name or dsn; return its dsn."""
    with ExitStack() as made:

        def make(source: str) -> str:
            origin = source.rpartition("dbname=")[2]
            return made.enter_context(copied(pg, f"leak_{next(_NUMBERS)}", origin))

        yield make


@pytest.fixture(scope="session")
def pair(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Served nodes: `plain`, and `full` and `crowded`, which hold in addition what FRIEND may not have."""
    hand = Hand()
    with ExitStack() as stack:
        made = build_pair(databases, hand)
        served: list[Node] = []
        for dsn in made[:3]:
            store = stack.enter_context(Store(dsn, clock=hand, pool_size=4))
            home = tmp_path_factory.mktemp("home")
            served.append(
                stack.enter_context(serving(store, home, page_size=7, contact="mailto:cti@example.org"))
            )
        yield Pair(made, *served)


@pytest.fixture(scope="session")
def line(pair: Pair) -> Iterator[Line]:
    """A connection to the node that holds everything. Ask, and change nothing: the two must stay alike."""
    made = Line(pair.full)
    yield made
    made.close()


@pytest.fixture(scope="session")
def scratch(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A connection to a copy of that node, which may be written to."""
    home = tmp_path_factory.mktemp("home")
    clock = pair.plain.store.clock
    with Store(pair.built.scratch_dsn, clock=clock, pool_size=4) as store, serving(store, home) as node:
        made = Line(node)
        yield made
        made.close()


@pytest.fixture
def fresh(databases: Databases, tmp_path: Path) -> Iterator[Fresh]:
    """A node of its own, and the code that claims it: for tests that lock out this very address."""
    with Store(databases("template"), pool_size=4) as store:
        settle(store)
        with store.connection() as connection:
            code = accounts.offer_claim(connection, now=store.clock())
        assert code is not None
        with serving(store, tmp_path) as node:
            with store.connection() as connection:  # the code is for the first administrator
                connection.execute("UPDATE account SET administrator = false")
            made = Line(node)
            yield Fresh(node, made, code)
            made.close()


@pytest.fixture(scope="session")
def told(line: Line) -> dict[str, Answer]:
    """Everything that FRIEND is told by every route, by path."""
    return {path: line.ask(path) for template in plans.PLANS for path in plans.requests(template)}


@pytest.fixture(scope="session")
def resting(databases: Databases) -> Iterator[Store]:
    """A node with a RED and a GREEN indicator and observable, for what rests on them."""
    with Store(databases("template"), pool_size=4) as store:
        settle(store)
        with store.transaction() as connection:
            collections.add(
                connection, collections.new("other", community=collections.get(connection, "intel").community)
            )
        take(store, "intel", indicator(1, tlp=TLP.RED), indicator(2, tlp=TLP.GREEN))
        for value, tlp in (("red.example", TLP.RED), ("green.example", TLP.GREEN)):
            take(store, "intel", observable(value, object_marking_refs=[id_of(tlp)]))
        yield store
