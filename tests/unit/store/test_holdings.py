from __future__ import annotations

import hashlib

from factories import FRIEND, IMPORT, OWN, indicator, place, settle, version
from tocsin.store import Store, holdings, labels, objects


def test_rows_are_counted_by_label_set(store: Store) -> None:
    collection = settle(store)
    ours = [place(indicator(n)) for n in range(3)] + [place(version(0, 9))]
    theirs = [place(indicator(n), owner=FRIEND.id) for n in range(2)]
    objects.put(store, collection.id, ours + theirs, origin=IMPORT)
    with store.connection() as connection:
        known = {label: number for number, label in labels.everything(connection).items()}
    assert holdings.count_by_label(store, collection.id) == {
        known[ours[0].label]: 4,
        known[theirs[0].label]: 2,
    }


def test_rows_of_an_owner_are_found_by_id(store: Store) -> None:
    collection = settle(store)
    mine, theirs = place(indicator(1)), place(indicator(1), owner=FRIEND.id)
    objects.put(store, collection.id, [mine, theirs, place(indicator(2))], origin=IMPORT)
    (found,) = holdings.of_owner(store, [mine.object.id, "indicator--none"], OWN.id)
    assert (found.stix_id, found.digest, found.collection) == (
        mine.object.id,
        hashlib.sha256(mine.object.body).digest(),
        collection.id,
    )
    assert holdings.of_owner(store, [], OWN.id) == []
    assert holdings.of_owner(store, [mine.object.id], "identity--nobody") == []
