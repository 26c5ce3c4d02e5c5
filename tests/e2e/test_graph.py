"""The graph in a browser: by keyboard, without scripts, as a picture, and in another theme."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browsing import visiting
from e2e.world import SEEN
from serving import Node

PATH = f"/graph?from={SEEN}&depth=2"


def _board(page: Page) -> None:
    """Wait until the script has taken over the drawing."""
    if not page.evaluate("document.createElement('canvas').getContext('webgl2') !== null"):
        pytest.skip("this browser has no WebGL, so the drawing of the page stays")
    expect(page.locator("tocsin-graph .board")).to_be_visible()


def test_from_mark_to_mark_by_keyboard(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own", reduced_motion="reduce") as visitor:
        page = visitor.go(PATH)
        _board(page)
        said = page.locator("tocsin-graph .said")
        page.locator("tocsin-graph .board").focus()
        page.keyboard.press("ArrowRight")
        expect(said).to_contain_text("indicator: Sign-in page that collects one-time codes")
        page.keyboard.press("ArrowLeft")
        expect(said).to_contain_text("sighting")
        for key in ("+", "-", "0", "Escape"):
            page.keyboard.press(key)
        expect(said).to_have_text("")
        assert not visitor.axe()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(f"/objects/{SEEN}$"))


def test_a_picture_is_saved_and_the_theme_may_change(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go(PATH)
        _board(page)
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Picture (PNG)").click()
        assert saved.value.suggested_filename == "tocsin-graph.png"
        assert saved.value.path().read_bytes().startswith(b"\x89PNG")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        expect(page.locator("tocsin-graph .board")).to_be_visible()


def test_without_scripts_there_is_a_drawing_and_tables(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own", java_script_enabled=False) as visitor:
        page = visitor.go(f"/objects/{SEEN}")
        page.get_by_role("link", name="In the graph").click()
        expect(page.locator("svg.graph .mark").first).to_be_visible()
        page.get_by_label("Steps").select_option("2")
        page.get_by_role("button", name="Show").click()
        expect(page).to_have_url(re.compile("depth=2"))
        objects = page.locator("section", has=page.get_by_role("heading", name="Objects", exact=True))
        expect(objects.get_by_role("link", name="Poison Ivy")).to_be_visible()
        page.locator("aside.facets a", has_text="malware").click()
        expect(page.locator("svg.graph .mark")).to_have_count(2)
        page.get_by_role("link", name="Keep this view").click()
        page.get_by_label("Name").fill("What indicates it")
        page.get_by_role("button", name="Keep").click()
        page.get_by_role("link", name="What indicates it").click()
        expect(page.locator("svg.graph .mark")).to_have_count(2)
