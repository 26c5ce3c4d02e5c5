"""Sessions hold for their time, with their account and their token, under one secret at a time."""

from __future__ import annotations

import pytest

from factories import FRIEND, OWN, settle
from tocsin.errors import NotFoundError, UnauthenticatedError
from tocsin.store import Store, accounts, sessions
from tocsin.store.accounts import DAY, Account
from tocsin.store.sessions import HOUR, LIFE, SILENCE

NOW = 1_790_000_000_000_000


@pytest.fixture
def opened(store: Store) -> Store:
    settle(store)
    with store.connection() as connection:
        accounts.add(connection, Account("ann", FRIEND.id))
        accounts.add(connection, Account("root", OWN.id, administrator=True))
    return store


def test_secrets_are_kept_as_digests_and_change_with_a_proof(opened: Store) -> None:
    with opened.connection() as connection:
        secret = sessions.begin(connection, "ann", "link", "::1", "x" * 500, now=NOW, proved=False)
        assert secret not in str(connection.execute("SELECT * FROM session").fetchall())
        principal, session, _ = sessions.recognise(connection, secret, now=NOW)
        assert (session.proved, len(session.agent), principal.scopes) == (
            0,
            200,
            ("taxii:read", "taxii:write", "propose"),
        )
        newer = sessions.prove(connection, session.id, now=NOW + 5)
        assert sessions.recognise(connection, newer, now=NOW + 5)[1].proved == NOW + 5
        with pytest.raises(UnauthenticatedError):
            sessions.recognise(connection, secret, now=NOW + 5)
        sessions.end(connection, "ann", session.id)
        with pytest.raises(UnauthenticatedError):
            sessions.prove(connection, session.id, now=NOW + 6)
        with pytest.raises(NotFoundError):
            sessions.end(connection, "ann", session.id)


def test_what_an_open_page_asks_by_itself_is_no_sign_of_life(opened: Store) -> None:
    with opened.connection() as connection:
        secret = sessions.begin(connection, "ann", "link", "::1", "", now=NOW)
        for at in range(NOW, NOW + SILENCE, SILENCE // 10):
            sessions.recognise(connection, secret, now=at, quiet=True)
        with pytest.raises(UnauthenticatedError):
            sessions.recognise(connection, secret, now=NOW + SILENCE, quiet=True)
        other = sessions.begin(connection, "ann", "link", "::1", "", now=NOW)
        sessions.recognise(connection, other, now=NOW + SILENCE // 2)
        sessions.recognise(connection, other, now=NOW + SILENCE)


def test_a_token_limits_the_session_it_opens(opened: Store) -> None:
    with opened.connection() as connection:
        _, token = accounts.issue(connection, "root", ("taxii:read",), now=NOW, days=1)
        at = NOW + DAY - HOUR
        secret = sessions.begin(connection, "root", "token", "::1", "", now=at, token=token.id)
        free = sessions.begin(connection, "root", "link", "::1", "", now=at)
        assert sessions.recognise(connection, secret, now=at)[0].scopes == ("taxii:read",)
        assert "admin" in sessions.recognise(connection, free, now=at)[0].scopes
        assert len(sessions.of(connection, "root", now=at)) == 2
        sessions.recognise(connection, secret, now=at + HOUR - 1)
        with pytest.raises(UnauthenticatedError):  # the token has expired
            sessions.recognise(connection, secret, now=at + HOUR)
        accounts.revoke(connection, token.id)
        assert [each.method for each in sessions.of(connection, "root", now=at)] == ["link"]


def test_what_is_over_is_dropped_a_day_later(opened: Store) -> None:
    with opened.connection() as connection:
        sessions.begin(connection, "ann", "link", "::1", "", now=NOW)
        assert sessions.of(connection, "ann", now=NOW + SILENCE) == []
        assert sessions.forget(connection, now=NOW + LIFE + DAY) == 0
        assert sessions.forget(connection, now=NOW + LIFE + DAY + 1) == 1
