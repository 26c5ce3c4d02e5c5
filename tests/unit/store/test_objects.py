"""What is put is kept once, with all versions and every source; cursors rise in the order of commits."""

from __future__ import annotations

import random
import threading
import time

import psycopg
import pytest

from factories import FRIEND, IMPORT, OWN, indicator, observable, parsed, place, settle, version
from tocsin.errors import NotFoundError, StoreUnavailableError
from tocsin.sharing.release import clear
from tocsin.stix.markings import TLP
from tocsin.store import Store, labels, objects, pages
from tocsin.store.values import Origin, PageQuery


def kinds(outcomes) -> list[str]:
    return [o.kind for o in outcomes]


def everything(store: Store, collection, **filters) -> list[bytes]:
    with store.connection() as connection:
        known = tuple(labels.everything(connection))
        generation = labels.generation(connection)
    clearance = clear(OWN.id, "receive", known, generation)
    found, after = [], -1
    while True:
        page = pages.page(store, PageQuery(collection.id, after=after, limit=7, **filters), clearance).value
        if page.count:
            import msgspec

            found += [bytes(r) for r in msgspec.json.decode(b"[" + page.body + b"]", type=list[msgspec.Raw])]
        if not page.more:
            return found
        after = page.last


def test_bytes_come_back_as_they_went_in(store: Store) -> None:
    collection = settle(store)
    placements = [place(indicator(n, tlp=TLP.GREEN)) for n in range(20)]
    objects.put(store, collection.id, placements, origin=IMPORT)
    assert everything(store, collection) == [p.object.body for p in placements]


def test_putting_again_changes_nothing(store: Store) -> None:
    collection = settle(store)
    batch = [place(indicator(n)) for n in range(5)]
    assert kinds(objects.put(store, collection.id, batch, origin=IMPORT)) == ["new"] * 5
    assert kinds(objects.put(store, collection.id, batch, origin=IMPORT)) == ["same"] * 5
    assert kinds(objects.put(store, collection.id, batch + batch, origin=IMPORT)) == ["same"] * 10
    assert len(everything(store, collection, versions=("all",))) == 5


def test_twice_in_one_batch_is_once(store: Store) -> None:
    collection = settle(store)
    twice = [place(indicator(1)), place(indicator(1)), place(version(1, 5))]
    assert kinds(objects.put(store, collection.id, twice, origin=IMPORT)) == ["new", "same", "updated"]
    assert len(everything(store, collection, versions=("all",))) == 2


def test_a_new_version_is_an_update_and_the_latest(store: Store) -> None:
    collection = settle(store)
    objects.put(store, collection.id, [place(version(1, 3))], origin=IMPORT)
    assert kinds(objects.put(store, collection.id, [place(version(1, 5))], origin=IMPORT)) == ["updated"]
    # an older version that arrives later is kept, and is not the latest
    assert kinds(objects.put(store, collection.id, [place(version(1, 4))], origin=IMPORT)) == ["updated"]
    assert everything(store, collection) == [parsed(version(1, 5)).body]
    assert everything(store, collection, versions=("first",)) == [parsed(version(1, 3)).body]
    assert len(everything(store, collection, versions=("all",))) == 3


def test_another_source_of_the_same_is_an_assertion_not_a_row(store: Store) -> None:
    collection = settle(store)
    batch = [place(observable("a.example"))]
    first = objects.put(store, collection.id, batch, origin=IMPORT)
    other = Origin(FRIEND.id, "friend", "taxii-poll")
    assert kinds(objects.put(store, collection.id, batch, origin=other)) == ["same"]
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT a.cursor, g.source, g.peer FROM assertion a JOIN origin g ON g.id = a.origin_id"
        ).fetchall()
    assert rows == [(first[0].cursor, FRIEND.id, "friend")]


def test_another_owner_is_another_assertion_with_its_own_label(store: Store) -> None:
    collection = settle(store)
    data = observable("a.example")
    objects.put(store, collection.id, [place(data)], origin=IMPORT)
    outcome = objects.put(
        store, collection.id, [place(data, owner=FRIEND.id)], origin=Origin(FRIEND.id, None, "taxii-post")
    )
    assert kinds(outcome) == ["updated"]
    assert len(everything(store, collection, versions=("all",))) == 2


