"""People who work at once: what one does the other sees, or is told of; nobody's work is lost. And a hundred decisions with a key each."""

from __future__ import annotations

import itertools
import re

import pytest
from playwright.sync_api import Browser, expect

from e2e.browsing import visiting
from e2e.world import SEEN
from factories import IMPORT, OWN, indicator, place
from serving import Node
from tocsin.stix.markings import TLP
from tocsin.store import accounts, alerts, collections, labels, objects
from tocsin.store.accounts import SCOPES, Account

_NARROW = (
    '@id("no-xz") @title("Nothing goes to XZ") @cite("Board") forbid (principal, action in [Action::"receive", Action::"see_metadata"], resource) '
    'when { principal.country == "XZ" } unless { principal.own || resource.owner == context.recipient };'
)

_NUMBERS = itertools.count(1)


def _raise(node: Node, count: int) -> list[str]:
    """Have `count` alerts wait; return what they are about."""
    with node.store.connection() as connection:
        intel = collections.get(connection, "intel")
    first = next(_NUMBERS) * 1000
    made = [indicator(first + n, tlp=TLP.GREEN, name=f"Sign {n}") for n in range(count)]
    objects.put(node.store, intel.id, [place(each, owner=OWN.id) for each in made], origin=IMPORT)
    with node.store.transaction() as connection:
        now, label = node.store.clock(), min(labels.everything(connection))
        new = [alerts.New(each["id"], label, OWN.id, beyond=1, first=now, last=now) for each in made]
        alerts.record(connection, new, now=now, again=False)
    return [each["id"] for each in made]


def test_a_hundred_alerts_take_a_key_each(browser: Browser, node: Node) -> None:
    """Nothing but keys: j and k, a key that decides and leads to the next, undo, and several at once."""
    made = _raise(node, 100)
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/triage")
        rows = page.locator("table.triage > tbody > tr input[type=checkbox]:visible")
        here = page.locator("tr.here a").first
        pressed = 0

        def press(*keys: str) -> None:
            nonlocal pressed
            for key in keys:
                page.keyboard.press(key)
                pressed += 1

        def undo() -> None:
            with page.expect_navigation():
                press("u")
            page.locator("html.lively").wait_for(state="attached")

        expect(rows).to_have_count(100)
        press("j", "j", "k")
        first = here.inner_text()
        press("e")
        expect(here).not_to_have_text(first)
        undo()
        expect(here).to_have_text(first)
        press("s")
        undo()
        press("x", "j", "x", "j", "x")  # three at once
        with page.expect_navigation():
            press("f")
        page.locator("html.lively").wait_for(state="attached")
        press("a")  # it stays, marked, and the keys are at the next
        expect(page.get_by_text("acknowledged", exact=True)).to_have_count(1)
        for _ in range(98):  # these hundred and one that was there, without the three
            if "a friend warns of" in here.inner_text():  # the last row is a proposal
                press("k")
            press("e")
        press("f")
        expect(page.get_by_text("Nothing waits for you")).to_be_visible(timeout=60_000)
    assert pressed <= 1.2 * len(made)
    with node.store.connection() as connection:
        left = connection.execute(
            "SELECT verdict, count(*) FROM alert WHERE indicator = ANY(%s) GROUP BY verdict", (made,)
        ).fetchall()
    assert dict(left) == {"true-positive": 97, "false-positive": 3}


def test_two_who_change_one_object_lose_nothing(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as first, visiting(browser, node, "own") as second:
        for each in (first, second):
            each.go(f"/objects/{SEEN}/change")
        for each, name in ((first, "Name of the first"), (second, "Name of the second")):
            field = each.page.locator("textarea[name=json]")
            field.fill(field.input_value().replace("Sign-in page that collects one-time codes", name))
        first.page.get_by_role("button", name="Keep as a new version").click()
        expect(first.page).to_have_url(re.compile("/versions$"))
        second.page.get_by_role("button", name="Keep as a new version").click()
        expect(second.page.get_by_role("alert")).to_contain_text("newer version")
        expect(second.page.locator("textarea[name=json]")).to_have_value(re.compile("Name of the second"))
        second.go(f"/objects/{SEEN}")
        expect(second.page.get_by_role("heading", level=1)).to_have_text("Name of the first")


@pytest.fixture(scope="module")
def second(node: Node) -> str:
    """Another administrator of the same organisation."""
    with node.store.connection() as connection:
        accounts.add(connection, Account("second", OWN.id, administrator=True, created=1))
        node.tokens["second"], _ = accounts.issue(connection, "second", SCOPES, now=node.store.clock())
    return "second"


def test_what_one_decides_the_other_is_told_and_cannot_decide_again(
    browser: Browser, node: Node, second: str
) -> None:
    (about,) = _raise(node, 1)
    with visiting(browser, node, "own") as one, visiting(browser, node, second) as other:
        for each in (one, other):
            each.go("/triage")
            expect(each.page.locator("tr", has_text="Sign 0")).to_have_count(1)
        one.page.keyboard.press("j")
        one.page.keyboard.press("f")
        expect(one.page.get_by_text("Decided", exact=True)).to_be_visible()
        other.page.keyboard.press("j")
        other.page.keyboard.press("e")
        expect(other.page.get_by_role("alert")).to_contain_text(
            "own has decided meanwhile: it is closed as false-positive"
        )
        expect(other.page.locator("tr", has_text="Sign 0")).to_have_count(0)
    with node.store.connection() as connection:
        row = connection.execute(
            "SELECT verdict, changed_by FROM alert WHERE indicator = %s", (about,)
        ).fetchone()
    assert row == ("false-positive", "own")


def test_what_widens_is_proposed_by_one_and_approved_by_another(
    browser: Browser, node: Node, second: str
) -> None:
    with visiting(browser, node, "own") as own, visiting(browser, node, second) as other:
        rule = own.page.get_by_role("cell", name="Nothing goes to XZ")
        page = own.go("/sharing/policies/change")
        page.get_by_label("File name").first.fill("own.cedar")
        page.get_by_label("Policies").first.fill(_NARROW)
        page.get_by_role("button", name="Show what it would do").click()
        expect(page.get_by_text("It only narrows")).to_be_visible()
        page.get_by_role("button", name="Propose it").click()
        expect(rule).to_be_visible()
        page = own.go("/sharing/policies/change")
        page.get_by_label("File name").first.fill("")
        page.get_by_label("Policies").first.fill("")
        page.get_by_role("button", name="Show what it would do").click()
        expect(page.get_by_text("It widens")).to_be_visible()
        page.get_by_role("button", name="Propose it").click()
        expect(page.get_by_text("waits for a second person")).to_be_visible()
        expect(page.get_by_role("button", name="Approve")).to_have_count(0)  # not by who proposed it
        expect(rule).to_be_visible()
        page = other.go("/triage")
        page.get_by_role("link", name="Look and approve").click()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("waits for a second person")).to_have_count(0)
        own.go("/sharing/policies")
        expect(rule).to_have_count(0)
