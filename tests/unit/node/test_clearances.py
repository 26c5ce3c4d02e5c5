"""Clearances follow the clock: what a date changes is decided anew without anybody writing anything."""

from __future__ import annotations

import json
from uuid import UUID

import msgspec
import pytest

from factories import FRIEND, IMPORT, OWN, STRANGER, indicator, place, settle
from tocsin.clock import to_text
from tocsin.formats import RawItem
from tocsin.node.clearances import Clearances
from tocsin.node.intake import Intake
from tocsin.sharing.agreements import Agreement, Party
from tocsin.stix.handling import HANDLING_EXTENSION
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, agreements, collections, embargoes, labels, objects, organisations, pages
from tocsin.store.embargoes import Embargo
from tocsin.store.values import Origin, PageQuery

NOW = 1_795_000_000_000_000
HOUR = 3_600_000_000
MOMENT = [NOW]
MARKING = "marking-definition--00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
def home(store: Store) -> Store:
    store.clock = lambda: MOMENT[0]
    MOMENT[0] = NOW
    with store.connection() as connection:
        organisations.put(connection, OWN)
        organisations.put(connection, FRIEND)
        collections.add(connection, collections.new("main"))
    return store


def take(store: Store, *objects: dict) -> None:
    items = [RawItem(f"f:{n}", json.dumps(each).encode()) for n, each in enumerate(objects)]
    report = Intake(store, OWN.id, store.clock).take(items, collection="main", origin=IMPORT)
    assert not report.refused, report.examples


def definition(**asks: object) -> dict:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": MARKING,
        "created": "2026-01-01T00:00:00.000Z",
        "name": "Until noon",
        "extensions": {HANDLING_EXTENSION: {"extension_type": "property-extension", **asks}},
    }


def seen(store: Store, clearances: Clearances, organisation: str, name: str = "main") -> list[str]:
    with store.connection() as connection:
        main = collections.get(connection, name).id
    page = clearances.ask(organisation, lambda c: pages.page(store, PageQuery(main, types=("indicator",)), c))
    return [each["id"] for each in json.loads(b"[" + page.value.body + b"]")]


def test_embargo_and_end_are_reached_in_a_running_process(home: Store) -> None:
    marked = indicator(1, object_marking_refs=[id_of(TLP.CLEAR), MARKING])
    take(home, definition(not_before=to_text(NOW + HOUR), not_after=to_text(NOW + 2 * HOUR)), marked)
    clearances = Clearances(home)
    found = []
    for moment in (NOW, NOW + HOUR - 1, NOW + HOUR, NOW + 2 * HOUR - 1, NOW + 2 * HOUR):
        MOMENT[0] = moment
        found.append((len(seen(home, clearances, FRIEND.id)), len(seen(home, clearances, OWN.id))))
    assert found == [(0, 1), (0, 1), (1, 1), (1, 1), (0, 1)], "its owner keeps it"


def test_a_definition_that_comes_later_frees_what_waited(home: Store) -> None:
    take(home, indicator(1, object_marking_refs=[id_of(TLP.CLEAR), MARKING]))
    clearances = Clearances(home)
    assert seen(home, clearances, FRIEND.id) == []
    take(home, definition(pap="red"))
    clearances.refresh()
    assert len(seen(home, clearances, FRIEND.id)) == 1


def test_countries(home: Store) -> None:
    marked = indicator(1, object_marking_refs=[id_of(TLP.CLEAR), MARKING])
    take(home, definition(releasable_to=["XB"]), marked)
    assert seen(home, Clearances(home), FRIEND.id) == []
    with home.connection() as connection:
        organisations.put(connection, FRIEND.__class__(FRIEND.id, FRIEND.name, "XB"))
    assert len(seen(home, Clearances(home), FRIEND.id)) == 1


