"""What arrives while a page is open: a line says so, and one press shows it where one is. Nobody is told of what they may not have."""

from __future__ import annotations

import uuid

from playwright.sync_api import Browser, Page, expect

from e2e.browsing import visiting
from factories import IMPORT, OWN, indicator, place
from serving import Node
from tocsin.stix.markings import TLP, id_of
from tocsin.store import alerts, collections, labels, objects


def _arrive(node: Node, number: int, name: str, tlp: TLP) -> str:
    made = indicator(number, tlp=tlp, name=name)
    with node.store.connection() as connection:
        intel = collections.get(connection, "intel")
    objects.put(
        node.store, intel.id, [place(made, owner=OWN.id, communities=(str(intel.community),))], origin=IMPORT
    )
    identifier: str = made["id"]
    return identifier


def _follow(page: Page) -> None:
    """Have the page ask now; by itself it does so every quarter of a minute, and when it is looked at again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def _until_told(page: Page, words: str) -> None:
    line = page.locator(".arrived button")
    for _ in range(100):
        _follow(page)
        page.wait_for_timeout(200)
        if line.is_visible() and words in line.inner_text():
            return
    expect(line).to_have_text(words)


def test_what_arrives_is_shown_where_one_is(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as own, visiting(browser, node, "friend") as friend:
        for each in (own, friend):
            page = each.go("/")
            expect(page.locator(".arrived")).to_be_hidden()
            page.evaluate("window.stayed = true")
        _arrive(node, 2001, "For the circle", TLP.GREEN)
        _arrive(node, 2002, "For nobody else", TLP.RED)
        _until_told(own.page, "2 new objects: show them")
        _until_told(friend.page, "1 new object: show it")  # of the other not even that there is one
        for each, names in ((own, ("For the circle", "For nobody else")), (friend, ("For the circle",))):
            page = each.page
            rows = page.locator("main table.list tbody tr")
            assert "For the circle" not in rows.all_inner_texts()[0]  # nothing moves by itself
            page.locator(".arrived button").click()
            for name in names:
                expect(page.locator("main").get_by_role("link", name=name)).to_be_visible()
            expect(page.locator(".arrived")).to_be_hidden()
            assert page.evaluate("window.stayed")
            assert not each.axe()
        expect(friend.page.locator("main")).not_to_contain_text("For nobody else")


def test_an_alert_comes_into_the_inbox_and_takes_a_key(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/triage")
        found = _arrive(node, 2003, "Found at the gate", TLP.GREEN)
        with node.store.transaction() as connection:
            label, now = min(labels.everything(connection)), node.store.clock()
            alerts.record(
                connection,
                [alerts.New(found, label, OWN.id, beyond=1, first=now, last=now)],
                now=now,
                again=False,
            )
        _until_told(page, "1 more waits: show it")
        page.locator(".arrived button").click()
        expect(page.get_by_role("link", name="Found at the gate")).to_be_visible()
        page.keyboard.press("j")
        page.keyboard.press("e")
        expect(page.get_by_text("Decided", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Found at the gate")).to_have_count(0)


def test_a_search_and_an_object_that_are_open_are_told_what_comes(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "friend") as visitor:
        page = visitor.go("/search?q=followed")
        _arrive(node, 2004, "Followed for nobody else", TLP.RED)
        found = _arrive(node, 2005, "Followed by many", TLP.GREEN)
        _until_told(page, "1 new object: show it")
        page.locator(".arrived button").click()
        expect(page.get_by_role("link", name="Followed by many")).to_be_visible()
        page = visitor.go(f"/objects/{found}")
        expect(page.locator(".arrived")).to_be_hidden()
        note = {"type": "note", "spec_version": "2.1", "id": f"note--{uuid.uuid4()}", "content": "Seen here, too", "object_refs": [found],
                "created": "2026-02-01T00:00:00.000Z", "modified": "2026-02-01T00:00:00.000Z", "object_marking_refs": [id_of(TLP.GREEN)]}  # fmt: skip
        with node.store.connection() as connection:
            intel = collections.get(connection, "intel")
        made = place(note, owner=OWN.id, communities=(str(intel.community),))
        objects.put(node.store, intel.id, [made], origin=IMPORT)
        _until_told(page, "1 new thing about it: show it")
        page.locator(".arrived button").click()
        expect(page.locator("main")).to_contain_text("Seen here, too")
        assert not visitor.axe()
