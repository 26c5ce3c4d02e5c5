from __future__ import annotations

import psycopg
import pytest

from tocsin.errors import MigrationError
from tocsin.store import Store, migrate


def tables(connection) -> set[str]:
    return {
        r[0]
        for r in connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
    }


def test_all_the_way_back_and_forth(store: Store) -> None:
    with store.connection() as connection:
        full = tables(connection)
        assert migrate.migrate(connection) == []
        down = migrate.migrate(connection, to=0)
        assert [s.direction for s in down] == ["down"] * len(migrate.available())
        assert tables(connection) == {"migration"}
        migrate.migrate(connection)
        assert tables(connection) == full


def test_a_dry_run_changes_nothing(store: Store) -> None:
    with store.connection() as connection:
        before = tables(connection)
        assert migrate.migrate(connection, to=0, dry_run=True)
        assert tables(connection) == before
        migrate.require_current(connection)


def test_objects_are_partitioned_from_the_first_migration(store: Store) -> None:
    with store.connection() as connection:
        row = connection.execute(
            "SELECT partstrat FROM pg_partitioned_table WHERE partrelid = 'object'::regclass"
        ).fetchone()
    assert row is not None


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO migration (number, name, checksum) VALUES (999, 'future', 'x')",
        "UPDATE migration SET checksum = 'edited' WHERE number = 1",
    ],
)
def test_a_schema_of_another_program_is_refused(store: Store, change: str) -> None:
    with store.connection() as connection:
        connection.execute(change)
        with pytest.raises(MigrationError):
            migrate.require_current(connection)
        with pytest.raises(MigrationError):
            migrate.migrate(connection)


def test_a_missing_schema_says_what_to_do(store: Store) -> None:
    with store.connection() as connection:
        migrate.migrate(connection, to=0)
        with pytest.raises(MigrationError) as caught:
            migrate.require_current(connection)
    assert "tocsin migrate" in caught.value.hint()


def test_a_step_that_fails_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = migrate.Migration(999, "broken", "CREATE TABLE half (a int); SELECT 1/0", "DROP TABLE half")
    known = migrate.available()
    monkeypatch.setattr(migrate, "available", lambda: [*known, broken])
    with store.connection() as connection:
        before = tables(connection)
        with pytest.raises(MigrationError, match="broken"):
            migrate.migrate(connection)
        assert tables(connection) == before
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_step_says_what_it_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    known = migrate.available()
    more = migrate.Migration(
        999,
        "more",
        "CREATE TABLE extra (a integer PRIMARY KEY); ALTER TABLE peer ADD COLUMN note text; CREATE INDEX peer_url ON peer (url)",
        "DROP TABLE extra; ALTER TABLE peer DROP COLUMN note; DROP INDEX peer_url",
    )
    monkeypatch.setattr(migrate, "available", lambda: [*known, more])
    gained = ("+ column peer.note text", "+ index peer_url", "+ table extra")
    with store.connection() as connection:
        for _ in range(4):  # often enough for a statement to be prepared
            (step,) = migrate.migrate(connection, dry_run=True)
            assert (step.number, step.direction, step.changes) == (999, "up", gained)
        migrate.migrate(connection)
        (step,) = migrate.migrate(connection, to=known[-1].number)
        assert step.changes == tuple(line.replace("+", "-", 1) for line in gained)


def test_two_at_once_migrate_once(store: Store) -> None:
    import threading

    with store.connection() as connection:
        migrate.migrate(connection, to=0)
    taken: list[int] = []

    def work() -> None:
        with store.connection() as connection:
            taken.append(len(migrate.migrate(connection)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [0, 0, 0, len(migrate.available())]


def test_an_unknown_goal_is_refused(store: Store) -> None:
    with store.connection() as connection, pytest.raises(MigrationError, match="no schema 77"):
        migrate.migrate(connection, to=77)
