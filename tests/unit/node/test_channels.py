"""What may go over encrypted channels only."""

from __future__ import annotations

from factories import FRIEND, IMPORT, OWN, indicator, place, settle
from tocsin.node.clearances import Clearances
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, labels, objects

MARKING = "marking-definition--00000000-0000-4000-8000-0000000000e1"


def test_what_asks_for_encryption_goes_over_no_other_channel(store: Store) -> None:
    collection = settle(store)
    with store.connection() as connection:
        labels.define(connection, MARKING, OWN.id, 'handling:{"encrypted":true}')
    open_, closed = (
        indicator(n, object_marking_refs=[id_of(TLP.CLEAR), *more]) for n, more in ((1, []), (2, [MARKING]))
    )
    objects.put(store, collection.id, [place(open_), place(closed)], origin=IMPORT)
    clearances = Clearances(store)
    over_tls, plain = (clearances.get(FRIEND.id, encrypted=each) for each in (True, False))
    assert (len(over_tls.labels), len(plain.labels)) == (2, 1)
    assert clearances.get(FRIEND.id) is over_tls
    assert len(clearances.get(OWN.id, encrypted=False).labels) == 2
