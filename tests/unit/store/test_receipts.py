from __future__ import annotations

from tocsin.store import Store, receipts
from tocsin.store.receipts import Receipt, pack, unpack

FRIEND = "identity--00000000-0000-4000-8000-000000000002"


def _receipt(at: int, *cursors: int) -> Receipt:
    return Receipt(at, FRIEND, "friend", "taxii-objects", "/taxii2/x\0", "", "v1", cursors)


def test_what_is_packed_is_unpacked() -> None:
    for cursors in ((5,), (1, 2, 3), (1_790_000_000_000_000, 1_790_000_000_000_001, 1_790_999_999_999_999)):
        assert unpack(pack(cursors)) == set(cursors)


def test_a_page_of_what_came_together_is_small() -> None:
    assert len(pack(range(1_790_000_000_000_000, 1_790_000_000_001_000))) < 100


def test_receipts_are_found_by_each_placement_and_by_no_other(store: Store) -> None:
    with store.transaction() as connection:
        receipts.append(connection, [_receipt(1, 30, 10, 10), _receipt(2, 20), _receipt(3), _receipt(4, 30)])
        found = receipts.of(connection, [30, 20, 40])
        assert [(each.at, each.cursors) for each in found] == [(4, (30,)), (2, (20,)), (1, (30,))]
        assert found[0].target == "/taxii2/x�"
        assert receipts.of(connection, [11, 29]) == []
        assert receipts.of(connection, []) == []
