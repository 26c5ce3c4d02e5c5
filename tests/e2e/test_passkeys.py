"""Passkeys in a real Chromium, with the authenticator that it brings for tests (CDP `WebAuthn`), under the pages' own security policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser

from e2e.browsing import AXE, RULES
from serving import Node
from signing_in import invite, node_of
from tocsin.store.embedded import Embedded


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with node_of(pg, tmp_path_factory.mktemp("home"), "e2e_passkeys") as served:
        yield served


class Person:
    """Someone at a browser with an authenticator; `faults` holds what pages did that they should not."""

    def __init__(self, browser: Browser, node: Node) -> None:
        self.faults: list[str] = []
        self.context = browser.new_context(base_url=f"http://localhost:{node.port}")
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self._cdp = self.context.new_cdp_session(self.page)
        self._cdp.send("WebAuthn.enable")
        made = self._cdp.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self._authenticator = made["authenticatorId"]

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.faults.append(message.text)

    def is_someone_else(self) -> None:
        """The authenticator recognises the finger no longer."""
        self._cdp.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self._authenticator, "isUserVerified": False}
        )

    def check(self) -> None:
        """What axe-core finds on the page that is open is a fault: also on those that only a form leads to."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        asked = "(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })"
        found = self.page.evaluate(asked, RULES)["violations"]
        path = self.page.url
        self.faults += [f"{path} {each['id']}: {node['target']}" for each in found for node in each["nodes"]]

    def passkeys(self) -> int:
        asked = {"authenticatorId": self._authenticator}
        return len(self._cdp.send("WebAuthn.getCredentials", asked)["credentials"])


@pytest.fixture
def person(browser: Browser, node: Node) -> Iterator[Person]:
    made = Person(browser, node)
    yield made
    made.context.close()
    assert made.faults == []


def test_a_person_makes_a_passkey_and_comes_back_with_it(person: Person, node: Node) -> None:
    page = person.page
    page.goto(f"/sign-in/link?code={invite(node, 'friend')}")
    person.check()
    page.click("main button")
    page.wait_for_url("**/account")
    page.click("text=Add a passkey")
    person.check()
    page.fill("#name", "virtual")
    page.click("main button")
    page.wait_for_url("**/account")
    assert "virtual" in page.text_content("main")
    assert person.passkeys() == 1
    person.check()
    page.evaluate("() => document.querySelector('form[action=\"/sign-out\"]').requestSubmit()")
    page.wait_for_url("**/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_url(f"http://localhost:{node.port}/")
    page.goto("/account/proof?next=/account/passkeys/new")
    person.check()
    page.click("text=Use a passkey")
    page.wait_for_url("**/account/passkeys/new")
    # the authenticator has one already and makes no second: the page says so and stays
    page.fill("#name", "again")
    page.click("main button")
    page.wait_for_selector("[role=alert]:not([hidden])")
    assert person.passkeys() == 1


def test_without_the_person_the_device_signs_nothing(person: Person, node: Node) -> None:
    page = person.page
    page.goto(f"/sign-in/link?code={invite(node, 'stranger')}")
    page.click("main button")
    page.wait_for_url("**/account")
    page.goto("/account/passkeys/new")
    page.fill("#name", "virtual")
    page.click("main button")
    page.wait_for_url("**/account")
    person.context.clear_cookies()
    person.is_someone_else()
    page.goto("/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("[role=alert]:not([hidden])")
    assert page.goto("/account").url.endswith("/sign-in?next=/account")


def test_what_is_shown_once_can_be_read_by_everyone(person: Person, node: Node) -> None:
    page = person.page
    page.goto(f"/sign-in/link?code={invite(node, 'own')}")
    page.click("main button")
    page.wait_for_url("**/account")
    page.click("text=Set up an app")
    secret = page.text_content("figcaption code")
    person.check()
    page.fill("#code", "12")
    page.click("main form button")
    page.wait_for_selector("main [role=alert]")
    person.check()
    page.fill("#code", pyotp.TOTP(secret.replace(" ", "")).now())
    page.click("main form button")
    page.wait_for_selector("text=I have kept them")
    person.check()
    page.goto("/account/tokens")
    page.click("main form button >> nth=-1")
    page.wait_for_selector("main [role=status]")
    person.check()
    person.context.clear_cookies()
    page.goto(f"/sign-in/link?code={invite(node, 'own')}")
    page.click("main button")
    page.wait_for_url("**/sign-in/second")
    person.check()


def test_other_pages_do_not_load_the_script(person: Person, node: Node) -> None:
    page = person.page
    page.goto("/")
    assert page.locator("script[src*=passkey]").count() == 0
    page.goto("/sign-in")
    assert page.locator("script[src*=passkey]").count() == 1
