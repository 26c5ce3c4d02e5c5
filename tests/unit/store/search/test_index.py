"""The index follows what is held: behind additions, together with moves and deletions."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from factories import IMPORT, OWN, indicator, place, settle, version
from tocsin.stix.markings import TLP
from tocsin.store import Store, collections, objects
from tocsin.store.collections import Collection
from tocsin.store.indexed import LOCK
from tocsin.store.search import index

CIRCLE = (str(uuid.UUID(int=1 << 64)),)


@pytest.fixture
def intel(store: Store) -> Collection:
    return settle(store)


def _indexed(store: Store) -> set[tuple[int, int, str]]:
    with store.connection() as connection:
        return set(connection.execute("SELECT cursor, label_id, stix_id FROM search").fetchall())


def _held(store: Store) -> set[tuple[int, int, str]]:
    with store.connection() as connection:
        return set(connection.execute("SELECT cursor, label_id, stix_id FROM object").fetchall())


def _put(store: Store, intel: Collection, *numbers: int) -> None:
    objects.put(store, intel.id, [place(indicator(n, tlp=TLP.GREEN)) for n in numbers], origin=IMPORT)


def test_it_says_how_far_it_is(store: Store, intel: Collection) -> None:
    _put(store, intel, *range(5))
    with store.connection() as connection:
        assert not index.progress(connection).done
    state = index.catch_up(store, most=2)
    assert not state.done
    assert len(_indexed(store)) == 2
    assert max(each[0] for each in _indexed(store)) == state.mark
    assert index.catch_up(store).done
    assert _indexed(store) == _held(store)
    assert not index.advance(store)


def test_what_is_added_in_several_collections_is_met_once(store: Store, intel: Collection) -> None:
    with store.transaction() as connection:
        other = collections.add(connection, collections.new("other"))
    for number in range(4):
        _put(store, (intel, other)[number % 2], number)
        index.catch_up(store, most=1)
    index.catch_up(store)
    assert _indexed(store) == _held(store)
    _put(store, intel, 0)  # held already: the head moves on, and nothing is to be indexed
    assert index.catch_up(store).done


def test_ids_in_several_rows_are_known(store: Store, intel: Collection) -> None:
    """Of all others nobody looks for a newer version. Guard: `_AGAIN` in `search.index`."""
    with store.transaction() as connection:
        other = collections.add(connection, collections.new("other"))
    expected = set()
    for number, (collection, indexes) in enumerate([(intel, True), (intel, False), (other, True)]):
        _put(store, collection, number % 2, 5)  # 5 comes once into each collection, 0 too, 1 once
        expected = {indicator(0)["id"], indicator(5)["id"]} if collection is other else set()
        if indexes:
            index.catch_up(store)
            assert _again(store) == _hashes(store, expected)
    index.rebuild(store)
    assert _again(store) == _hashes(store, expected)


def _again(store: Store) -> set[int]:
    with store.connection() as connection:
        return {row[0] for row in connection.execute("SELECT id FROM search_again")}


def _hashes(store: Store, ids: set[str]) -> set[int]:
    with store.connection() as connection:
        text = "SELECT hashtextextended(id, 0) FROM unnest(%s::text[]) AS wanted (id)"
        return {row[0] for row in connection.execute(text, (sorted(ids),))}


def test_what_is_deleted_is_gone_at_once(store: Store, intel: Collection) -> None:
    _put(store, intel, 1, 2)
    index.catch_up(store)
    (cursor,) = (each[0] for each in _held(store) if each[2] == indicator(1)["id"])
    objects.delete(store, intel.id, indicator(1)["id"], [cursor], source=OWN.id)
    assert _indexed(store) == _held(store)
    with store.connection() as connection:
        rows = connection.execute("SELECT count(*) FROM search_name WHERE cursor = %s", (cursor,)).fetchone()
    assert rows == (0,)


def test_what_comes_under_another_label_set_is_never_found_under_the_former(
    store: Store, intel: Collection
) -> None:
    """A sighting of a RED indicator that comes later rests on it from then on. Guard: `indexed.forget` in `derived._move`."""
    link = {
        "type": "relationship",
        "spec_version": "2.1",
        "id": f"relationship--{uuid.UUID(int=(4 << 76) | (8 << 60) | 5)}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "relationship_type": "related-to",
        "source_ref": indicator(1)["id"],
        "target_ref": indicator(2)["id"],
        "object_marking_refs": indicator(tlp=TLP.GREEN)["object_marking_refs"],
    }
    objects.put(store, intel.id, [place(link, communities=CIRCLE)], origin=IMPORT)
    index.catch_up(store)
    before = _indexed(store)
    objects.put(store, intel.id, [place(indicator(1, tlp=TLP.RED), communities=CIRCLE)], origin=IMPORT)
    assert not before & _indexed(store)
    index.catch_up(store)
    assert _indexed(store) == _held(store)


def test_writers_and_the_indexer_at_once(store: Store, intel: Collection) -> None:
    stop = threading.Event()

    def follow() -> None:
        while not stop.is_set():
            index.catch_up(store, most=3)

    threads = [threading.Thread(target=follow) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(12):
            _put(store, intel, number)
            if number % 3 == 2:
                gone = indicator(number - 1)["id"]
                cursors = [each[0] for each in _held(store) if each[2] == gone]
                objects.delete(store, intel.id, gone, cursors, source=OWN.id)
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    index.catch_up(store)
    assert _indexed(store) == _held(store)


@contextmanager
def _another_at_it(store: Store) -> Iterator[None]:
    """Be the other that indexes, in the middle of a batch."""
    with store.transaction() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        yield


@pytest.mark.parametrize("bounds", [{}, {"most": 2, "seconds": 60.0}])
def test_another_that_indexes_what_was_just_written_is_waited_for(
    store: Store, intel: Collection, bounds: dict[str, Any]
) -> None:
    """Who reads after writing finds it. Guard: the wait in `catch_up`."""
    _put(store, intel, 1, 2)
    with ThreadPoolExecutor(1) as pool:
        with _another_at_it(store):
            asked = pool.submit(index.catch_up, store, **bounds)
            with pytest.raises(TimeoutError):
                asked.result(0.3)
        assert asked.result(60).done
    assert _indexed(store) == _held(store)


def test_another_is_not_waited_for_beyond_the_bounds(store: Store, intel: Collection) -> None:
    _put(store, intel, 1, 2)
    with _another_at_it(store):
        assert not index.catch_up(store, most=1).done  # there are two
        assert not index.catch_up(store, most=2, seconds=0.05).done
    assert not _indexed(store)


def test_who_catches_up_does_not_run_after_what_comes_meanwhile(
    store: Store, intel: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, numbers = index._step, itertools.count(10)

    def overtaken(given: Store, size: int) -> int | None:
        _put(store, intel, next(numbers))
        return step(given, 1)

    _put(store, intel, 1, 2)
    monkeypatch.setattr(index, "_step", overtaken)
    assert not index.catch_up(store).done
    assert {each[2] for each in _indexed(store)} == {indicator(1)["id"], indicator(2)["id"]}


def test_it_can_be_made_anew(store: Store, intel: Collection) -> None:
    objects.put(store, intel.id, [place(version(1, day, tlp=TLP.GREEN)) for day in (1, 2)], origin=IMPORT)
    index.catch_up(store)
    before = _indexed(store)
    with store.connection() as connection:
        connection.execute("DELETE FROM search")
    assert index.rebuild(store).done
    assert _indexed(store) == before