def test_delete_touches_only_what_the_source_alone_asserted(store: Store) -> None:
    collection = settle(store)
    theirs = Origin(FRIEND.id, None, "taxii-post")
    mine, shared = place(indicator(1)), place(indicator(2), owner=FRIEND.id)
    a = objects.put(store, collection.id, [mine], origin=IMPORT)[0].cursor
    b = objects.put(store, collection.id, [shared], origin=theirs)[0].cursor
    assert objects.delete(store, collection.id, mine.object.id, [a], source=FRIEND.id) == 0
    assert objects.delete(store, collection.id, shared.object.id, [a, b], source=FRIEND.id) == 1
    assert everything(store, collection) == [mine.object.body]
    # asserted by two: neither of them alone can take it away
    c = objects.put(store, collection.id, [shared], origin=theirs)[0].cursor
    objects.put(store, collection.id, [shared], origin=IMPORT)
    assert objects.delete(store, collection.id, shared.object.id, [c], source=FRIEND.id) == 0


def test_deleting_the_latest_version_gives_the_one_before(store: Store) -> None:
    collection = settle(store)
    objects.put(store, collection.id, [place(version(1, 3))], origin=IMPORT)
    last = objects.put(store, collection.id, [place(version(1, 5))], origin=IMPORT)[0].cursor
    objects.delete(store, collection.id, indicator(1)["id"], [last], source=OWN.id)
    assert everything(store, collection) == [parsed(version(1, 3)).body]


def test_the_own_organisation_may_clear_its_own_house(store: Store) -> None:
    collection = settle(store)
    shared = place(indicator(2), owner=FRIEND.id)
    cursor = objects.put(store, collection.id, [shared], origin=Origin(FRIEND.id, None, "taxii-post"))[
        0
    ].cursor
    objects.put(store, collection.id, [shared], origin=IMPORT)
    gone = objects.delete(store, collection.id, shared.object.id, [cursor], source=OWN.id, any_source=True)
    assert gone == 1
    with store.connection() as connection:
        assert connection.execute("SELECT count(*) FROM assertion").fetchone() == (0,)


def test_deleting_raises_the_generation_and_deleting_nothing_does_not(store: Store) -> None:
    collection = settle(store)
    cursor = objects.put(store, collection.id, [place(indicator(1))], origin=IMPORT)[0].cursor
    with store.connection() as connection:
        before = labels.generation(connection)
        assert objects.delete(store, collection.id, indicator(1)["id"], [cursor], source=FRIEND.id) == 0
        assert labels.generation(connection) == before
        assert objects.delete(store, collection.id, indicator(1)["id"], [cursor], source=OWN.id) == 1
        assert labels.generation(connection) == before + 1


