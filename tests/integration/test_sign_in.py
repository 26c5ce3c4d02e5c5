"""Signing in: passkeys, links, the code of an app, tokens; and how each is attacked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from serving import Node
from signing_in import (
    Clock,
    add_passkey,
    authenticator_at,
    browser_at,
    come_by_link,
    invite,
    node_of,
    noted,
    plant,
    set_up_app,
    signed_in,
    use_passkey,
)
from tocsin.store import accounts, passkeys, sessions, totp
from tocsin.store.accounts import Account
from tocsin.store.embedded import Embedded

MINUTE, HOUR = 60, 3600
_COUNT = iter(range(1000))


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def node(pg: Embedded, clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with node_of(pg, tmp_path_factory.mktemp("home"), "sign_in", clock) as served:
        yield served


@pytest.fixture
def who(node: Node) -> str:
    """A new account of another organisation."""
    name = f"ann{next(_COUNT)}"
    with node.store.connection() as connection:
        organisation = accounts.get(connection, "friend").organisation
        accounts.add(connection, Account(name, organisation))
    return name


@pytest.fixture
def browser(node: Node) -> Iterator[httpx.Client]:
    with browser_at(node) as made:
        yield made


@pytest.fixture
def other(node: Node) -> Iterator[httpx.Client]:
    with browser_at(node) as made:
        yield made


# passkeys


def test_a_person_adds_a_passkey_and_signs_in_with_it(
    node: Node, who: str, browser: httpx.Client, other: httpx.Client
) -> None:
    device = authenticator_at(node)
    come_by_link(browser, node, who)
    assert add_passkey(browser, device, "my laptop").headers["location"] == "/account"
    assert "my laptop" in browser.get("/account").text
    answer = use_passkey(other, device, next="/objects/x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/objects/x")
    assert f"<h1>{who}</h1>" in other.get("/account").text
    entries = [each for each in noted(node, "sign-in") if each.principal == who]
    assert [(each.outcome, each.detail["method"]) for each in entries] == [
        ("opened", "passkey"),
        ("opened", "link"),
    ]


def test_a_passkey_is_told_of_no_name_and_no_other_credential(
    node: Node, who: str, browser: httpx.Client, other: httpx.Client
) -> None:
    come_by_link(browser, node, who)
    asked = json.loads(browser.post("/account/passkeys/options").text)
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["rp"]["id"] == "localhost"
    assert who.encode() not in json.dumps(asked["user"]["id"]).encode()
    offered = json.loads(other.post("/sign-in/passkey/options").text)
    assert offered["userVerification"] == "required"
    assert offered.get("allowCredentials", []) == []


@pytest.mark.parametrize(
    "attack",
    [
        "another origin",
        "another node's name",
        "no person",
        "old challenge",
        "challenge twice",
        "another's challenge",
        "unknown key",
        "copied key",
        "another's handle",
        "no handle",
        "removed",
        "disabled",
        "signature",
        "no JSON",
        "deep JSON",
        "empty",
    ],
)
def test_what_a_passkey_did_not_sign_here_and_now_opens_nothing(
    node: Node, who: str, browser: httpx.Client, other: httpx.Client, attack: str
) -> None:
    """Each is refused with the same bytes as a passkey that nobody has registered."""
    device = authenticator_at(node)
    come_by_link(browser, node, who)
    assert add_passkey(browser, device).status_code == 303
    options = json.loads(other.post("/sign-in/passkey/options").text)
    key = device.credentials[0]
    if attack == "another origin":
        device.origin = "https://evil.example"
    elif attack == "another node's name":
        key.rp = options["rpId"] = "evil.example"
    elif attack == "no person":
        device.verifies = False
    elif attack == "unknown key":
        key.id = b"\0" * 32
    elif attack == "another's handle":
        key.handle = b"\1" * 32
    elif attack == "copied key":
        key.counter = 10
        assert use_passkey(other, device).status_code == 303
        other.post("/sign-out")
        options = json.loads(other.post("/sign-in/passkey/options").text)
        key.counter = 5
    credential = device.get(options)
    if attack == "challenge twice":
        step = other.cookies["tocsin-step"]
        assert other.post("/sign-in/passkey", data={"credential": credential}).status_code == 303
        other.post("/sign-out")
        plant(other, step, "tocsin-step")
    elif attack == "another's challenge":
        other.post("/sign-in/passkey/options")
    elif attack == "old challenge":
        node.store.clock.forward(6 * MINUTE)
    elif attack == "no handle":
        document = json.loads(credential)
        del document["response"]["userHandle"]
        credential = json.dumps(document)
    elif attack == "removed":
        with node.store.connection() as connection:
            passkeys.remove(connection, who, key.id)
    elif attack == "disabled":
        with node.store.connection() as connection:
            accounts.disable(connection, who)
    elif attack == "signature":
        document = json.loads(credential)
        document["response"]["signature"] = document["response"]["signature"][:-4] + "AAAA"
        credential = json.dumps(document)
    elif attack in {"no JSON", "deep JSON", "empty"}:
        credential = {"no JSON": "{", "deep JSON": "[" * 9000, "empty": ""}[attack]
    answer = other.post("/sign-in/passkey", data={"credential": credential})
    assert answer.status_code == 401
    assert not signed_in(other)
    stranger = authenticator_at(node)
    stranger.create({"rp": {"id": "localhost"}, "user": {"id": "AAAA"}, "challenge": "AAAA"})
    unknown = use_passkey(other, stranger)
    assert (unknown.status_code, unknown.content) == (answer.status_code, answer.content)


def test_an_unknown_passkey_costs_the_same_work(
    node: Node, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard: the key of nobody in `identity.passkeys`."""
    import webauthn

    verified = []
    real = webauthn.verify_authentication_response

    def counted(**arguments: object) -> object:
        verified.append(arguments["credential_public_key"])
        return real(**arguments)

    monkeypatch.setattr(webauthn, "verify_authentication_response", counted)
    stranger = authenticator_at(node)
    stranger.create({"rp": {"id": "localhost"}, "user": {"id": "AAAA"}, "challenge": "AAAA"})
    assert use_passkey(browser, stranger).status_code == 401
    assert len(verified) == 1


