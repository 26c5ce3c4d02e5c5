"""Signing in with an OpenID provider that is real: Django with django-oauth-toolkit, in a process of its own, with dependencies of its own.

`make test` puts it into `.tools/peers`; TOCSIN_PEERS names another environment. What a hostile provider does is in `tests/unit/exchange/test_openid.py`.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from serving import Node
from signing_in import Clock, browser_at, come_by_link, node_of, noted, plant, set_up_app, signed_in
from tocsin.store import accounts, identities
from tocsin.store.accounts import Account
from tocsin.store.embedded import Embedded

VENV = Path(os.environ.get("TOCSIN_PEERS") or Path(__file__).resolve().parents[2] / ".tools" / "peers")
PROVIDER = Path(__file__).with_name("openid_provider.py")
PEOPLE = {"ann": "ann's password", "ben": "ben's password"}
HOST = "node.localhost"
CALLBACK = f"http://{HOST}/sign-in/return"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    if not (VENV / "bin" / "python").exists():
        pytest.skip("no provider here: `make .tools/peers/.synced`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(VENV / "bin" / "python"), str(PROVIDER), str(port), CALLBACK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield f"http://127.0.0.1:{port}/o"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def node(pg: Embedded, issuer: str, clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    settings = {
        "oidc_issuer": issuer,
        "oidc_client_id": "tocsin",
        "oidc_client_secret": "the secret: of/this client",
        "oidc_name": "Our directory",
        "public_url": f"http://{HOST}",
    }
    with node_of(pg, tmp_path_factory.mktemp("home"), "sign_in_oidc", clock, **settings) as served:
        with served.store.connection() as connection:
            organisation = accounts.get(connection, "friend").organisation
            for name in PEOPLE:
                accounts.add(connection, Account(name, organisation))
        yield served


@pytest.fixture(autouse=True)
def _unbound(node: Node, clock: Clock) -> None:
    clock.moved = 0  # the provider's clock is the machine's
    with node.store.connection() as connection:
        connection.execute("DELETE FROM identity")
        connection.execute("DELETE FROM totp")
        connection.execute("UPDATE account SET disabled = false")


def subject_of(issuer: str, name: str) -> str:
    """The provider numbers its people in the order they were made."""
    return str(list(PEOPLE).index(name) + 1)


def bind(node: Node, issuer: str, account: str, subject: str = "") -> None:
    with node.store.connection() as connection:
        identities.bind(connection, account, issuer, subject or subject_of(issuer, account), now=1)


def there(answer: httpx.Response, name: str, at_provider: httpx.Client | None = None) -> str:
    """Log in at the provider as a browser would; return the path of the node that it sends back to."""
    assert answer.status_code == 200, answer.text
    target = answer.headers["refresh"].removeprefix("0; url=")
    assert target in unescape(answer.text)
    browser = at_provider or httpx.Client(timeout=30)
    try:
        page = browser.get(target)
        while page.status_code in (302, 303) or "csrfmiddlewaretoken" in page.text:
            if page.status_code in (302, 303):
                onward = str(page.url.join(page.headers["location"]))
                if onward.startswith(CALLBACK):
                    parts = urlsplit(onward)
                    return f"{parts.path}?{parts.query}"
                page = browser.get(onward)
                continue
            hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
            form = {name_: unescape(value) for name_, value in hidden.items()}
            page = browser.post(str(page.url), data=form | {"username": name, "password": PEOPLE[name]})
    finally:
        if at_provider is None:
            browser.close()
    raise AssertionError(f"the provider does not send back: {page.status_code} {page.text[:500]}")


def back(browser: httpx.Client, path: str) -> httpx.Response:
    return browser.get(path, headers={"Sec-Fetch-Site": "cross-site"})


def go_in(browser: httpx.Client, name: str, **more: str) -> httpx.Response:
    return back(browser, there(browser.post("/sign-in/provider", data=more), name))


@pytest.fixture
def browser(node: Node) -> Iterator[httpx.Client]:
    with browser_at(node, HOST) as made:
        yield made


@pytest.fixture
def other(node: Node) -> Iterator[httpx.Client]:
    with browser_at(node, HOST) as made:
        yield made


def test_who_is_bound_signs_in_and_out(node: Node, issuer: str, browser: httpx.Client) -> None:
    bind(node, issuer, "ann")
    assert "Sign in with Our directory" in browser.get("/sign-in").text
    answer = go_in(browser, "ann", next="/objects/x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/objects/x")
    assert "<h1>ann</h1>" in browser.get("/account").text
    left = browser.post("/sign-out")
    assert left.status_code == 200
    assert f"{issuer}/logout/?client_id=tocsin&amp;post_logout_redirect_uri=" in left.text
    assert not signed_in(browser)
    entry = next(each for each in noted(node, "sign-in") if each.principal == "ann")
    assert (entry.outcome, entry.detail["method"]) == ("opened", "oidc")


def test_nobody_comes_in_by_a_name_or_an_address(
    node: Node, issuer: str, browser: httpx.Client, other: httpx.Client
) -> None:
    """The account is called as the person is at the provider, and is not theirs until somebody says so."""
    unbound = go_in(browser, "ann")
    assert unbound.status_code == 401
    bind(node, issuer, "ann")
    with node.store.connection() as connection:
        accounts.disable(connection, "ann")
    shut_out = go_in(other, "ann")
    assert (shut_out.status_code, shut_out.content) == (unbound.status_code, unbound.content)
    assert not signed_in(browser)
    reasons = [each.detail["reason"] for each in noted(node, "sign-in") if each.outcome == "refused"]
    assert reasons[:2] == ["no account that may sign in is bound to 1"] * 2
    with node.store.connection() as connection:
        identities.unbind(connection, "ann", issuer, "1")
        accounts.disable(connection, "ann", disabled=False)
        identities.bind(connection, "ann", "https://another.example", "1", now=1)
    assert go_in(browser, "ann").status_code == 401  # the same subject of another issuer is somebody else


def test_a_code_holds_once_for_the_browser_that_asked_and_for_a_while(
    node: Node, issuer: str, clock: Clock, browser: httpx.Client, other: httpx.Client
) -> None:
    bind(node, issuer, "ann")
    path = there(browser.post("/sign-in/provider"), "ann")
    assert back(other, path).status_code == 401  # another browser has begun nothing
    other.post("/sign-in/provider")
    assert back(other, path).status_code == 401  # or something else
    step = browser.cookies["tocsin-step"]
    assert back(browser, path).status_code == 303
    browser.post("/sign-out")
    plant(browser, step, "tocsin-step")
    assert back(browser, path).status_code == 401
    # the provider itself takes no code twice, whoever brings it
    code = re.search(r"code=(\w+)", path)
    assert code is not None
    answer = other.post("/sign-in/provider")
    state = re.search(r"state=([\w-]+)", answer.headers["refresh"])
    assert state is not None
    assert back(other, f"/sign-in/return?code={code[1]}&state={state[1]}").status_code == 401
    late = there(browser.post("/sign-in/provider"), "ann")
    clock.forward(6 * 60)
    assert back(browser, late).status_code == 401
    assert not signed_in(browser)
    assert not signed_in(other)


def test_a_code_of_somebody_elses_login_is_not_taken(node: Node, issuer: str, other: httpx.Client) -> None:
    """PKCE and nonce: a code that was stolen on its way fits no question but its own."""
    bind(node, issuer, "ann")
    with browser_at(node, HOST) as victim:
        stolen = re.search(r"code=(\w+)", there(victim.post("/sign-in/provider"), "ann"))
    assert stolen is not None
    answer = other.post("/sign-in/provider")
    state = re.search(r"state=([\w-]+)", answer.headers["refresh"])
    assert state is not None
    assert back(other, f"/sign-in/return?code={stolen[1]}&state={state[1]}").status_code == 401


def test_a_person_binds_their_account_proves_and_unbinds(
    node: Node, issuer: str, clock: Clock, browser: httpx.Client, other: httpx.Client
) -> None:
    come_by_link(browser, node, "ann")
    answer = back(browser, there(browser.post("/account/identities"), "ann"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    # coming in by a provider that remembers the person is no fresh proof
    assert go_in(other, "ann").status_code == 303
    assert (
        other.get("/account/passkeys/new").headers["location"] == "/account/proof?next=/account/passkeys/new"
    )
    assert "Sign in at Our directory again" in other.get("/account/proof").text
    asked = other.post("/account/proof/provider", data={"next": "/account/passkeys/new"})
    assert "prompt=login" in asked.headers["refresh"]
    before = other.cookies["tocsin"]
    proved = back(other, there(asked, "ann"))
    assert (proved.status_code, proved.headers["location"]) == (303, "/account/passkeys/new")
    assert other.cookies["tocsin"] != before
    assert other.get("/account/passkeys/new").status_code == 200
    gone = {"issuer": issuer, "subject": "1"}
    with browser_at(node, HOST) as stranger:
        come_by_link(stranger, node, "ben")
        assert stranger.post("/account/identities/remove", data=gone).status_code == 404
    assert other.post("/account/identities/remove", data=gone).status_code == 303
    assert not signed_in(browser)  # other sessions end with a way to sign in
    assert go_in(browser, "ann").status_code == 401


def test_nobody_proves_or_binds_as_somebody_else(
    node: Node, issuer: str, clock: Clock, browser: httpx.Client
) -> None:
    bind(node, issuer, "ann")
    bind(node, issuer, "ben")
    come_by_link(browser, node, "ann")
    taken = back(browser, there(browser.post("/account/identities"), "ben"))
    assert taken.status_code == 403
    go_in(browser, "ann")
    wrong = back(browser, there(browser.post("/account/proof/provider"), "ben"))
    assert wrong.status_code == 403
    assert browser.get("/account/passkeys/new").status_code == 303
    with node.store.connection() as connection:
        assert [each.subject for each in identities.of(connection, "ann")] == ["1"]


def test_a_bind_that_another_session_began_binds_nothing(
    node: Node, issuer: str, browser: httpx.Client, other: httpx.Client
) -> None:
    """Whoever lures a victim into finishing what they began binds the victim's account to nothing of theirs."""
    come_by_link(other, node, "ben")
    path = there(other.post("/account/identities"), "ben")
    come_by_link(browser, node, "ann")
    plant(browser, other.cookies["tocsin-step"], "tocsin-step")
    assert back(browser, path).status_code == 401
    with node.store.connection() as connection:
        assert identities.of(connection, "ann") == []


