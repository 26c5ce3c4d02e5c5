"""Pages are whole without scripts: all of them can be read, and what matters can be done with links and forms."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from e2e.browsing import visiting
from e2e.routes import addresses
from e2e.world import SEEN
from serving import Node


def test_every_page_is_whole(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own", java_script_enabled=False) as visitor:
        for path in addresses(node, "own"):
            page = visitor.go(path)
            expect(page.locator("h1")).to_have_count(1 if path != "/style" else 2)
            assert page.title().endswith(" · Tocsin"), path
            assert page.locator("main").inner_text().strip(), path
            # nothing is offered that only scripts do
            assert page.locator(".needs-script:visible").count() == 0, path


def test_sign_in_search_open_change_the_look_and_leave(browser: Browser, node: Node) -> None:
    with visiting(browser, node, java_script_enabled=False) as visitor:
        page = visitor.go(f"/objects/{SEEN}")
        page.locator("input[name=token]").fill(node.tokens["own"])
        page.locator("main form button").first.click()
        expect(page).to_have_url(re.compile(SEEN))
        page.get_by_role("searchbox", name="Search").first.fill("type:malware")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Poison Ivy").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Poison Ivy")
        page.get_by_role("button", name="Appearance and language").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Poison Ivy")  # where one was
        assert page.get_attribute("html", "data-theme") == "dark"
        page.locator("button[popovertarget=me]").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(re.compile("/sign-in$"))