def test_an_authenticator_that_keeps_no_count_signs_in_again_and_again(
    node: Node, who: str, browser: httpx.Client, other: httpx.Client
) -> None:
    device = authenticator_at(node, counts=False)
    come_by_link(browser, node, who)
    add_passkey(browser, device)
    for _ in range(2):
        assert use_passkey(other, device).status_code == 303


@pytest.mark.parametrize(
    "attack", ["challenge of sign-in", "another session", "no person", "twice", "no name"]
)
def test_what_an_authenticator_did_not_make_for_this_person_is_not_kept(
    node: Node, who: str, browser: httpx.Client, other: httpx.Client, attack: str
) -> None:
    device = authenticator_at(node, verifies=attack != "no person")
    come_by_link(browser, node, who)
    options = json.loads(browser.post("/account/passkeys/options").text)
    taking, credential = browser, device.create(options)
    if attack == "challenge of sign-in":
        browser.post("/sign-in/passkey/options")
    elif attack == "another session":
        come_by_link(other, node, who)
        plant(other, browser.cookies["tocsin-step"], "tocsin-step")
        taking = other
    elif attack == "twice":
        form = {"name": "key", "credential": credential}
        assert browser.post("/account/passkeys", data=form).status_code == 303
    name = "" if attack == "no name" else "key"
    answer = taking.post("/account/passkeys", data={"name": name, "credential": credential})
    assert answer.status_code == 422
    with node.store.connection() as connection:
        assert len(passkeys.of(connection, who)) == (1 if attack == "twice" else 0)


