from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from hunting import CSIRT, FEED, GREEN, RED, indicator, prepare, take
from tocsin.matching.clues import CLUE
from tocsin.node import catalogue
from tocsin.node import following as followed
from tocsin.node.clearances import Clearances
from tocsin.node.following import Following
from tocsin.node.shelf import FOLDER
from tocsin.store import Store, collections, objects, placed, warninglists

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
    fresh = followed.load(store, Clearances(store)).value
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


@pytest.fixture
def home(node: Store, tmp_path: Path) -> Path:
    node.home = tmp_path
    return tmp_path / FOLDER


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Behind which dates rows were read; -1: all."""
    found: list[int] = []
    gather = placed.gather

    def noted(*args: Any, after: int = -1, **more: Any) -> Any:
        found.append(after)
        return gather(*args, after=after, **more)

    monkeypatch.setattr(placed, "gather", noted)
    return found


def test_the_second_who_asks_maps_what_the_first_made(node: Store, home: Path, asked: list[int]) -> None:
    sigma = indicator("s", "title: x", pattern_type="sigma")
    take(node, indicator("a", "[domain-name:value = 'a.example']"), indicator("m", MANY), sigma)
    clearances = Clearances(node)
    first = Following(node, clearances).catalogue.value
    second = Following(node, clearances).catalogue.value
    assert asked[0] == -1
    assert asked[1:] == [max(asked)], "all was read once; then what was added behind it"
    assert len([*home.iterdir()]) == 1
    assert [*second.index.entries] == [*first.index.entries]
    assert [each.indicator is CLUE for each in second.index.entries] == [False, True]
    for one, other in ((first, second), (second, followed.load(node, clearances).value)):
        assert [*one.sources] == [*other.sources]
        assert (one.evaluated, one.rules, one.passed, one.examples, one.indicators) == (
            other.evaluated, other.rules, other.passed, other.examples, other.indicators,
        )  # fmt: skip


def test_what_came_since_is_read_behind_the_file(node: Store, home: Path, asked: list[int]) -> None:
    one = indicator("one", "[domain-name:value = 'one.example']")
    take(node, one, indicator("two", "[domain-name:value = 'two.example']"))
    clearances = Clearances(node)
    watching = Following(node, clearances)
    (file,) = home.iterdir()
    take(
        node, one | {"modified": "2026-11-05T00:00:00.000Z", "pattern": "[domain-name:value = 'uno.example']"}
    )
    take(node, indicator("two", "[domain-name:value = 'two.example']", day=5, revoked=True))
    take(node, indicator("new", "[domain-name:value = 'new.example']"))
    asked.clear()
    found = followed.load(node, clearances).value
    assert asked
    assert -1 not in asked
    assert [*home.iterdir()] == [file]
    assert [value for value, _ in _known(found)] == ["new.example", "uno.example"]
    assert _right(watching, node) == _known(found)
    assert [*found.index.standing()] == [*watching.catalogue.value.index.standing()]


def test_a_file_of_another_generation_is_removed(node: Store, home: Path) -> None:
    take(node, indicator("a", "[domain-name:value = 'a.example']"))
    following = Following(node, Clearances(node))
    assert len([*home.iterdir()]) == 1
    take(
        node, indicator("b", "[domain-name:value = 'b.example']", object_marking_refs=[RED])
    )  # a label set is new
    following.follow()
    assert [*home.iterdir()] == [], "what may rest on what is not so any more is removed at once"
    assert len(_right(following, node)) == 2


def test_a_file_of_another_time_of_the_database_is_made_anew(node: Store, home: Path) -> None:
    take(
        node,
        indicator("a", "[domain-name:value = 'a.example']"),
        indicator("b", "[domain-name:value = 'b.example']"),
    )
    clearances = Clearances(node)
    assert len(_known(followed.load(node, clearances).value)) == 2
    with node.connection() as connection:  # as if an older state had been brought back
        connection.execute("DELETE FROM object WHERE cursor = (SELECT max(cursor) FROM object)")
    assert [value for value, _ in _known(followed.load(node, clearances).value)] == ["a.example"]


def test_an_index_that_grew_is_built_anew(node: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "_REBUILD_AT", 2)
    take(node, *(indicator(str(n), f"[domain-name:value = 'd{n}.example']") for n in range(3)))
    following = Following(node, Clearances(node))
    before = {e.value: e.indicator.tag for e in following.catalogue.value.index.entries}
    take(
        node,
        *(indicator(str(n), f"[domain-name:value = 'd{n}.example']", day=2, revoked=True) for n in range(2)),
    )
    take(node, *(indicator(str(n), f"[domain-name:value = 'd{n}.example']") for n in range(5, 7)))
    following.follow()
    found = following.catalogue.value
    assert [value for value, _ in _known(found)] == ["d2.example", "d5.example", "d6.example"]
    assert found.index.is_whole
    assert {e.value: e.indicator.tag for e in found.index.entries}["d2.example"] == before["d2.example"], (
        "tags stay"
    )
    take(node, indicator("2", "[domain-name:value = 'd2.example']", day=3, revoked=True))
    following.follow()
    assert [value for value, _ in _known(following.catalogue.value)] == ["d5.example", "d6.example"]
    assert following.catalogue.value.indicators == 2


def test_observables_are_never_followed_half(node: Store, home: Path, asked: list[int]) -> None:
    seen = {"type": "domain-name", "spec_version": "2.1", "value": "seen.example"}
    take(node, seen | {"id": "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5"})
    clearances = Clearances(node)
    assert len(followed.load(node, clearances, observables=True).value.index) == 1
    assert len(followed.load(node, clearances).value.index) == 0
    take(node, indicator("a", "[domain-name:value = 'a.example']"))
    asked.clear()
    assert len(followed.load(node, clearances, observables=True).value.index) == 2
    assert -1 in asked


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


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_in_any_order_is_followed_from_a_file(node: Store, home: Path, seed: int) -> None:
    dice = random.Random(seed)
    take(node, *(indicator(str(n), f"[domain-name:value = 'd{n}.example']") for n in range(4)))
    following = Following(node, Clearances(node))
    day = 1
    for _ in range(25):
        name, owner = str(dice.randrange(6)), dice.choice((CSIRT, FEED))
        day = min(28, day + dice.randrange(2))
        facts = {"revoked": dice.random() < 0.2, "object_marking_refs": [dice.choice((GREEN, RED))]}
        pattern = f"[domain-name:value = 'd{dice.choice((name, 'x'))}.example']"
        match dice.randrange(5):
            case 0:
                with node.connection() as connection:
                    collection = next(c for c in collections.everything(connection) if c.alias == "one")
                    rows = connection.execute("SELECT stix_id, cursor FROM object ORDER BY cursor").fetchall()
                which, cursor = dice.choice(rows)
                objects.delete(node, collection.id, which, [cursor], source=CSIRT, any_source=True)
            case 1:
                take(node, indicator(name, MANY, day=day, **facts), owner=owner)
            case _:
                take(node, indicator(name, pattern, day=day, **facts), owner=owner)
        mapped = _right(following, node)
        node.home = None
        assert _known(followed.load(node, Clearances(node)).value) == mapped
        node.home = home.parent
