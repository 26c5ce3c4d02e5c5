"""Passkeys in a real Chromium, with the authenticator that it brings for tests (CDP `WebAuthn`), under the pages' own security policy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from serving import Node
from signing_in import invite, node_of
from tocsin.store.embedded import Embedded

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with node_of(pg, tmp_path_factory.mktemp("home"), "e2e_passkeys") as served:
        yield served


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


class Person:
    """Someone at a browser with an authenticator; `faults` holds what pages did that they should not."""

    def __init__(self, chromium: Any, node: Node) -> None:
        self.faults: list[str] = []
        self.context = chromium.new_context(base_url=f"http://localhost:{node.port}")
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

    def passkeys(self) -> int:
        asked = {"authenticatorId": self._authenticator}
        return len(self._cdp.send("WebAuthn.getCredentials", asked)["credentials"])


@pytest.fixture
def person(chromium: Any, node: Node) -> Iterator[Person]:
    made = Person(chromium, node)
    yield made
    made.context.close()
    assert made.faults == []


def test_a_person_makes_a_passkey_and_comes_back_with_it(person: Person, node: Node) -> None:
    page = person.page
    page.goto(f"/sign-in/link?code={invite(node, 'friend')}")
    page.click("main button")
    page.wait_for_url("**/account")
    page.click("text=Add a passkey")
    page.fill("#name", "virtual")
    page.click("main button")
    page.wait_for_url("**/account")
    assert "virtual" in page.text_content("main")
    assert person.passkeys() == 1
    page.evaluate("() => document.querySelector('form[action=\"/sign-out\"]').requestSubmit()")
    page.wait_for_url("**/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_url(f"http://localhost:{node.port}/")
    page.goto("/account/proof?next=/account/passkeys/new")
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


def test_other_pages_do_not_load_the_script(person: Person, node: Node) -> None:
    page = person.page
    page.goto("/")
    assert page.locator("script[src*=passkey]").count() == 0
    page.goto("/sign-in")
    assert page.locator("script[src*=passkey]").count() == 1