def test_a_provider_that_answers_no_more_is_said_to_be_away(
    pg: Embedded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"oidc_issuer": "http://127.0.0.1:9/o", "oidc_client_id": "x", "public_url": f"http://{HOST}"}
    with (
        node_of(pg, tmp_path_factory.mktemp("home"), "sign_in_away", **settings) as alone,
        browser_at(alone, HOST) as stranger,
    ):
        assert stranger.get("/sign-in").status_code == 200
        assert stranger.post("/sign-in/provider").status_code == 503


def test_a_node_without_a_provider_has_none(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        node_of(pg, tmp_path_factory.mktemp("home"), "sign_in_none") as alone,
        browser_at(alone, HOST) as stranger,
    ):
        assert "/sign-in/provider" not in stranger.get("/sign-in").text
        assert stranger.post("/sign-in/provider").status_code == 404
        assert stranger.get("/sign-in/return").status_code == 404


def test_the_app_is_no_second_step_after_the_provider_which_asks_itself(
    node: Node, issuer: str, clock: Clock, browser: httpx.Client, other: httpx.Client
) -> None:
    bind(node, issuer, "ann")
    come_by_link(browser, node, "ann")
    set_up_app(browser, clock)
    assert go_in(other, "ann").headers["location"] == "/"
    assert signed_in(other)
