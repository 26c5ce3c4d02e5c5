"""Polling a hostile peer into a real store: what arrives is there once, under the peer's name, and comes back no second time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from following import ORGANISATION, wire_for
from hostile import TOKEN, Peer, serving, with_faults

from tocsin.errors import ConflictError, LimitError, NotFoundError
from tocsin.exchange.endpoint import Endpoint
from tocsin.exchange.taxii import client
from tocsin.exchange.taxii.chain import Bounds
from tocsin.exchange.wire import Wire
from tocsin.formats import RawItem
from tocsin.node import links, sync
from tocsin.node.intake import Intake
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, collections, labels, organisations, peers, quarantine
from tocsin.store.peers import Subscription
from tocsin.store.values import Origin

OWN = "identity--00000000-0000-4000-8000-0000000000aa"
BOUNDS = Bounds(limit=10)


def prepare(store: Store, *hosts: Peer) -> None:
    """Give the node an organisation, and peers `p0`, `p1`, ... with an organisation each."""
    with store.transaction() as connection:
        organisations.put(connection, Organisation(OWN, "Us", own=True))
        for number, host in enumerate(hosts):
            name = _organisation(number)
            organisations.put(connection, Organisation(name, f"Them {number}"))
            peers.add(connection, peers.Peer(f"p{number}", host.url, name, secret=TOKEN))


def _organisation(number: int) -> str:
    return ORGANISATION if number == 0 else f"identity--00000000-0000-4000-8000-00000000010{number}"


def quick(hosts: list[Peer]) -> Callable[[Endpoint], Wire]:
    by_url = {h.url: h for h in hosts}
    return lambda endpoint: wire_for(
        by_url[endpoint.url], name=endpoint.name, organisation=endpoint.organisation
    )


@pytest.fixture
def host() -> Iterator[Peer]:
    with serving(Peer()) as peer:
        yield peer


def rows(store: Store) -> list[tuple[Any, ...]]:
    with store.connection() as connection:
        return connection.execute(
            "SELECT c.alias, o.stix_id, l.owner, g.source, g.peer, g.channel FROM object o "
            "JOIN collection c ON c.local_id = o.collection_id JOIN label l ON l.id = o.label_id "
            "JOIN origin g ON g.id = o.origin_id ORDER BY o.cursor"
        ).fetchall()


def test_a_peer_without_subscriptions_is_mirrored_whole(store: Store, host: Peer) -> None:
    prepare(store, host)
    host.add(25)
    (report,) = sync.poll(store, bounds=BOUNDS, open_wire=quick([host]))
    assert (report.ok, report.new, report.pages, report.refused) == (True, 25, 3, 0)
    found = rows(store)
    assert len(found) == 25
    assert {(r[0], *r[2:]) for r in found} == {("p0.feed", ORGANISATION, ORGANISATION, "p0", "taxii-poll")}
    (again,) = sync.poll(store, bounds=BOUNDS, open_wire=quick([host]))
    assert (again.new, again.same) == (0, 0)
    with store.connection() as connection:
        assert collections.get(connection, "p0.feed").community is None, (
            "what arrives is addressed to nobody here"
        )
        assert peers.get(connection, "p0").result["ok"] is True  # type: ignore[index]


def test_what_is_tied_goes_where_it_was_said(store: Store, host: Peer) -> None:
    prepare(store, host)
    host.add(5)
    with store.transaction() as connection:
        collections.add(connection, collections.new("finance"))
    links.tie(store, "p0", "poll", "Feed", "finance")
    (report,) = sync.poll(store, ["p0"], open_wire=quick([host]))
    assert {r[0] for r in rows(store)} == {"finance"}
    assert report.collections[0].local == "finance"


def test_one_failing_peer_never_stops_the_others(store: Store) -> None:
    with serving(Peer()) as good, serving(with_faults(Peer(), status_rate=1.0, status=500)) as bad:
        prepare(store, bad, good)
        good.add(12)
        bad.add(12)
        broken, fine = sync.poll(store, bounds=BOUNDS, open_wire=quick([good, bad]))
    assert "500" in broken.error
    assert not broken.ok
    assert (fine.ok, fine.new) == (True, 12)


def test_an_unforeseen_fault_in_one_turn_is_told_and_stays_there(store: Store) -> None:
    with serving(Peer()) as good, serving(Peer()) as other:
        prepare(store, other, good)
        good.add(3)
        usual = quick([good])
        first, second = sync.poll(store, open_wire=lambda e: usual(e) if e.name == "p1" else 1 / 0)  # type: ignore[arg-type,return-value]
    assert "internal error" in first.error
    assert second.new == 3


def test_a_flaky_peer_ends_with_the_same_store(store: Store, host: Peer) -> None:
    prepare(store, host)
    host.add(60)
    with_faults(host, status_rate=0.2, cut_rate=0.2, repeat_rate=0.5, shuffle=True, next="moving")
    for _ in range(60):
        (report,) = sync.poll(store, bounds=BOUNDS, open_wire=quick([host]))
        if report.ok:
            break
    found = rows(store)
    assert len(found) == len({r[1] for r in found}) == 60


def test_a_bad_object_goes_to_quarantine_and_costs_no_other(store: Store, host: Peer) -> None:
    prepare(store, host)
    host.add(10)
    host.held.insert(5, (host.held[4][0] + 5, b'{"type": "indicator", "id": "indicator--no"}'))
    host.held.insert(6, (host.held[4][0] + 6, b'["no object"]'))
    (report,) = sync.poll(store, bounds=BOUNDS, open_wire=quick([host]))
    assert (report.new, report.refused) == (10, 2)
    with store.connection() as connection:
        places = [q.where for q in quarantine.everything(connection, limit=10)]
    assert sorted(places) == ["p0/feed#indicator--no", "p0/feed#object"]


def test_own_objects_that_come_back_stay_one(store: Store, host: Peer) -> None:
    prepare(store, host)
    theirs = host.add(6)
    ours = [b" " + raw for raw in theirs[:4]]  # the same object, other white space
    with store.transaction() as connection:
        collections.add(connection, collections.new("own"))
    mine = Origin(OWN, None, "import")
    items = [RawItem(f"own#{n}", raw) for n, raw in enumerate(ours)]
    Intake(store, OWN, store.clock).take(items, collection="own", origin=mine, assumed="red")
    (report,) = sync.poll(store, bounds=BOUNDS, open_wire=quick([host]))
    assert (report.own, report.new) == (4, 2)
    found = rows(store)
    assert len(found) == 6
    assert sum(r[2] == OWN for r in found) == 4
    with store.connection() as connection:
        kept = connection.execute(
            "SELECT count(*) FROM assertion a JOIN origin g ON g.id = a.origin_id WHERE g.peer = 'p0'"
        ).fetchone()
        assert kept == (4,), "that the peer says so too is kept"
        assert sum(label.owner == OWN for label in labels.everything(connection).values()) == 1


def test_another_version_of_an_own_object_is_the_peers(store: Store, host: Peer) -> None:
    prepare(store, host)
    (theirs,) = host.add(1)
    changed = json.dumps(json.loads(theirs) | {"name": "ours says more"}).encode()
    with store.transaction() as connection:
        collections.add(connection, collections.new("own"))
    Intake(store, OWN, store.clock).take(
        [RawItem("own", changed)], collection="own", origin=Origin(OWN, None, "import")
    )
    (report,) = sync.poll(store, open_wire=quick([host]))
    assert (report.own, report.new) == (0, 1)
    assert {r[2] for r in rows(store)} == {OWN, ORGANISATION}


def test_polling_again_fetches_everything_anew(store: Store, host: Peer) -> None:
    prepare(store, host)
    host.add(15)
    sync.poll(store, bounds=BOUNDS, open_wire=quick([host]))
    (report,) = sync.poll(store, again=True, bounds=BOUNDS, open_wire=quick([host]))
    assert (report.new, report.same, report.pages) == (0, 15, 2)


def test_the_position_is_kept_after_each_page(store: Store, host: Peer) -> None:
    prepare(store, host)
    host.add(40)
    (first,) = sync.poll(store, bounds=Bounds(limit=10, pages=2), open_wire=quick([host]))
    assert first.new == 20
    with store.connection() as connection:
        (tie,) = peers.subscriptions(connection, "p0", "poll")
    assert msgspec.json.decode(tie.position)["token"]
    (second,) = sync.poll(store, bounds=BOUNDS, open_wire=quick([host]))
    assert (second.new, second.same) == (20, 0)


def test_a_collection_that_is_gone_is_an_error_of_that_one(store: Store, host: Peer) -> None:
    prepare(store, host)
    host.add(5)
    with store.transaction() as connection:
        for alias, remote in (("gone", "not-there"), ("here", host.id)):
            made = collections.add(connection, collections.new(alias))
            peers.subscribe(connection, Subscription("p0", "poll", remote, made.id))
    (report,) = sync.poll(store, open_wire=quick([host]))
    assert report.new == 5
    assert "not-there" in report.error
    assert [bool(c.error) for c in report.collections] == [False, True]


def test_suspended_peers_are_left_alone(store: Store, host: Peer) -> None:
    prepare(store, host)
    with store.connection() as connection:
        peers.suspend(connection, "p0")
    assert sync.poll(store, open_wire=quick([host])) == []
    with pytest.raises(ConflictError, match="suspended"):
        sync.poll(store, ["p0"], open_wire=quick([host]))
    with pytest.raises(NotFoundError, match="no peer"):
        sync.poll(store, ["nobody"], open_wire=quick([host]))
    assert not host.requests


def test_mirrors_are_shown_to_nobody_else(store: Store, host: Peer) -> None:
    """Their names tell who our peers are."""
    prepare(store, host)
    sync.poll(store, bounds=BOUNDS, open_wire=quick([host]))
    with store.connection() as connection:
        assert collections.get(connection, "p0.feed").private


def test_a_peer_that_lists_very_many_collections_is_not_mirrored_whole(store: Store, host: Peer) -> None:
    prepare(store, host)
    with store.connection() as connection:
        peer = peers.get(connection, "p0")
        before = len(collections.everything(connection))
    some = [
        client.Collection(id=f"c{n}", alias="", title=f"c{n}", description="", can_read=True, can_write=False, url="", root="", most=None, exact=False)
        for n in range(links.MIRRORED + 1)
    ]  # fmt: skip
    with pytest.raises(LimitError, match="collections"):
        links.mirror_all(store, peer, some)
    with store.connection() as connection:
        assert len(collections.everything(connection)) == before
    assert len(links.mirror_all(store, peer, some[:3])) == 3
