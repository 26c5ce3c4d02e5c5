"""Passkeys are kept by account, and their counters only go up."""

from __future__ import annotations

import pytest

from factories import FRIEND, settle
from tocsin.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from tocsin.store import Store, accounts, passkeys
from tocsin.store.accounts import Account
from tocsin.store.passkeys import MOST, Passkey


def key(number: int, account: str = "ann", name: str = "key", counter: int = 0) -> Passkey:
    return Passkey(bytes([number]), account, "localhost", name, b"cose", counter, False, number)


@pytest.fixture
def opened(store: Store) -> Store:
    settle(store)
    with store.connection() as connection:
        for name in ("ann", "ben"):
            accounts.add(connection, Account(name, FRIEND.id))
    return store


def test_each_is_somebodys(opened: Store) -> None:
    with opened.connection() as connection:
        passkeys.add(connection, key(1))
        assert passkeys.find(connection, b"\1") == key(1)
        assert passkeys.find(connection, b"\2") is None
        with pytest.raises(ConflictError):
            passkeys.add(connection, key(1, "ben"))
        with pytest.raises(NotFoundError):
            passkeys.remove(connection, "ben", b"\1")
        for name in ("", "x" * 61):
            with pytest.raises(InputError):
                passkeys.add(connection, key(2, name=name))
        accounts.disable(connection, "ann")
        assert passkeys.find(connection, b"\1") is None


def test_an_account_has_so_many(opened: Store) -> None:
    with opened.connection() as connection:
        for number in range(MOST):
            passkeys.add(connection, key(number))
        with pytest.raises(ConflictError, match="at most"):
            passkeys.add(connection, key(MOST))


def test_a_counter_goes_up_or_is_not_kept(opened: Store) -> None:
    with opened.connection() as connection:
        passkeys.add(connection, key(1, counter=5))
        passkeys.add(connection, key(2))
        passkeys.note_use(connection, b"\1", 6, now=9)
        for old in (6, 5, 0):
            with pytest.raises(UnauthenticatedError):
                passkeys.note_use(connection, b"\1", old, now=9)
        for counter in (0, 0, 1):
            passkeys.note_use(connection, b"\2", counter, now=9)
        with pytest.raises(UnauthenticatedError):
            passkeys.note_use(connection, b"\2", 0, now=9)


def test_handles_are_steady_and_say_nothing(opened: Store) -> None:
    with opened.connection() as connection:
        ann, ben = (passkeys.handle(connection, name) for name in ("ann", "ben"))
        assert ann == passkeys.handle(connection, "ann")
    assert ann != ben
    assert len(ann) == 32