def test_the_flow_stops_the_moment_a_legal_basis_lapses(home: Store) -> None:
    with home.connection() as connection:
        group = organisations.add_community(connection, "isac", "ISAC")
        for each in (OWN, FRIEND):
            organisations.join(connection, group, each)
        pact = Agreement(
            UUID(int=9), "pact", "Pact", "protect", "Act of 2015", NOW + HOUR, NOW - HOUR,
            parties=(Party(OWN.id, NOW - HOUR), Party(FRIEND.id, NOW - HOUR)),
        )  # fmt: skip
        agreements.add(connection, pact)
        agreements.rest(connection, group.id, pact.id)
        collections.add(connection, collections.new("shared", community=group.id))
    raw = json.dumps(indicator(1, tlp=TLP.GREEN)).encode()
    Intake(home, OWN.id, home.clock).take([RawItem("f", raw)], collection="shared", origin=IMPORT)
    clearances = Clearances(home)
    found = []
    for moment in (NOW, NOW + HOUR - 1, NOW + HOUR):
        MOMENT[0] = moment
        found.append(len(seen(home, clearances, FRIEND.id, "shared")))
    assert found == [1, 1, 0]
    state = clearances.snapshot
    (label,) = state.labels.values()
    told = clearances.decider.explain(
        state.organisations[FRIEND.id], "receive", label, state.definitions, names={str(group.id): "ISAC"}
    )
    assert any("Act of 2015, lapsed on" in fact for fact in told.facts)
    assert told.changes[0].words == "the agreement that ISAC rests on is in force for Friend and Own"
    assert told.changes[0].rules == ("tlp-green-community",)


def test_an_embargo_between_states_begins_and_ends_in_a_running_process(home: Store) -> None:
    take(home, indicator(1, tlp=TLP.CLEAR))
    with home.connection() as connection:
        organisations.put(connection, msgspec.structs.replace(FRIEND, country="XB"))
        embargoes.put(connection, Embargo("XB", "Regulation 7", NOW + HOUR, NOW + 2 * HOUR))
        embargoes.put(connection, Embargo("XC", "Regulation 8", NOW))
    clearances = Clearances(home)
    found = []
    for moment in (NOW, NOW + HOUR - 1, NOW + HOUR, NOW + 2 * HOUR - 1, NOW + 2 * HOUR):
        MOMENT[0] = moment
        found.append(len(seen(home, clearances, FRIEND.id)))
    assert found == [1, 1, 0, 0, 1]


def test_what_an_agreement_says_binds_whoever_got_something_also_after_it_has_ended(home: Store) -> None:
    with home.connection() as connection:
        organisations.put(connection, STRANGER)
        group = organisations.add_community(connection, "isac", "ISAC")
        for each in (OWN, FRIEND):
            organisations.join(connection, group, each)
        collections.add(connection, collections.new("shared", community=group.id))
    raw = json.dumps(indicator(1, tlp=TLP.CLEAR)).encode()
    Intake(home, OWN.id, home.clock).take(
        [RawItem("f", raw)],
        collection="shared",
        origin=Origin(STRANGER.id, None, "import"),
        owner=STRANGER.id,
    )
    clearances = Clearances(home)
    (label,) = clearances.snapshot.labels

    def may(organisation: str, action: str) -> bool:
        clearances.refresh()
        return clearances.get(organisation, action).labels == (label,)

    assert [may(OWN.id, "match"), may(OWN.id, "block"), may(FRIEND.id, "receive")] == [True, True, True]
    pact = Agreement(
        UUID(int=9), "pact", "Pact", "protect", "Act", NOW + HOUR, NOW - HOUR,
        parties=(Party(OWN.id, NOW - HOUR), Party(FRIEND.id, NOW - HOUR)), permitted=("match",), closed=True,
    )  # fmt: skip
    with home.connection() as connection:
        agreements.add(connection, pact)
        agreements.rest(connection, group.id, pact.id)
    for moment, friend in ((NOW, True), (NOW + HOUR, False)):  # who is no party any more is no member
        MOMENT[0] = moment
        assert [may(OWN.id, "match"), may(OWN.id, "block"), may(FRIEND.id, "receive")] == [
            True,
            False,
            friend,
        ]
        assert [may(OWN.id, "redistribute"), may(STRANGER.id, "receive")] == [False, True]


def test_what_asks_for_encryption_goes_over_no_other_channel(store: Store) -> None:
    collection = settle(store)
    with store.connection() as connection:
        labels.define(connection, MARKING, OWN.id, 'handling:{"encrypted":true}')
    anyhow, encrypted = (
        indicator(n, object_marking_refs=[id_of(TLP.CLEAR), *more]) for n, more in ((1, []), (2, [MARKING]))
    )
    objects.put(store, collection.id, [place(anyhow), place(encrypted)], origin=IMPORT)
    clearances = Clearances(store)
    over_tls, plain = (clearances.get(FRIEND.id, encrypted=each) for each in (True, False))
    assert (len(over_tls.labels), len(plain.labels)) == (2, 1)
    assert clearances.get(FRIEND.id) is over_tls
    assert len(clearances.get(OWN.id, encrypted=False).labels) == 2
