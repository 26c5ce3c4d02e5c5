from __future__ import annotations

import pytest

from hunting import CSIRT, FEED, GREEN, RED, indicator, prepare, take
from tocsin.node import catalogue
from tocsin.node.clearances import Clearances
from tocsin.node.following import Following
from tocsin.store import Store, collections, objects, warninglists

MANY = "[domain-name:value = 'a.example' AND domain-name:type = 'domain-name']"


@pytest.fixture
def node(store: Store) -> Store:
    return prepare(store)


def _known(found: catalogue.Catalogue) -> list[tuple[str, tuple[str, ...]]]:
    live = [
        entry
        for position, entry in enumerate(found.index.entries)
        if position in set(found.index._kept(entry.kind, entry.value, found.index._hash(position)))
        and entry.indicator.tag >= 0
    ]
    return sorted(
        (e.value, tuple(sorted(s.owner_name for s in found.sources[e.indicator.tag]))) for e in live
    )


def _right(following: Following, store: Store) -> list[tuple[str, tuple[str, ...]]]:
    """What is followed is what would be read anew."""
    following.follow()
    found = following.catalogue.value
    fresh = catalogue.load(store, Clearances(store)).value
    assert _known(found) == _known(fresh)
    assert found.indicators == fresh.indicators
    assert {each.id for each in found.evaluated.indicators.values()} == {
        each.id for each in fresh.evaluated.indicators.values()
    }
    return _known(found)


def test_whatever_happens_is_followed(node: Store) -> None:
    one = indicator("one", "[domain-name:value = 'one.example']", object_marking_refs=[GREEN])
    following = Following(node, Clearances(node))
    assert _right(following, node) == []
    take(node, one, owner=CSIRT)
    assert _right(following, node) == [("one.example", ("CSIRT",))]
    take(node, one | {"object_marking_refs": [RED]}, indicator("m", MANY), owner=FEED)
    assert len(_right(following, node)) == 1
    changed = one | {"modified": "2026-11-05T00:00:00.000Z", "pattern": "[domain-name:value = 'uno.example']"}
    take(node, changed, owner=CSIRT)
    assert [value for value, _ in _right(following, node)] == ["one.example", "uno.example"]
    take(node, changed | {"modified": "2026-11-06T00:00:00.000Z", "revoked": True}, owner=CSIRT)
    assert [value for value, _ in _right(following, node)] == ["one.example"]
    take(node, one | {"modified": "2026-11-07T00:00:00.000Z"}, owner=CSIRT)
    assert [owners for _, owners in _right(following, node)] == [("CSIRT", FEED)]
    with node.connection() as connection:
        collection = next(each for each in collections.everything(connection) if each.alias == "one")
        cursors = [row[0] for row in connection.execute("SELECT cursor FROM object WHERE type = 'indicator'")]
    for each in (one, indicator("m", MANY)):
        objects.delete(node, collection.id, each["id"], cursors, source=CSIRT, any_source=True)
    assert _right(following, node) == []
    assert not following.follow()


def test_a_new_indicator_costs_no_rebuild(node: Store) -> None:
    take(node, *(indicator(str(n), f"[domain-name:value = 'd{n}.example']") for n in range(50)))
    following = Following(node, Clearances(node))
    before = following.catalogue.value.index
    take(node, indicator("new", "[domain-name:value = 'new.example']"))
    assert following.follow()
    after = following.catalogue.value.index
    assert after.base is before.base
    assert [after.entries[each].value for each in after.name("www.new.example")] == ["new.example"]


def test_warninglists_are_read_again(node: Store) -> None:
    following = Following(node, Clearances(node))
    with node.connection() as connection:
        warninglists.put(connection, [warninglists.Warninglist("w", "hostname", (), 1, ("shop.example",))])
    assert not following.follow()
    clock, moment = node.clock, node.clock() + 61_000_000
    node.clock = lambda: moment
    assert following.follow()
    assert following.catalogue.value.lists.names("domain", "shop.example") == ("w",)
    node.clock = clock
