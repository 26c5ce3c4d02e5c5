from __future__ import annotations

from tocsin.store import Store, hits
from tocsin.store.hits import Hit, Tally


def _hit(
    place: str,
    *,
    line: int = 1,
    label: int = 3,
    day: str = "2026-11-20",
    event: int | None = 5,
    owner: str = "identity--a",
) -> Hit:
    detail = {"owner": owner, "day": day, "event": event}
    return Hit(7, "indicator--1", "evil.example", place, line, label, detail)


def test_a_hit_is_kept_once(store: Store) -> None:
    with store.connection() as connection:
        assert hits.put(connection, []) == 0
        assert hits.put(connection, [_hit("a"), _hit("b"), _hit("a", line=2)]) == 3
        assert hits.put(connection, [_hit("a"), _hit("c")]) == 1
        assert len(hits.recent(connection, [3])) == 4
        assert hits.recent(connection, [4]) == []


def test_tallies_are_by_indicator_owner_label_set_and_day(store: Store) -> None:
    with store.connection() as connection:
        hits.put(
            connection,
            [
                _hit("a", event=9),
                _hit("b", event=5),
                _hit("c", event=None),
                _hit("d", day="2026-11-21", event=None),
                _hit("e", owner="identity--b"),
            ],
        )
        assert hits.tally(connection, ["indicator--1", "indicator--2"]) == [
            Tally("indicator--1", "identity--a", 3, "2026-11-20", 3, 5, 9),
            Tally("indicator--1", "identity--a", 3, "2026-11-21", 1, None, None),
            Tally("indicator--1", "identity--b", 3, "2026-11-20", 1, 5, 5),
        ]
        assert hits.tally(connection, []) == []


def test_a_hit_counts_under_the_label_set_it_was_found_by_last(store: Store) -> None:
    """Guard: the UPDATE in `put`, and `label_id` in the groups of `tally`."""
    with store.connection() as connection:
        assert hits.put(connection, [_hit("a"), _hit("b")]) == 2
        assert hits.put(connection, [_hit("a", label=4), _hit("c", label=4)]) == 1
        found = [(each.label_id, each.count) for each in hits.tally(connection, ["indicator--1"])]
        assert found == [(3, 1), (4, 2)]
