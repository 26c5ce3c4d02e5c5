from __future__ import annotations

import pytest

from factories import FRIEND, OWN, settle
from tocsin.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from tocsin.store import Store, accounts
from tocsin.store.accounts import DAY, Account

NOW = 1_800_000_000_000_000


@pytest.fixture
def connection(store: Store):
    settle(store)
    with store.connection() as connection:
        accounts.add(connection, Account("bob", FRIEND.id))
        yield connection


def test_a_token_signs_in_until_it_expires(connection) -> None:
    secret, token = accounts.issue(connection, "bob", ("taxii:read",), now=NOW, days=2)
    found = accounts.authenticate(connection, secret, now=NOW + DAY)
    assert (found.account, found.organisation, found.scopes, found.token) == (
        "bob",
        FRIEND.id,
        ("taxii:read",),
        token.id,
    )
    with pytest.raises(UnauthenticatedError):
        accounts.authenticate(connection, secret, now=NOW + 2 * DAY)


def test_only_the_hash_is_kept(connection) -> None:
    secret, _ = accounts.issue(connection, "bob", ("taxii:read",), now=NOW)
    assert len(secret) >= 40
    rows = connection.execute("SELECT token::text FROM token").fetchall()
    assert secret not in str(rows)


def test_every_failure_says_the_same(connection) -> None:
    secret, token = accounts.issue(connection, "bob", ("taxii:read",), now=NOW)
    said = set()
    for wrong in ("", "toc_x", secret + "x"):
        with pytest.raises(UnauthenticatedError) as caught:
            accounts.authenticate(connection, wrong, now=NOW)
        said.add(str(caught.value))
    with pytest.raises(UnauthenticatedError) as caught:
        accounts.authenticate(connection, secret, now=NOW, account="alice")
    said.add(str(caught.value))
    accounts.disable(connection, "bob")
    with pytest.raises(UnauthenticatedError) as caught:
        accounts.authenticate(connection, secret, now=NOW)
    said.add(str(caught.value))
    accounts.disable(connection, "bob", disabled=False)
    accounts.revoke(connection, token.id)
    with pytest.raises(UnauthenticatedError) as caught:
        accounts.authenticate(connection, secret, now=NOW)
    said.add(str(caught.value))
    assert len(said) == 1


def test_what_a_token_cannot_be(connection) -> None:
    for scopes, days in (
        (("root",), 1),
        ((), 1),
        (("taxii:read",), 0),
        (("taxii:read",), 400),
        (("admin",), 1),
    ):
        with pytest.raises(InputError):
            accounts.issue(connection, "bob", scopes, now=NOW, days=days)
    with pytest.raises(NotFoundError):
        accounts.issue(connection, "nobody", ("taxii:read",), now=NOW)
    with pytest.raises(ConflictError):
        accounts.add(connection, Account("bob", FRIEND.id))


def test_the_first_administrator_claims_once(connection) -> None:
    code = accounts.offer_claim(connection, now=NOW)
    assert code
    secret = accounts.claim(connection, code, "alice", OWN.id, now=NOW)
    assert accounts.authenticate(connection, secret, now=NOW).administrator
    assert accounts.offer_claim(connection, now=NOW) is None
    with pytest.raises(UnauthenticatedError):
        accounts.claim(connection, code, "mallory", OWN.id, now=NOW)


def test_a_code_can_be_tried_five_times_and_for_a_day(connection) -> None:
    code = accounts.offer_claim(connection, now=NOW)
    with pytest.raises(UnauthenticatedError):
        accounts.claim(connection, code, "late", OWN.id, now=NOW + DAY)
    for _ in range(4):
        with pytest.raises(UnauthenticatedError):
            accounts.claim(connection, "0000-0000-0000-0000-0000-0000", "mallory", OWN.id, now=NOW)
    with pytest.raises(UnauthenticatedError):
        accounts.claim(connection, code, "alice", OWN.id, now=NOW)
    fresh = accounts.offer_claim(connection, now=NOW)
    assert fresh != code
    assert accounts.claim(connection, fresh, "alice", OWN.id, now=NOW)


def test_a_code_ends_when_there_is_an_administrator(connection) -> None:
    """Guard: `taken` in `claim`."""
    code = accounts.offer_claim(connection, now=NOW)
    assert code
    accounts.add(connection, Account("made-at-the-console", OWN.id, administrator=True))
    with pytest.raises(UnauthenticatedError):
        accounts.claim(connection, code, "mallory", OWN.id, now=NOW)
