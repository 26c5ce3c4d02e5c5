"""Two real nodes over loopback: one serves in a process of its own, the other polls it, pushes to it, and hears its own echo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import ExchangeError
from tocsin.exchange.taxii.chain import Bounds
from tocsin.formats import RawItem
from tocsin.node import links, outflow, sync
from tocsin.node.intake import Intake
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, accounts, collections, organisations, peers
from tocsin.store.values import Origin

CSIRT = Organisation("identity--00000000-0000-4000-8000-00000000c517", "CSIRT", "XA", own=True)
BANK = Organisation("identity--00000000-0000-4000-8000-00000000ba2c", "Bank", "XA", own=True)
ALLIANCE = uuid.UUID(int=77, version=4)
TLP = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


def other(organisation: Organisation) -> Organisation:
    return Organisation(organisation.id, organisation.name, organisation.country)


def take(
    store: Store,
    own: Organisation,
    collection: str,
    names: list[str],
    tlp: str | None,
    *,
    to: tuple[str, ...] = (),
) -> None:
    stamp = "2026-02-01T00:00:00.000Z"
    items = []
    for name in names:
        found: dict[str, Any] = {
            "type": "campaign", "spec_version": "2.1", "id": f"campaign--{uuid.uuid5(ALLIANCE, name)}",
            "created": stamp, "modified": stamp, "name": name,
        }  # fmt: skip
        if tlp:
            found["object_marking_refs"] = [TLP[tlp]]
        items.append(RawItem(name, json.dumps(found).encode()))
    report = Intake(store, own.id, store.clock).take(
        items, collection=collection, origin=Origin(own.id, None, "import"), recipients=to
    )
    assert report.new == len(names)


def names_in(store: Store, owner: str | None = None) -> list[str]:
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT o.body FROM object o JOIN label l ON l.id = o.label_id WHERE %s::text IS NULL OR l.owner = %s ORDER BY o.cursor",
            (owner, owner),
        ).fetchall()
    return [json.loads(bytes(r[0]))["name"] for r in rows]


@contextmanager
def serving(dsn: str, home: Path) -> Iterator[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    running = subprocess.Popen(
        [sys.executable, "-m", "tocsin.cli", "--home", str(home), "serve", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment | {"TOCSIN_DATABASE_URL": dsn, "TOCSIN_PAGE_SIZE": "100", "TOCSIN_POOL_SIZE": "4"},
    )
    assert running.stdout is not None
    assert running.stderr is not None
    try:
        line = running.stdout.readline()
        assert line, running.stderr.read()
        yield json.loads(line)["taxii"]
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)


@pytest.fixture
def csirt(make_store: Callable[[], Store]) -> Store:
    """The serving node's store: an alliance with the bank in it, and a collection that the bank may write to."""
    store = make_store()
    with store.transaction() as connection:
        for organisation in (CSIRT, other(BANK)):
            organisations.put(connection, organisation)
        group = organisations.add_community(connection, "alliance", "", ALLIANCE)
        for organisation in (CSIRT, BANK):
            organisations.join(connection, group, organisation)
        collections.add(connection, collections.new("alerts", community=ALLIANCE, writers=(BANK.id,)))
    return store


@pytest.fixture
def url(csirt: Store, tmp_path: Path) -> Iterator[str]:
    with serving(csirt.dsn, tmp_path) as address:
        yield address


@pytest.fixture
def bank(csirt: Store, make_store: Callable[[], Store], url: str) -> Store:
    """The polling node's store, with the CSIRT as its peer."""
    with csirt.transaction() as connection:
        accounts.add(connection, accounts.Account("bank-node", BANK.id, created=csirt.clock()))
        scopes = ("taxii:read", "taxii:write")
        secret, _ = accounts.issue(connection, "bank-node", scopes, now=csirt.clock())
    store = make_store()
    with store.transaction() as connection:
        for organisation in (BANK, other(CSIRT)):
            organisations.put(connection, organisation)
        group = organisations.add_community(connection, "alliance", "", ALLIANCE)
        for organisation in (CSIRT, BANK):
            organisations.join(connection, group, organisation)
        peer = peers.Peer("csirt", url, CSIRT.id, secret=secret)
        peers.add(connection, links.checked(peer))
    return store


