"""What people come to pages for, from its beginning to its end: writing, bringing in, hunting, asking why. Once from right to left, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browsing import visiting
from e2e.world import SEEN
from serving import Node


def _type(page: Page, name: str, text: str) -> None:
    """Go to a field of a form with Tab, and type."""
    for _ in range(80):
        if page.evaluate("document.activeElement.name") == name:
            page.keyboard.type(text)
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never comes to {name}")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_an_indicator_is_written_with_the_keyboard_alone(browser: Browser, node: Node, language: str) -> None:
    value = f"written-{language}.example.net"
    with visiting(browser, node, "own") as visitor:
        visitor.choose(language=language)
        page = visitor.go("/")
        page.keyboard.press("g")
        page.keyboard.press("w")
        expect(page).to_have_url(re.compile("/write$"))
        page = visitor.go("/write/indicator")
        page.locator("main").focus()
        _type(page, "value", f"written-{language}[.]example[.]net")
        _type(page, "name", "Written")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/objects/indicator--"))
        expect(page.locator("main")).to_contain_text(value)
        if language == "ar":
            # values keep their own direction on a page that runs from right to left
            assert (
                page.locator("code.value").first.evaluate("(each) => getComputedStyle(each).direction")
                == "ltr"
            )
        assert not visitor.axe()


def test_a_report_is_pasted_reviewed_and_kept(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/import")
        page.get_by_label("Text", exact=True).fill("The mail led to pasted[.]example[.]org and 10.0.0.1.")
        page.get_by_role("button", name="Find indicators").click()
        expect(page.get_by_role("checkbox", name="pasted.example.org")).to_be_checked()
        expect(page.get_by_role("checkbox", name="10.0.0.1")).not_to_be_checked()
        page.get_by_role("button", name="Keep what is chosen").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("What became of it")
        assert not visitor.axe()


def test_a_log_is_pasted_and_a_hit_leads_to_its_indicator(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/hunts")
        page.locator("textarea[name=text]").fill("GET http://d25.example.com/ 200\nnothing")
        page.get_by_role("button", name="Hunt", exact=True).click()
        expect(page.locator("table")).to_contain_text("d25.example.com")
        assert not visitor.axe()
        page.get_by_role("link", name="Host 25 of the campaign").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Host 25 of the campaign")


def test_why_somebody_would_get_it_and_a_note_about_it(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/sharing/explain")
        page.locator("main input[name=object]").fill(SEEN)
        page.locator("main [name=recipient]").last.evaluate("(each) => { each.value = 'Friend'; }")
        page.locator("main form button").first.click()
        expect(page).to_have_url(re.compile(f"{SEEN}/why"))
        page = visitor.go(f"/objects/{SEEN}/say")
        page.locator("textarea[name=content]").first.fill("Seen at our gate, too.")
        page.locator("form", has=page.locator("textarea[name=content]")).get_by_role("button").first.click()
        expect(page.locator("main")).to_contain_text("Seen at our gate, too.")
