from __future__ import annotations

from hunting import AMBER, CSIRT, GREEN, OWN, indicator, prepare, take
from tocsin.node.clearances import Clearances
from tocsin.store import Store, placed
from tocsin.store.values import Stale


def _ids(store, organisation, *types, action="receive"):
    clearance = Clearances(store).get(organisation, action)
    found = placed.gather(store, types, clearance, lambda row: row)
    assert not isinstance(found, Stale)
    assert found.recipient == organisation
    return [row.id for row in found.value]


def test_only_what_the_clearance_allows_in_the_order_of_dates_added(store: Store) -> None:
    prepare(store)
    green = indicator("g", "[domain-name:value = 'g.example']", object_marking_refs=[GREEN])
    amber = indicator("a", "[domain-name:value = 'a.example']", object_marking_refs=[AMBER])
    take(store, green, amber, collection="two")
    assert _ids(store, OWN, "indicator") == [green["id"], amber["id"]]
    assert _ids(store, CSIRT, "indicator") == []  # collection two has no community
    assert _ids(store, OWN, "sighting") == []


def test_only_the_newest_version_under_each_label(store: Store) -> None:
    prepare(store)
    old = indicator("g", "[domain-name:value = 'g.example']", object_marking_refs=[GREEN])
    new = indicator("g", "[domain-name:value = 'n.example']", day=2, object_marking_refs=[GREEN])
    take(store, old, new)
    take(store, old, owner=CSIRT)
    clearance = Clearances(store).get(OWN, "match")
    found = placed.gather(
        store, ("indicator",), clearance, lambda row: (row.version, row.revoked, b"n.example" in row.body)
    )
    assert not isinstance(found, Stale)
    assert [(revoked, newest) for _, revoked, newest in found.value] == [(False, True), (False, False)]


def test_a_clearance_of_another_generation_is_stale(store: Store) -> None:
    prepare(store)
    clearance = Clearances(store).get(OWN, "match")
    take(store, indicator("g", "[domain-name:value = 'g.example']", object_marking_refs=[GREEN]))
    assert isinstance(placed.gather(store, ("indicator",), clearance, lambda row: row), Stale)


def test_standings_name_collection_and_label_of_what_the_clearance_allows(store: Store) -> None:
    prepare(store)
    green = indicator("g", "[domain-name:value = 'g.example']", object_marking_refs=[GREEN])
    clearance = Clearances(store).get(OWN, "receive")
    take(store, green, collection="two")
    assert isinstance(placed.standings(store, green["id"], clearance), Stale)
    clearances = Clearances(store)
    found = placed.standings(store, green["id"], clearances.get(OWN, "receive"))
    assert not isinstance(found, Stale)
    ((alias, label),) = [(each.alias, each.label) for each in found.value]
    assert alias == "two"
    assert clearances.snapshot.labels[label].markings == (GREEN,)
    none = placed.standings(store, green["id"], clearances.get(CSIRT, "receive"))
    assert not isinstance(none, Stale)
    assert none.value == []
