"""What hands on a keyboard do, and what scripts add: no mouse in this file, but for one test that says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browsing import Visitor, visiting
from serving import Node


@pytest.fixture
def visitor(browser: Browser, node: Node) -> Iterator[Visitor]:
    with visiting(browser, node, "own", permissions=["clipboard-read", "clipboard-write"]) as made:
        yield made


def _keys(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_first_stop_skips_to_the_content(visitor: Visitor) -> None:
    page = visitor.go("/")
    _keys(page, "Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    _keys(page, "Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_question_mark_lists_the_keys_and_g_goes(visitor: Visitor) -> None:
    page = visitor.go("/")
    _keys(page, "?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    _keys(page, "Escape", "g", "s")
    expect(page).to_have_url(re.compile("/search$"))
    page.wait_for_load_state()
    _keys(page, "g", "h")
    expect(page).to_have_url(re.compile("/$"))


def test_the_slash_is_for_searching_and_for_nothing_while_one_types(visitor: Visitor) -> None:
    page = visitor.go("/")
    _keys(page, "/")
    page.keyboard.type("g s/?")
    expect(page.locator("#top-q")).to_have_value("g s/?")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_through_a_list_and_a_closer_look(visitor: Visitor) -> None:
    page = visitor.go("/search?q=type:indicator")
    _keys(page, "j", "j", "k", "j")
    rows = page.locator("table[data-keys] tbody tr")
    expect(rows.nth(1)).to_have_class(re.compile("here"))
    name = rows.nth(1).locator("a").first.inner_text()
    _keys(page, "p")
    beside = page.locator("#peek")
    expect(beside).to_contain_text(name)
    _keys(page, "j")
    expect(beside).to_contain_text(rows.nth(2).locator("a").first.inner_text())
    _keys(page, "Escape")
    expect(beside).to_be_hidden()
    _keys(page, "Enter")
    expect(page).to_have_url(re.compile("/objects/indicator--"))


def test_the_palette_finds_places_and_takes_a_defanged_indicator(visitor: Visitor) -> None:
    page = visitor.go("/")
    _keys(page, "Control+k")
    field = page.locator("tocsin-palette input")
    expect(field).to_be_focused()
    page.keyboard.type("kept")
    expect(page.get_by_role("option", name="Kept searches")).to_be_visible()
    field.fill("d1[.]example[.]com")
    first = page.get_by_role("option").first
    expect(first).to_contain_text("Open what is known of it")
    assert not visitor.axe()
    _keys(page, "ArrowDown", "Enter")
    expect(page).to_have_url(re.compile("/sightings$"))


def test_the_palette_offers_a_search_for_what_nobody_knows(visitor: Visitor) -> None:
    page = visitor.go("/")
    _keys(page, "Control+k")
    expect(page.locator("tocsin-palette input")).to_be_focused()
    page.keyboard.type("hxxps://never[.]example/x")
    option = page.get_by_role("option", name="Search for https://never.example/x")
    expect(option).to_have_attribute("aria-selected", "true")
    _keys(page, "Enter")
    expect(page).to_have_url(re.compile("/search.q=https"))


def test_the_look_changes_where_one_is_and_stays(visitor: Visitor) -> None:
    page = visitor.go("/search?q=type:indicator")
    page.evaluate("window.stayed = true")
    _keys(page, "Control+k")
    expect(page.locator("tocsin-palette input")).to_be_focused()
    page.keyboard.type("dark")
    expect(page.get_by_role("option", name="Dark colours")).to_have_attribute("aria-selected", "true")
    with page.expect_response("**/look"):
        _keys(page, "Enter")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate("window.stayed")
    visitor.go("/")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_times_are_told_in_ones_own_zone_and_back(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own", timezone_id="Asia/Kolkata") as visitor:
        page = visitor.go("/")
        time = page.locator("main time").first
        before = time.inner_text()
        assert before.endswith("UTC")
        with page.expect_response("**/look"):
            _keys(page, "t")
        expect(time).not_to_contain_text("UTC")
        mine = time.inner_text()
        page = visitor.go("/")  # now the node writes them so
        assert page.locator("main time").first.inner_text().split()[:2] == mine.split()[:2]
        with page.expect_response("**/look"):
            _keys(page, "t")
        expect(page.locator("main time").first).to_have_text(before)


def test_a_button_copies_with_the_mouse(visitor: Visitor) -> None:
    page = visitor.go("/style")
    page.get_by_role("button", name="Copy as API call").click()
    expect(page.locator("#toasts")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert (
        copied
        == f"curl -H \"Authorization: Bearer $TOCSIN_TOKEN\" '{node_url(page)}/api/v1/search?q=type%3Aindicator'"
    )


def node_url(page: Page) -> str:
    return str(page.evaluate("location.origin"))


def test_what_arrives_is_told_and_moves_nothing(visitor: Visitor) -> None:
    page = visitor.go("/style")
    # the browser follows by itself; what it is told is asked here at once
    told = page.evaluate("fetch('/arrivals?cursor=n1&q=type:malware').then((answer) => answer.text())")
    assert "event: arrived\ndata: 1 new object: show it" in told
    none = page.evaluate("fetch('/arrivals?q=type:malware').then((answer) => answer.text())")
    assert "event: quiet" in none
