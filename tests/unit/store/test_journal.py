from __future__ import annotations

import msgspec
import pytest

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
            return [entry.at for entry in journal.page(connection, wanted, limit=100).entries]

        assert found() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
        assert found(principal="p1", action="api") == [3, 1]
        assert found(target="/7%") == [7]
        assert found(target="_") == []
        assert found(outcome="403") == [9, 6, 3, 0]
        assert found(after=3, until=5) == [4, 3]


def test_a_page_ends_where_enough_was_looked_at_and_the_next_goes_on_from_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LOOKED_AT", 4)
    entries = [Entry(n, "rare" if n in (0, 9) else "p", "read", f"/{n}", "200") for n in range(10)]
    wanted, found, before = Sought(principal="rare"), [], None
    with store.connection() as connection:
        journal.append(connection, entries)
        for number in (1, 0, 1):
            page = journal.page(connection, wanted, limit=5, before=before)
            assert len(page.entries) == number
            found += [each.at for each in page.entries]
            before = page.following
    assert found == [9, 0]
    assert before is None


def test_the_last_of_an_action_is_found_however_long_ago_it_was(store: Store) -> None:
    with store.connection() as connection:
        assert journal.last(connection, "backup") is None
        journal.append(connection, [Entry(n, "p", "backup", f"/{n}", "done") for n in range(3)])
        journal.append(connection, [Entry(9, "p", "backup-list", "/", "done")])
        assert journal.last(connection, "backup") == Entry(2, "p", "backup", "/2", "done")
