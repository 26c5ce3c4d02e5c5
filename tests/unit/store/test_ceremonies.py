"""What is begun is ended once, in its time, by its own secret."""

from __future__ import annotations

import pytest

from factories import FRIEND, settle
from tocsin.errors import UnauthenticatedError
from tocsin.store import Store, accounts, ceremonies
from tocsin.store.accounts import Account
from tocsin.store.ceremonies import LIFE

NOW = 1_790_000_000_000_000


@pytest.fixture
def opened(store: Store) -> Store:
    settle(store)
    with store.connection() as connection:
        accounts.add(connection, Account("ann", FRIEND.id))
    return store


def test_it_is_looked_at_often_and_taken_once(opened: Store) -> None:
    with opened.connection() as connection:
        secret = ceremonies.begin(connection, "k", {"a": 1}, now=NOW, account="ann")
        for _ in range(2):
            assert ceremonies.peek(connection, secret, "k", now=NOW).data == {"a": 1}
        assert ceremonies.take(connection, secret, "k", now=NOW).account == "ann"
        for look in (ceremonies.peek, ceremonies.take):
            with pytest.raises(UnauthenticatedError):
                look(connection, secret, "k", now=NOW)
        row = connection.execute("SELECT count(*) FROM ceremony").fetchone()
    assert row == (0,)


@pytest.mark.parametrize("attack", ["another kind", "too late", "unknown", "disabled"])
def test_what_does_not_fit_is_told_the_same(opened: Store, attack: str) -> None:
    with opened.connection() as connection:
        secret = ceremonies.begin(connection, "k", {}, now=NOW, account="ann")
        if attack == "disabled":  # also where one was begun after the account was shut out
            accounts.disable(connection, "ann")
            secret = ceremonies.begin(connection, "k", {}, now=NOW, account="ann")
        asked = "unknown" if attack == "unknown" else secret
        kind = "other" if attack == "another kind" else "k"
        now = NOW + LIFE if attack == "too late" else NOW
        with pytest.raises(UnauthenticatedError, match=r"^that does not hold$"):
            ceremonies.take(connection, asked, kind, now=now)


def test_what_is_over_is_dropped_and_secrets_are_not_kept(opened: Store) -> None:
    with opened.connection() as connection:
        secrets = [ceremonies.begin(connection, "k", {}, now=NOW + n * LIFE) for n in range(3)]
        kept = str(connection.execute("SELECT hash, data FROM ceremony").fetchall())
        assert not any(secret in kept for secret in secrets)
        assert ceremonies.forget(connection, now=NOW + 2 * LIFE) == 2
        ceremonies.peek(connection, secrets[2], "k", now=NOW + 2 * LIFE)