def test_bare_addresses_have_no_passkeys(node: Node, who: str, browser: httpx.Client) -> None:
    with browser_at(node, "127.0.0.1") as bare:
        assert "passkey" not in bare.get("/sign-in").text
    assert "data-passkey" in browser.get("/sign-in").text


def test_removing_a_passkey_ends_other_sessions_and_is_nobody_elses_to_do(
    node: Node, who: str, browser: httpx.Client, other: httpx.Client
) -> None:
    device = authenticator_at(node)
    come_by_link(browser, node, who)
    add_passkey(browser, device)
    assert use_passkey(other, device).status_code == 303
    name = device.credentials[0].id.hex()
    with node.browser("own") as stranger:
        assert stranger.post("/account/passkeys/remove", data={"passkey": name}).status_code == 404
    assert browser.post("/account/passkeys/remove", data={"passkey": "x"}).status_code == 404
    assert browser.post("/account/passkeys/remove", data={"passkey": name}).status_code == 303
    assert signed_in(browser)
    assert not signed_in(other)


# links, tokens and the code of an app


def test_a_link_is_good_once_for_a_while_and_for_who_is_not_shut_out(
    node: Node, who: str, clock: Clock, browser: httpx.Client
) -> None:
    def refused(code: str) -> bytes:
        answer = browser.post("/sign-in/link", data={"code": code})
        assert answer.status_code == 401
        return answer.content

    used = invite(node, who)
    assert browser.get(f"/sign-in/link?code={used}").status_code == 200  # a preview uses nothing up
    assert browser.post("/sign-in/link", data={"code": used}).status_code == 303
    browser.post("/sign-out")
    replaced, newer = invite(node, who), invite(node, who)
    late = [refused(used), refused(replaced), refused("nonsense")]
    clock.forward(61 * MINUTE)
    late.append(refused(newer))
    shut = invite(node, who)
    with node.store.connection() as connection:
        accounts.disable(connection, who)
    late.append(refused(shut))
    assert len(set(late)) == 1


def test_every_token_that_does_not_hold_is_told_the_same(
    node: Node, who: str, clock: Clock, browser: httpx.Client
) -> None:
    with node.store.connection() as connection:
        made = {
            name: accounts.issue(connection, who, ("taxii:read",), now=clock(), days=1)
            for name in ("revoked", "expired", "disabled")
        }
        accounts.revoke(connection, made["revoked"][1].id)
        connection.execute("UPDATE token SET expires = 1 WHERE id = %s", (made["expired"][1].id,))
        accounts.disable(connection, who)
    told = {
        (answer.status_code, answer.content, tuple(sorted(answer.headers)))
        for secret in (*(secret for secret, _ in made.values()), "toc_unknown", "", "\0")
        for answer in [browser.post("/sign-in", data={"token": secret})]
    }
    assert len(told) == 1
    assert next(iter(told))[0] == 401