def standings(store: Store) -> dict[tuple[int, str], int]:
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT version, l.owner, standing FROM object o JOIN label l ON l.id = o.label_id"
        ).fetchall()
    return {(version // 86_400_000_000 - 20453, owner): standing for version, owner, standing in rows}


def test_standing_follows_what_is_there(store: Store) -> None:
    collection = settle(store)

    def put(day: int, owner: str) -> int:
        placement = place(version(1, day), owner=owner)
        return objects.put(store, collection.id, [placement], origin=Origin(owner, None, "local"))[0].cursor

    put(3, OWN.id)
    assert standings(store) == {(3, OWN.id): 0}
    put(5, OWN.id)
    assert standings(store) == {(3, OWN.id): 2, (5, OWN.id): -1}
    theirs = put(4, FRIEND.id)
    assert standings(store) == {(3, OWN.id): 2, (5, OWN.id): 1, (4, FRIEND.id): 1}
    objects.delete(store, collection.id, indicator(1)["id"], [theirs], source=FRIEND.id)
    assert standings(store) == {(3, OWN.id): 2, (5, OWN.id): -1}


def test_dates_added_rise_whatever_the_clock_does(dsn: str) -> None:
    now = [2_000_000_000_000_000]
    with Store(dsn, clock=lambda: now[0], pool_size=2) as store:
        collection = settle(store)
        given: list[int] = []
        for step, at in enumerate((0, 1, -(10**12), 5 * 10**6, 0)):
            now[0] += at
            batch = [place(indicator(step * 10 + n)) for n in range(5)]
            given += [o.cursor for o in objects.put(store, collection.id, batch, origin=IMPORT)]
        assert given == sorted(set(given))
        assert given[0] == 2_000_000_000_000_000
        assert 0 < given[-1] - given[0] < 10**7


def test_what_has_no_version_has_its_date_added(store: Store) -> None:
    collection = settle(store)
    (outcome,) = objects.put(store, collection.id, [place(observable("a.example"))], origin=IMPORT)
    with store.connection() as connection:
        assert connection.execute("SELECT cursor, version FROM object").fetchone() == (outcome.cursor,) * 2


def test_bodies_of_any_size_are_kept_unpacked(store: Store) -> None:
    collection = settle(store)
    batch = [place(indicator(n, description="x" * size)) for n, size in enumerate((0, 1990, 9000, 3_000_000))]
    objects.put(store, collection.id, batch, origin=IMPORT)
    assert everything(store, collection) == [p.object.body for p in batch]
    with store.connection() as connection:
        sizes = connection.execute("SELECT pg_column_size(body) >= octet_length(body) FROM object").fetchall()
    assert sizes == [(True,)] * 4


def test_nothing_is_done_for_nothing(store: Store) -> None:
    collection = settle(store)
    assert objects.put(store, collection.id, [], origin=IMPORT) == []


def test_an_unknown_collection_is_an_error(store: Store) -> None:
    import uuid

    with pytest.raises(NotFoundError):
        objects.put(store, uuid.uuid4(), [place(indicator(1))], origin=IMPORT)


def test_readers_that_follow_the_cursor_miss_nothing_and_see_nothing_twice(dsn: str) -> None:
    """Many writers with batches of random sizes, slow commits and aborts; readers follow all the while."""
    with Store(dsn, pool_size=14) as store:
        collection = settle(store)
        objects.put(
            store, collection.id, [place(indicator(10**9))], origin=IMPORT
        )  # the label is there before readers start
        writers, batches = 8, 25
        written: set[bytes] = set()
        lock = threading.Lock()
        finished = threading.Event()
        failures: list[BaseException] = []

        def write(number: int) -> None:
            dice = random.Random(number)
            try:
                for batch in range(batches):
                    size = dice.randrange(1, 30)
                    placements = [place(indicator(number * 10**6 + batch * 100 + i)) for i in range(size)]
                    if dice.random() < 0.15:
                        abort(store, collection, placements)
                        continue
                    time.sleep(dice.random() * 0.01)
                    objects.put(store, collection.id, placements, origin=IMPORT)
                    with lock:
                        written.update(p.object.body for p in placements)
            except Exception as error:  # noqa: BLE001 - said below
                failures.append(error)

        seen: list[list[int]] = [[] for _ in range(3)]
        with store.connection() as connection:
            known = tuple(labels.everything(connection))
            clearance = clear(OWN.id, "receive", known, labels.generation(connection))

        def follow(mine: list[int], limit: int) -> None:
            try:
                after, last_round = -1, False
                while True:
                    found = pages.records(
                        store,
                        PageQuery(collection.id, after=after, limit=limit, versions=("all",)),
                        clearance,
                    )
                    listed = [r.added for r in found.value.records]
                    mine += listed
                    after = listed[-1] if listed else after
                    if not listed:
                        if last_round:
                            return
                        last_round = finished.is_set()
            except Exception as error:  # noqa: BLE001 - said below
                failures.append(error)

        readers = [
            threading.Thread(target=follow, args=(s, n)) for s, n in zip(seen, (3, 50, 1000), strict=True)
        ]
        threads = [threading.Thread(target=write, args=(n,)) for n in range(1, writers + 1)]
        for thread in readers + threads:
            thread.start()
        for thread in threads:
            thread.join()
        finished.set()
        for thread in readers:
            thread.join()
        assert not failures
        for mine in seen:
            assert mine == sorted(set(mine)), "out of order, or twice"
            assert len(mine) == len(written) + 1
        assert len(everything(store, collection)) == len(written) + 1


def abort(store: Store, collection, placements) -> None:
    """Do all of a put and roll it back: cursors that were taken must leave no trace."""

    class ChangedError(Exception):
        pass

    transaction = store.transaction

    class Aborting:
        clock = staticmethod(store.clock)
        label_uses = store.label_uses
        linking = store.linking

        @staticmethod
        def transaction():
            from contextlib import contextmanager

            @contextmanager
            def inner():
                with transaction() as connection:
                    yield connection
                    raise ChangedError

            return inner()

    with pytest.raises(ChangedError):
        objects.put(Aborting(), collection.id, placements, origin=IMPORT)


def test_a_database_that_goes_away_comes_back(tmp_path) -> None:
    from tocsin.store import migrate
    from tocsin.store.embedded import Embedded

    server = Embedded(tmp_path)
    server.attach()
    try:
        with psycopg.connect(server.dsn, dbname="postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE tocsin")
        with Store(server.dsn, pool_size=2) as store:
            with store.connection() as connection:
                migrate.migrate(connection)
            collection = settle(store)
            objects.put(store, collection.id, [place(indicator(1))], origin=IMPORT)
            server.stop(at_once=True)
            with pytest.raises(StoreUnavailableError):  # noqa: PT012 - the pool may have one good connection left
                for n in range(5):
                    objects.put(store, collection.id, [place(indicator(2 + n))], origin=IMPORT)
            server.revive()
            deadline = time.monotonic() + 20
            while True:
                try:
                    objects.put(store, collection.id, [place(indicator(99))], origin=IMPORT)
                    break
                except StoreUnavailableError:
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
            assert [parsed(indicator(1)).body, parsed(indicator(99)).body] == everything(store, collection)
    finally:
        server.release()
