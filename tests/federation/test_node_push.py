"""Pushing to a peer that may refuse, stall or fail: only what is released goes, nothing that may go is left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from following import ORGANISATION, wire_for
from hostile import Peer, serving, with_faults
from test_node_sync import OWN, prepare, quick

from tocsin.clock import to_text
from tocsin.errors import ConflictError, NotFoundError, PolicyError
from tocsin.exchange.taxii.client import Client
from tocsin.formats import RawItem
from tocsin.node import outflow, sync
from tocsin.node.clearances import Clearances
from tocsin.node.intake import Intake
from tocsin.node.outflow import PushReport
from tocsin.stix.handling import HANDLING_EXTENSION
from tocsin.store import Store, collections, journal, organisations, pages, peers, receipts
from tocsin.store.values import Origin, PageQuery

TLP = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


@pytest.fixture
def host(store: Store) -> Iterator[Peer]:
    with serving(Peer()) as peer:
        prepare(store, peer)
        with store.transaction() as connection:
            group = organisations.add_community(connection, "alliance", "")
            collections.add(connection, collections.new("out", community=group.id))
        yield peer


def keep(
    store: Store, count: int, tlp: str | None, *, collection: str = "out", owner: str = OWN, pad: int = 0
) -> list[str]:
    made = []
    stamp = "2026-02-01T00:00:00.000Z"
    with store.connection() as connection:
        row = connection.execute("SELECT count(*) FROM object").fetchone()
    start = 1000 + int(row[0])  # type: ignore[index]
    for number in range(start, start + count):
        found: dict[str, Any] = {
            "type": "campaign", "spec_version": "2.1", "id": f"campaign--{UUID(int=number, version=4)}", "created": stamp,
            "modified": stamp, "name": f"c{number}", "description": "x" * pad,
        }  # fmt: skip
        made.append(found | ({"object_marking_refs": [TLP[tlp]]} if tlp else {}))
    items = [RawItem("test", json.dumps(o).encode()) for o in made]
    report = Intake(store, OWN, store.clock).take(
        items, collection=collection, owner=owner, origin=Origin(owner, None, "import")
    )
    assert report.new == count, report
    return [o["id"] for o in made]


def push(store: Store, host: Peer, *pairs: tuple[str, str], **options: Any) -> PushReport:
    (report,) = outflow.push(store, "p0", pairs or [("out", "feed")], open_wire=quick([host]), **options)
    return report


def arrived(host: Peer) -> list[str]:
    return [o["id"] for raw in host.received for o in json.loads(raw)["objects"]]


def test_only_what_is_cleared_goes_and_the_rest_is_counted_by_rule(store: Store, host: Peer) -> None:
    public = keep(store, 3, "clear")
    keep(store, 2, "green")
    keep(store, 4, "red")
    keep(store, 5, None)
    report = push(store, host)
    assert arrived(host) == public
    assert (report.sent, report.accepted, report.refused) == (3, 3, 0)
    assert {(w.rule, w.count) for w in report.withheld} == {("", 2), ("", 4), ("unmarked-stays", 5)}
    assert any("TLP:GREEN" in w.why for w in report.withheld)
    with store.connection() as connection:
        (entry,) = journal.recent(connection)
        handed = [receipts.of_object(connection, each) for each in public]
    assert (entry.action, entry.target) == ("push", "p0/feed")
    assert {"sent": 3, "withheld": 11, "reduced": 0}.items() <= entry.detail.items()
    assert [[(each.action, each.target) for each in found] for found in handed] == [[("push", "p0/feed")]] * 3
    assert "country" in entry.detail["ground"]  # neither organisation has one


def test_a_second_push_sends_only_what_is_new(store: Store, host: Peer) -> None:
    keep(store, 3, "clear")
    push(store, host)
    later = keep(store, 2, "clear")
    host.received.clear()
    report = push(store, host)
    assert arrived(host) == later
    assert report.sent == 2
    assert push(store, host).sent == 0
    assert push(store, host, again=True).sent == 5


def test_what_a_new_decision_clears_behind_the_cursor_is_sent(store: Store, host: Peer) -> None:
    green = keep(store, 7, "green")
    public = keep(store, 2, "clear")
    push(store, host)
    assert arrived(host) == public
    with store.transaction() as connection:
        group = organisations.community(connection, "alliance")
        organisations.join(connection, group, organisations.get(connection, ORGANISATION))
    host.received.clear()
    report = push(store, host)
    assert arrived(host) == green
    assert report.withheld == ()
    assert push(store, host).sent == 0


def test_what_the_peer_asserted_itself_does_not_go_back(store: Store, host: Peer) -> None:
    host.add(4)
    sync.poll(store, open_wire=quick([host]))
    with store.transaction() as connection:
        mirror = collections.get(connection, "p0.feed")
        group = organisations.community(connection, "alliance")
        organisations.join(connection, group, organisations.get(connection, ORGANISATION))
        collections.replace(
            connection, collections.Collection(mirror.id, mirror.alias, mirror.title, community=group.id)
        )
    sighted = keep(store, 1, "green", collection="p0.feed")
    (report,) = outflow.push(
        store, "p0", open_wire=quick([host])
    )  # nothing said: our copy goes back to its original
    assert (report.local, report.remote) == ("p0.feed", "feed")
    assert arrived(host) == sighted


def test_a_third_partys_amber_stays(store: Store, host: Peer) -> None:
    with store.transaction() as connection:
        other = "identity--00000000-0000-4000-8000-0000000000cc"
        organisations.put(connection, organisations.Organisation(other, "Third"))
    keep(store, 3, "amber", owner=other)
    report = push(store, host)
    assert (report.sent, sum(w.count for w in report.withheld)) == (0, 3)
    assert not host.received


def test_envelopes_are_bounded_by_count_and_bytes(store: Store, host: Peer) -> None:
    with_faults(host, max_content_length=20_000)
    names = keep(store, 40, "clear", pad=2_000)
    report = push(store, host)
    assert arrived(host) == names
    assert all(len(raw) <= 20_000 for raw in host.received)
    assert report.envelopes > 4
    host.received.clear()
    with_faults(host, max_content_length=10_000_000)
    many = keep(store, 2 * outflow.ENVELOPE + 1, "clear")
    push(store, host)
    assert [len(json.loads(raw)["objects"]) for raw in host.received] == [500, 500, 1]
    assert arrived(host) == many


def test_a_peer_that_says_413_gets_smaller_envelopes(store: Store, host: Peer) -> None:
    with_faults(host, takes_at_most=9_000)
    names = keep(store, 20, "clear", pad=1_000)
    large = keep(store, 1, "clear", pad=50_000)
    last = keep(store, 1, "clear")
    report = push(store, host)
    taken = [o["id"] for raw in host.received if len(raw) <= 9_000 for o in json.loads(raw)["objects"]]
    assert taken == [*names, *last]
    assert large[0] not in taken
    assert (report.sent, report.refused) == (21, 1)
    assert "larger than the peer takes" in report.examples[0]


def test_refusals_of_the_peer_are_told_and_do_not_stop_the_rest(store: Store, host: Peer) -> None:
    names = keep(store, 5, "clear")
    with_faults(host, refuse_ids=frozenset(names[1:3]))
    report = push(store, host)
    assert (report.sent, report.accepted, report.refused) == (5, 3, 2)
    assert names[1] in report.examples[0]


def test_pending_additions_are_waited_for_and_not_for_ever(store: Store, host: Peer) -> None:
    keep(store, 2, "clear")
    with_faults(host, pending_rounds=3)
    assert push(store, host).sent == 2
    with_faults(host, pending_rounds=-1)
    keep(store, 1, "clear")
    with wire_for(host) as wire:
        now = iter(range(100_000))
        client = Client(wire, sleep=lambda _: None, ticks=lambda: float(next(now)))
        clearance = Clearances(store).get(ORGANISATION)
        page = pages.page(store, PageQuery(_local(store), versions=("all",)), clearance)
        with pytest.raises(Exception, match="still pending"):
            client.add(client.find("feed"), page.derive(b'{"objects":[' + page.value.body + b"]}"))  # type: ignore[union-attr]


def _local(store: Store) -> UUID:
    with store.connection() as connection:
        return collections.get(connection, "out").id


def test_a_failure_keeps_the_cursor_and_the_next_push_goes_on(store: Store, host: Peer) -> None:
    names = keep(store, 2 * outflow.ENVELOPE, "clear")
    host.dice.random = iter([0.9, 0.9, 0.1, 0.0, 0.0] + [0.9] * 100).__next__  # type: ignore[method-assign]
    with_faults(host, status_rate=0.05, status=500)
    report = push(store, host)
    assert "500" in report.error
    assert report.sent == outflow.ENVELOPE
    with_faults(host, status_rate=0.0)
    assert push(store, host).error == ""
    assert arrived(host) == names


def test_what_was_released_to_somebody_else_cannot_be_sent(store: Store, host: Peer) -> None:
    keep(store, 1, "clear")
    page = pages.page(store, PageQuery(_local(store), versions=("all",)), Clearances(store).get(OWN))
    with wire_for(host) as wire:
        client = Client(wire)
        feed = client.find("feed")
        with pytest.raises(PolicyError, match="released to"):
            client.add(feed, page.derive(page.value.body))  # type: ignore[union-attr]
    assert not host.received


def test_it_must_be_said_where_to(store: Store, host: Peer) -> None:
    keep(store, 1, "clear")
    with pytest.raises(NotFoundError, match="nothing here is tied") as caught:
        outflow.push(store, "p0", open_wire=quick([host]))
    assert "writable there: feed" in caught.value.hint()
    with pytest.raises(NotFoundError, match="which collection"):
        outflow.push(store, "p0", [("out", "")], open_wire=quick([host]))
    push(store, host)
    assert outflow.push(store, "p0", open_wire=quick([host]))[0].remote == "feed", "it is remembered"
    with store.connection() as connection:
        peers.suspend(connection, "p0")
    with pytest.raises(ConflictError, match="suspended"):
        push(store, host)


def test_a_suspended_organisation_gets_nothing(store: Store, host: Peer) -> None:
    keep(store, 3, "clear")
    with store.transaction() as connection:
        found = organisations.get(connection, ORGANISATION)
        organisations.put(connection, organisations.Organisation(found.id, found.name, suspended=True))
    report = push(store, host)
    assert not host.received
    assert [w.rule for w in report.withheld] == ["suspended"]


def test_a_push_stops_at_the_end_that_a_marking_sets(store: Store, host: Peer) -> None:
    """Also between two envelopes of one push, where nothing changes but the time."""
    hour = 3_600_000_000
    start, moment = store.clock(), [store.clock()]
    store.clock = lambda: moment[0]
    marking = {
        "type": "marking-definition", "spec_version": "2.1", "id": f"marking-definition--{UUID(int=77, version=4)}",
        "created": "2026-02-01T00:00:00.000Z", "name": "An hour",
        "extensions": {HANDLING_EXTENSION: {"extension_type": "property-extension", "not_after": to_text(start + hour)}},
    }  # fmt: skip
    made = [marking] + [
        {"type": "campaign", "spec_version": "2.1", "id": f"campaign--{UUID(int=n, version=4)}", "created": "2026-02-01T00:00:00.000Z",
         "modified": "2026-02-01T00:00:00.000Z", "name": f"c{n}", "object_marking_refs": [TLP["clear"], marking["id"]]}
        for n in range(5000, 5000 + outflow.ENVELOPE + 10)
    ]  # fmt: skip
    Intake(store, OWN, store.clock).take(
        [RawItem("t", json.dumps(o).encode()) for o in made],
        collection="out",
        origin=Origin(OWN, None, "import"),
    )
    usual = quick([host])

    def later(endpoint: Any) -> Any:
        wire = usual(endpoint)
        post = wire.post

        def posted(*arguments: Any) -> Any:
            moment[0] = start + 2 * hour
            return post(*arguments)

        wire.post = posted  # type: ignore[method-assign]
        return wire

    (report,) = outflow.push(store, "p0", [("out", "feed")], open_wire=later)
    assert (report.sent, len(arrived(host))) == (outflow.ENVELOPE, outflow.ENVELOPE)


def test_a_push_stops_when_its_peer_is_suspended_meanwhile(store: Store, host: Peer) -> None:
    keep(store, outflow.ENVELOPE + 10, "clear")
    usual = quick([host])

    def later(endpoint: Any) -> Any:
        wire = usual(endpoint)
        post = wire.post

        def posted(*arguments: Any) -> Any:
            with store.connection() as connection:
                peers.suspend(connection, "p0", suspended=True)
            return post(*arguments)

        wire.post = posted  # type: ignore[method-assign]
        return wire

    (report,) = outflow.push(store, "p0", [("out", "feed")], open_wire=later)
    assert "suspended meanwhile" in report.error
    assert len(arrived(host)) == outflow.ENVELOPE