def test_who_has_an_app_is_asked_for_its_code_after_the_link(
    node: Node, who: str, clock: Clock, browser: httpx.Client, other: httpx.Client
) -> None:
    come_by_link(browser, node, who)
    app, recovery = set_up_app(browser, clock)
    assert len(recovery) == 10
    clock.forward(60)
    answer = other.post("/sign-in/link", data={"code": invite(node, who)})
    assert answer.headers["location"] == "/sign-in/second"
    assert not signed_in(other)
    assert other.get("/sign-in/second").status_code == 200
    code = app.code()
    answer = other.post("/sign-in/second", data={"code": f"{code[:3]} {code[3:]}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert signed_in(other)
    # a code that was seen over a shoulder is worth nothing, in another session neither
    with browser_at(node) as thief:
        thief.post("/sign-in/link", data={"code": invite(node, who)})
        assert thief.post("/sign-in/second", data={"code": code}).status_code == 401
        assert thief.post("/sign-in/second", data={"code": app.code(1)}).status_code == 303


def test_a_recovery_code_stands_in_once(node: Node, who: str, clock: Clock, browser: httpx.Client) -> None:
    come_by_link(browser, node, who)
    _, recovery = set_up_app(browser, clock)
    for status in (303, 401):
        browser.post("/sign-in/link", data={"code": invite(node, who)})
        answer = browser.post("/sign-in/second", data={"code": recovery[0].upper()})
        assert answer.status_code == status
    newer = re.findall(r"<li><code>([a-z2-7-]+)</code></li>", _renewed(browser, recovery[1]))
    assert len(newer) == 10
    assert not set(newer) & set(recovery)


def _renewed(browser: httpx.Client, code: str) -> str:
    assert browser.post("/sign-in/second", data={"code": code}).status_code == 303
    return browser.post("/account/app/recovery").text


def test_the_second_step_alone_opens_nothing(
    node: Node, who: str, clock: Clock, browser: httpx.Client, other: httpx.Client
) -> None:
    come_by_link(browser, node, who)
    app, _ = set_up_app(browser, clock)
    clock.forward(60)
    assert other.get("/sign-in/second").status_code == 303
    assert other.post("/sign-in/second", data={"code": app.code()}).status_code == 401
    # nor does one that took too long
    other.post("/sign-in/link", data={"code": invite(node, who)})
    clock.forward(6 * MINUTE)
    assert other.post("/sign-in/second", data={"code": app.code()}).status_code == 401
    assert not signed_in(other)


def test_guessing_codes_takes_longer_each_time(
    node: Node, who: str, clock: Clock, browser: httpx.Client
) -> None:
    """Across sessions, addresses and processes: the count is the account's, in the database."""
    come_by_link(browser, node, who)
    app, recovery = set_up_app(browser, clock)
    clock.forward(60)

    def guess(code: str) -> httpx.Response:
        with browser_at(node) as fresh:
            assert fresh.post("/sign-in/link", data={"code": invite(node, who)}).status_code == 303
            return fresh.post("/sign-in/second", data={"code": code})

    for _ in range(5):
        assert guess(app.wrong()).status_code == 401
    refused = guess(app.code())
    assert refused.status_code == 401  # right, and too early
    assert "Wait" in refused.text
    assert guess(recovery[0]).status_code == 401
    clock.forward(31)
    assert guess(app.wrong()).status_code == 401
    clock.forward(31)
    assert guess(app.code()).status_code == 401  # the sixth failure makes it a minute
    clock.forward(31)
    assert guess(app.code()).status_code == 303
    assert guess(app.wrong()).status_code == 401
    clock.forward(31)
    assert guess(app.code()).status_code == 303  # one that holds begins anew


def test_an_address_that_fails_often_waits(node: Node, browser: httpx.Client) -> None:
    statuses = [browser.post("/sign-in/link", data={"code": f"x{n}"}).status_code for n in range(22)]
    assert statuses == [401] * 20 + [429] * 2
    assert browser.post("/sign-in/passkey", data={}).status_code == 429
    assert browser.post("/sign-in/second", data={}).status_code == 429
    assert browser.get("/sign-in/return?state=x").status_code == 429


def test_strangers_do_not_fill_the_database(node: Node, browser: httpx.Client) -> None:
    statuses = [browser.post("/sign-in/passkey/options").status_code for _ in range(62)]
    assert statuses == [200] * 60 + [429] * 2


def test_an_app_is_set_up_with_a_code_and_one_at_a_time(
    node: Node, who: str, clock: Clock, browser: httpx.Client
) -> None:
    come_by_link(browser, node, who)
    page = browser.post("/account/app/new")
    assert "<svg" in page.text
    assert "style=" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert browser.post("/account/app", data={"code": "000000x"}).status_code == 422
    with node.store.connection() as connection:
        assert not totp.enrolled(connection, who)
    set_up_app(browser, clock)
    assert browser.post("/account/app/new").status_code == 409
    assert browser.post("/account/app/remove").status_code == 303
    with node.store.connection() as connection:
        assert not totp.enrolled(connection, who)


def test_strangers_cannot_be_told_from_each_other(node: Node, who: str) -> None:
    """No field takes the name of an account: there is nothing to enumerate with."""
    with browser_at(node) as stranger:
        for path in ("/sign-in", "/sign-in/link"):
            main = stranger.get(path).text.partition("<main")[2]
            names = set(re.findall(r'name="(\w+)"', main))
            assert names <= {"next", "credential", "token", "code"}, names


# sessions


def test_signing_in_never_takes_over_a_session_that_was_there(
    node: Node, who: str, browser: httpx.Client, other: httpx.Client
) -> None:
    """Fixation: whoever planted a cookie has nothing, be it made up or of a session of theirs, which is over."""
    plant(browser, "planted")
    come_by_link(browser, node, who)
    assert browser.cookies["tocsin"] != "planted"
    plant(other, "planted")
    assert not signed_in(other)
    with browser_at(node) as thief:
        come_by_link(thief, node, "stranger")
        with browser_at(node) as victim:
            plant(victim, thief.cookies["tocsin"])
            come_by_link(victim, node, who)
            assert victim.cookies["tocsin"] != thief.cookies["tocsin"]
            assert f"<h1>{who}</h1>" in victim.get("/account").text
        assert not signed_in(thief)


def test_the_secret_changes_with_a_new_sign_in_and_with_a_proof(
    node: Node, who: str, clock: Clock, browser: httpx.Client
) -> None:
    device = authenticator_at(node)
    come_by_link(browser, node, who)
    add_passkey(browser, device)
    before = browser.cookies["tocsin"]
    assert use_passkey(browser, device).status_code == 303
    between = browser.cookies["tocsin"]
    options = json.loads(browser.post("/account/proof/passkey/options").text)
    proof = browser.post("/account/proof/passkey", data={"credential": device.get(options)})
    assert proof.status_code == 303
    after = browser.cookies["tocsin"]
    assert len({before, between, after}) == 3
    for old in (before, between):
        with browser_at(node) as thief:
            plant(thief, old)
            assert not signed_in(thief)
    with node.store.connection() as connection:
        assert len(sessions.of(connection, who, now=clock())) == 1


def test_a_session_ends_after_silence_after_its_life_and_at_once_with_its_account(
    node: Node, who: str, clock: Clock, browser: httpx.Client, other: httpx.Client
) -> None:
    come_by_link(browser, node, who)
    for _ in range(14):
        clock.forward(50 * MINUTE)
        assert signed_in(browser)
    clock.forward(50 * MINUTE)
    assert not signed_in(browser)  # 12 hours, however busy
    come_by_link(browser, node, who)
    clock.forward(HOUR + 1)
    assert not signed_in(browser)
    come_by_link(browser, node, who)
    with node.store.connection() as connection:
        accounts.disable(connection, who)
        assert not signed_in(browser)
        accounts.disable(connection, who, disabled=False)
    assert not signed_in(browser)  # it does not come back to life


def test_a_session_permits_what_its_token_permits_and_ends_with_it(node: Node, clock: Clock) -> None:
    with node.store.connection() as connection:
        secret, token = accounts.issue(connection, "own", ("taxii:read",), now=clock())
    with browser_at(node) as reader:
        assert reader.post("/sign-in", data={"token": secret}).status_code == 303
        with node.store.connection() as connection:
            principal, _, _ = sessions.recognise(connection, reader.cookies["tocsin"], now=clock())
        assert principal.scopes == ("taxii:read",)
        # nor does it make itself wider than the token
        for path in (
            "/account/passkeys/options",
            "/account/app/new",
            "/account/app/remove",
            "/account/tokens/revoke",
        ):
            assert reader.post(path).status_code == 403
        assert reader.get("/account/passkeys/new").status_code == 403
        wider = reader.post("/account/tokens", data={"scope": "admin", "days": "7"})
        assert wider.status_code == 403
        with node.store.connection() as connection:
            accounts.revoke(connection, token.id)
        assert not signed_in(reader)


def test_a_person_ends_a_session_and_nobody_elses(
    node: Node, who: str, clock: Clock, browser: httpx.Client, other: httpx.Client
) -> None:
    come_by_link(browser, node, who)
    come_by_link(other, node, who)
    with node.store.connection() as connection:
        newest = sessions.of(connection, who, now=clock())[0]
    with node.browser("friend") as stranger:
        assert stranger.post("/account/sessions/end", data={"session": newest.id}).status_code == 404
    assert signed_in(other)
    assert browser.post("/account/sessions/end", data={"session": newest.id}).status_code == 303
    assert not signed_in(other)
    assert signed_in(browser)


# proof


def test_dangerous_acts_ask_for_a_fresh_proof_and_come_back(
    node: Node, who: str, clock: Clock, browser: httpx.Client
) -> None:
    come_by_link(browser, node, who)
    app, _ = set_up_app(browser, clock)
    clock.forward(11 * MINUTE)
    acts = {
        "/account/passkeys/options": "/account/passkeys/new",
        "/account/passkeys": "/account/passkeys/new",
        "/account/passkeys/remove": "/account",
        "/account/app/new": "/account",
        "/account/app": "/account",
        "/account/app/remove": "/account",
        "/account/app/recovery": "/account",
        "/account/identities": "/account",
        "/account/identities/remove": "/account",
        "/account/tokens": "/account/tokens",
        "/account/sessions/end": "/account",
    }
    for path, back in acts.items():
        answer = browser.post(path, data={"session": "others"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/account/proof?next={back}")
    path = "/account/passkeys/new"
    assert browser.get(path).headers["location"] == f"/account/proof?next={path}"
    assert 'name="code"' in browser.get("/account/proof?next=/account/passkeys/new").text
    assert browser.post("/account/proof", data={"code": app.wrong()}).status_code == 403
    # the token of the first days is no proof once there is something better
    assert browser.post("/account/proof", data={"token": node.tokens["friend"]}).status_code == 403
    answer = browser.post("/account/proof", data={"code": app.code(), "next": "/account/passkeys/new"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/passkeys/new")
    assert browser.get("/account/passkeys/new").status_code == 200
    assert browser.post("/account/app/remove").status_code == 303
    entries = [
        (each.outcome, each.detail["method"]) for each in noted(node, "proof") if each.principal == who
    ]
    assert entries == [("held", "totp"), ("refused", "token"), ("refused", "totp")]


def test_who_has_a_passkey_proves_with_it_and_not_with_a_token(
    node: Node, who: str, clock: Clock, browser: httpx.Client, other: httpx.Client
) -> None:
    device = authenticator_at(node)
    come_by_link(browser, node, who)
    add_passkey(browser, device)
    with node.store.connection() as connection:
        secret, _ = accounts.issue(connection, who, ("taxii:read", "taxii:write"), now=clock())
    other.post("/sign-in", data={"token": secret})
    assert signed_in(other)
    assert other.get("/account/passkeys/new").status_code == 303
    page = other.get("/account/proof").text
    assert "/account/proof/passkey" in page
    assert 'name="token"' not in page
    assert other.post("/account/proof", data={"token": secret}).status_code == 403
    options = json.loads(other.post("/account/proof/passkey/options").text)
    assert len(options["allowCredentials"]) == 1
    stranger = authenticator_at(node)
    stranger.create({"rp": {"id": "localhost"}, "user": {"id": "AAAA"}, "challenge": "AAAA"})
    for wrong in (stranger.get(options, stranger.credentials[0]), "{}", ""):
        refused = other.post("/account/proof/passkey", data={"credential": wrong})
        assert refused.status_code == 403
    options = json.loads(other.post("/account/proof/passkey/options").text)
    assert other.post("/account/proof/passkey", data={"credential": device.get(options)}).status_code == 303
    assert other.get("/account/passkeys/new").status_code == 200


def test_who_has_nothing_better_proves_with_their_own_token(node: Node, who: str, clock: Clock) -> None:
    with node.store.connection() as connection:
        secret, _ = accounts.issue(connection, who, ("taxii:read", "taxii:write"), now=clock())
        narrow, _ = accounts.issue(connection, who, ("taxii:read",), now=clock())
    with browser_at(node) as person:
        person.post("/sign-in", data={"token": secret})
        assert person.get("/account/passkeys/new").status_code == 200  # just now is fresh
        clock.forward(11 * MINUTE)
        for wrong in (node.tokens["friend"], narrow, "", "x"):
            assert person.post("/account/proof", data={"token": wrong}).status_code == 403
        assert person.post("/account/proof", data={"token": secret}).status_code == 303
        assert person.get("/account/passkeys/new").status_code == 200


# tokens


def test_a_person_makes_and_revokes_their_own_tokens(node: Node, who: str, browser: httpx.Client) -> None:
    come_by_link(browser, node, who)
    answer = browser.post("/account/tokens", data={"scope": ["taxii:read"], "days": "30"})
    secret = re.search(r"toc_[\w-]+", answer.text)
    assert secret is not None
    assert answer.headers["cache-control"] == "no-store"
    assert secret[0] not in browser.get("/account/tokens").text
    call = {"Authorization": f"Bearer {secret[0]}", "Accept": "application/taxii+json;version=2.1"}
    assert httpx.get(f"{node.url}/taxii2/", headers=call).status_code == 200
    low = {"scope": "taxii:read", "days": "7", "ceiling": "green"}
    assert "TLP:GREEN" in browser.post("/account/tokens", data=low).text
    with node.store.connection() as connection:
        narrow = next(each for each in accounts.tokens(connection, who) if each.ceiling)
        accounts.revoke(connection, narrow.id)
    for wrong in (
        {"scope": "admin", "days": "30"},
        {"days": "30"},
        {"scope": "taxii:read", "days": "5000"},
        low | {"ceiling": "purple"},
    ):
        assert browser.post("/account/tokens", data=wrong).status_code == 422
    with node.store.connection() as connection:
        (mine,) = (each for each in accounts.tokens(connection, who) if not each.revoked)
        theirs = accounts.tokens(connection, "own")[0]
    assert browser.post("/account/tokens/revoke", data={"token": theirs.id}).status_code == 404
    assert browser.post("/account/tokens/revoke", data={"token": mine.id}).status_code == 303
    assert httpx.get(f"{node.url}/taxii2/", headers=call).status_code == 401


# forms of others


def test_no_form_of_sign_in_or_account_is_taken_from_another_site(node: Node, browser: httpx.Client) -> None:
    from tocsin.server.pages.page import pages

    posts = [post for page in pages() if page.name in {"sign-in", "account"} for post in page.posts]
    assert len(posts) > 20
    come_by_link(browser, node, "friend")
    for post in posts:
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example"},
        ):
            assert browser.post(post.path, headers=headers).status_code == 403, post.path
    assert signed_in(browser)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"]
)
def test_nobody_is_sent_elsewhere_by_any_way_in(
    node: Node, who: str, clock: Clock, browser: httpx.Client, target: str
) -> None:
    device = authenticator_at(node)
    come_by_link(browser, node, who)
    add_passkey(browser, device)
    app, _ = set_up_app(browser, clock)
    clock.forward(60)
    proof = browser.post("/account/proof", data={"code": app.code(), "next": target})
    signed = use_passkey(browser, device, next=target)
    assert {proof.headers["location"], signed.headers["location"]} == {"/"}
    assert target not in browser.get("/account/proof", params={"next": target}).text
