"""Label sets are interned once, whatever their size and however many writers come at once; each change raises the generation."""

from __future__ import annotations

import random
import threading

import pytest

from factories import FRIEND, IMPORT, OWN, STRANGER, indicator, place, settle
from tocsin.sharing.labels import label_for
from tocsin.store import Store, collections, labels, objects, organisations, quarantine
from tocsin.store.quarantine import Refused
from tocsin.store.values import Origin


def organisation(number: int) -> str:
    return f"identity--00000000-0000-4000-8000-{number:012d}"


def test_equal_facts_are_one_label_set(store: Store) -> None:
    one = label_for(["m--b", "m--a", "m--a"], owner=OWN.id, recipients=[FRIEND.id])
    same = label_for(["m--a", "m--b"], owner=OWN.id, recipients=[FRIEND.id, FRIEND.id])
    others = [
        label_for(["m--a", "m--b"], owner=OWN.id),
        label_for(["m--a", "m--b"], owner=OWN.id, communities=[FRIEND.id]),
        label_for(["m--a", "m--b"], owner=FRIEND.id, recipients=[FRIEND.id]),
        label_for(["m--a,m--b"], owner=OWN.id, recipients=[FRIEND.id]),
        label_for(["m--a", "m--b"], owner=OWN.id, recipients=[FRIEND.id], assumed="clear"),
    ]
    with store.connection() as connection:
        found = labels.intern(connection, [one, *others])
        assert len(set(found.values())) == 6
        assert labels.intern(connection, [same]) == {one: found[one]}
        assert labels.everything(connection) == {number: label for label, number in found.items()}


def test_a_label_set_may_name_very_many(store: Store) -> None:
    many = [organisation(n) for n in range(500)]
    label = label_for([f"marking-definition--{n}" for n in range(300)], owner=OWN.id, recipients=many)
    with store.connection() as connection:
        number = labels.intern(connection, [label])[label]
        assert labels.intern(connection, [label]) == {label: number}
        assert labels.everything(connection)[number] == label


def test_only_what_is_new_raises_the_generation(store: Store) -> None:
    first, second = label_for([], owner=OWN.id), label_for([], owner=FRIEND.id)
    with store.connection() as connection:
        start = labels.generation(connection)
        labels.intern(connection, [first])
        assert labels.generation(connection) == start + 1
        labels.intern(connection, [first])
        assert labels.generation(connection) == start + 1
        labels.intern(connection, [first, second])
        assert labels.generation(connection) == start + 2
        labels.define(connection, "marking-definition--x", OWN.id, "statement")
        labels.define(connection, "marking-definition--x", OWN.id, "tlp:clear")
        assert labels.generation(connection) == start + 3
        found = labels.definitions(connection)
    assert found.kinds("marking-definition--x", owner=FRIEND.id, own=OWN.id) == ["statement"]
    assert found.kinds("marking-definition--x", owner=FRIEND.id, own=STRANGER.id) == []


def test_a_change_and_its_generation_are_seen_together(store: Store) -> None:
    """A reader that saw the new generation too early would keep an old decision for good."""
    settle(store)
    with store.connection() as connection, store.connection() as reader:
        before = labels.generation(reader)
        with connection.transaction():
            organisations.put(connection, organisations.get(connection, FRIEND.id))
            assert labels.generation(reader) == before
        assert labels.generation(reader) == before + 1


def test_an_origin_is_kept_once(store: Store) -> None:
    with store.connection() as connection:
        numbers = [
            labels.intern_origin(connection, origin)
            for origin in (IMPORT, Origin(OWN.id, "p", "import"), Origin(FRIEND.id, None, "import"), IMPORT)
        ]
    assert numbers[0] == numbers[3]
    assert len(set(numbers)) == 3


def test_writers_that_meet_crosswise_do_not_wait_for_each_other_for_ever(dsn: str) -> None:
    """New label sets, definitions, refusals, origins and collections, in other orders in each thread."""
    with Store(dsn, pool_size=10) as store:
        collection = settle(store)
        failures: list[BaseException] = []
        gate = threading.Barrier(6)

        def work(seed: int) -> None:
            dice = random.Random(seed)
            try:
                for batch in range(6):
                    gate.wait(timeout=30)
                    some = [n + 20 * batch for n in range(20)]
                    dice.shuffle(some)
                    with store.transaction() as connection:
                        for n in some[:5]:
                            labels.define(connection, f"marking-definition--{n}", OWN.id, "statement")
                        refused = [Refused(f"{n}".encode(), "file", "", "rule", "reason") for n in some]
                        quarantine.put(
                            connection, refused, origin=Origin(OWN.id, f"p{batch}", "import"), now=1
                        )
                    placements = [place(indicator(n), recipients=(organisation(n),)) for n in some]
                    objects.put(
                        store, collection.id, placements, origin=Origin(OWN.id, f"q{batch}", "import")
                    )
                    with store.transaction() as connection:
                        collections.add(connection, collections.new(f"c{seed}-{batch}"))
            except Exception as error:  # noqa: BLE001 - said below
                failures.append(error)
                gate.abort()

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        with store.connection() as connection:
            assert connection.execute("SELECT count(*), count(DISTINCT stix_id) FROM object").fetchone() == (
                120,
                120,
            )
            assert connection.execute(
                "SELECT count(*), min(times), max(times) FROM quarantine"
            ).fetchone() == (
                120,
                6,
                6,
            )


@pytest.mark.parametrize("count", [0, 1, 1200])
def test_any_number_at_once(store: Store, count: int) -> None:
    wanted = [label_for([], owner=OWN.id, recipients=[organisation(n)]) for n in range(count)]
    with store.connection() as connection:
        found = labels.intern(connection, wanted)
        assert list(found) == wanted
        assert len(set(found.values())) == count
        assert labels.intern(connection, reversed(wanted)) == found
