from __future__ import annotations

import msgspec

from tocsin.store import Store, journal
from tocsin.store.journal import Entry, Sought


def test_entries_come_back_newest_first(store: Store) -> None:
    entries = [
        Entry(n, f"p{n % 2}", "read", f"/x/{n}", "granted", {"n": n, "text": "ü\t\n\\N"}) for n in range(10)
    ]
    with store.connection() as connection:
        journal.append(connection, entries[:4])
        journal.append(connection, entries[4:])
        journal.append(connection, [])
        assert journal.recent(connection) == entries[::-1]
        assert journal.recent(connection, limit=2) == entries[:-3:-1]
        assert journal.recent(connection, principal="p1") == [e for e in entries[::-1] if e.principal == "p1"]


def test_a_hostile_target_is_kept_in_bounds(store: Store) -> None:
    hostile = Entry(1, "p", "read", "/\0" + "x" * 5000, "refused")
    with store.connection() as connection:
        journal.append(connection, [hostile])
        (kept,) = journal.recent(connection)
    assert kept.target.startswith("/\ufffd")
    assert len(kept.target) == 2000


def test_a_detail_that_the_database_does_not_take_keeps_no_other_entry_out(store: Store) -> None:
    hostile = Entry(1, "p", "sign-in", "/\udcff", "refused", {"reason": "a\0b", "\0": ["\ud800", 1, None]})
    with store.connection() as connection:
        journal.append(connection, [hostile, Entry(2, "p", "read", "/", "granted")])
        last, kept = journal.recent(connection)
    assert last.at == 2
    assert kept.detail["reason"] == "a\ufffdb"
    told = str(msgspec.to_builtins(kept))
    assert not {"\0", "\ud800"} & set(told)


def test_entries_are_sought_by_each_of_their_parts(store: Store) -> None:
    entries = [
        Entry(n, f"p{n % 2}", "api-x" if n < 5 else "push", f"/x/{n}%", "200" if n % 3 else "403")
        for n in range(10)
    ]
    with store.connection() as connection:
        journal.append(connection, entries)

        def found(**sought: str | int) -> list[int]:
            wanted = Sought(**sought)  # type: ignore[arg-type]
            return [entry.at for _, entry in journal.page(connection, wanted, limit=100)]

        assert found() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
        assert found(principal="p1", action="api") == [3, 1]
        assert found(target="/7%") == [7]
        assert found(target="_") == []
        assert found(outcome="403") == [9, 6, 3, 0]
        assert found(after=3, until=5) == [4, 3]
