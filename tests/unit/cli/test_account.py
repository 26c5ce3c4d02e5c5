"""What an administrator does at the console for people who sign in to the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tocsin.store import Store, ceremonies, identities, journal, sessions, totp

Run, Answer = Callable[..., int], Callable[[], dict[str, Any]]
IDP = "https://idp.example"


@pytest.fixture
def ann(node: Store, run: Run) -> Store:
    assert run("account", "add", "ann", "--org", "other") == 0
    return node


def test_an_invitation_is_one_link_at_a_time(
    ann: Store, run: Run, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_PUBLIC_URL", "https://cti.example/")
    links = []
    for _ in range(2):
        assert run("account", "invite", "ann", "--minutes", "5", "--json") == 0
        links.append(answer())
    assert links[1]["link"] == f"https://cti.example/sign-in/link?code={links[1]['code']}"
    with ann.connection() as connection:
        assert ceremonies.take(connection, links[1]["code"], "link", now=ann.clock()).account == "ann"
        rows = connection.execute("SELECT count(*) FROM ceremony").fetchone()
        entries = journal.recent(connection)
    assert rows == (0,)
    assert {(each.principal, each.action, each.target) for each in entries} == {
        ("console", "account-invite", "ann")
    }
    assert links[1]["code"] not in str(entries)
    assert run("account", "invite", "nobody") == 6
    run("account", "disable", "ann")
    assert run("account", "invite", "ann") == 4


def test_a_binding_is_of_issuer_and_subject(ann: Store, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("account", "bind", "ann", "--subject", "7") == 4  # of no issuer
    monkeypatch.setenv("TOCSIN_OIDC_ISSUER", IDP)
    assert run("account", "bind", "ann", "--subject", "7") == 0
    with ann.connection() as connection:
        assert identities.recognise(connection, IDP, "7", now=1) == "ann"
    assert run("account", "bind", "ann", "--subject", "7", "--remove") == 0
    assert run("account", "bind", "ann", "--subject", "7", "--remove") == 6


def test_sessions_are_listed_and_ended(ann: Store, run: Run, answer: Answer) -> None:
    with ann.connection() as connection:
        secret = sessions.begin(connection, "ann", "link", "192.0.2.1", "browser", now=ann.clock())
    assert run("account", "sessions", "ann", "--json") == 0
    told = answer()
    assert [each["address"] for each in told["sessions"]] == ["192.0.2.1"]
    assert secret not in str(told)
    assert run("account", "sessions", "ann", "--end") == 0
    with ann.connection() as connection:
        assert sessions.of(connection, "ann", now=ann.clock()) == []
    assert run("account", "sessions", "nobody") == 6


def test_a_reset_takes_every_way_to_sign_in_but_tokens(ann: Store, run: Run, answer: Answer) -> None:
    import pyotp

    secret, now = totp.new_secret(), ann.clock()
    with ann.connection() as connection:
        identities.bind(connection, "ann", IDP, "7", now=now)
        code = pyotp.TOTP(secret).generate_otp(now // 30_000_000)
        assert totp.enrol(connection, "ann", secret, code, now=now)
        sessions.begin(connection, "ann", "oidc", "192.0.2.1", "browser", now=now)
    assert run("account", "reset", "ann", "--json") == 0
    assert answer() == {"account": "ann", "passkeys": 0, "bindings": 1, "app": True, "sessions": 1}
    with ann.connection() as connection:
        assert identities.of(connection, "ann") == []
        assert not totp.enrolled(connection, "ann")