def test_what_is_released_arrives_once_and_in_order(csirt: Store, bank: Store) -> None:
    green = [f"g{n}" for n in range(250)]
    take(csirt, CSIRT, "alerts", green, "green")
    take(csirt, CSIRT, "alerts", ["public"], "clear")
    take(csirt, CSIRT, "alerts", ["named"], "amber+strict", to=(BANK.id,))
    take(csirt, CSIRT, "alerts", ["secret"], "red")
    take(csirt, CSIRT, "alerts", ["unmarked"], None)
    (first,) = sync.poll(bank, bounds=Bounds(limit=50, pages=2))
    assert (first.error, first.new) == ("", 100)
    (second,) = sync.poll(bank)
    assert (second.error, second.new, second.same, second.refused) == ("", 152, 0, 0)
    assert names_in(bank, CSIRT.id) == [*green, "public", "named"]
    (third,) = sync.poll(bank)
    assert (third.error, third.new, third.same, third.warnings) == ("", 0, 0, ()), (
        "its dates are exact: nothing comes twice"
    )
    assert third.received < 10_000
    take(csirt, CSIRT, "alerts", ["late"], "green")
    (fourth,) = sync.poll(bank)
    assert (fourth.new, fourth.same) == (1, 0)


def test_a_sighting_rings_back_and_its_echo_stays_one(csirt: Store, bank: Store) -> None:
    take(csirt, CSIRT, "alerts", ["warning"], "green")
    sync.poll(bank)
    with bank.transaction() as connection:
        mirror = collections.get(connection, "csirt.alerts")
        collections.replace(
            connection, collections.Collection(mirror.id, mirror.alias, mirror.title, community=ALLIANCE)
        )
    take(bank, BANK, "csirt.alerts", ["seen here"], "green")
    take(bank, BANK, "csirt.alerts", ["our own affair"], "red")
    (pushed,) = outflow.push(bank, "csirt")
    assert (pushed.error, pushed.sent, pushed.accepted, sum(w.count for w in pushed.withheld)) == (
        "",
        1,
        1,
        1,
    )
    assert names_in(csirt, BANK.id) == ["seen here"]
    (echo,) = sync.poll(bank)
    assert (echo.error, echo.own, echo.new) == ("", 1, 0)
    assert sorted(names_in(bank)) == ["our own affair", "seen here", "warning"]
    (again,) = outflow.push(bank, "csirt")
    assert again.sent == 0


def test_a_node_that_restarts_is_followed_from_where_it_was(
    csirt: Store, bank: Store, url: str, tmp_path: Path
) -> None:
    take(csirt, CSIRT, "alerts", [f"a{n}" for n in range(150)], "clear")
    sync.poll(bank, bounds=Bounds(limit=50, pages=2))
    home = tmp_path / "again"
    home.mkdir()
    with serving(csirt.dsn, home) as moved:
        with bank.transaction() as connection:
            peers.replace(connection, _at(peers.get(connection, "csirt"), moved))
        (report,) = sync.poll(bank)
    assert (report.error, report.new, report.same) == ("", 50, 0)
    (gone,) = sync.poll(bank)
    assert "cannot be sent" in gone.error


def test_the_examination_of_a_node(bank: Store) -> None:
    with bank.connection() as connection:
        peer = peers.get(connection, "csirt")
    found = links.examine(peer)
    assert [(c.alias, c.can_read, c.can_write, c.exact) for c in found.collections] == [
        ("alerts", True, True, True)
    ]
    with pytest.raises(ExchangeError, match="401"):
        links.examine(_with_secret(peer, "toc_wrong"))


def _at(peer: peers.Peer, url: str) -> peers.Peer:
    return peers.Peer(peer.name, url, peer.organisation, secret=peer.secret)


def _with_secret(peer: peers.Peer, secret: str) -> peers.Peer:
    return peers.Peer(peer.name, peer.url, peer.organisation, secret=secret)
