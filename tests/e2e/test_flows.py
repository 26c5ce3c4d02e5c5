"""What people come to pages for, from its beginning to its end: finding, writing, bringing in, hunting, asking why, being told, closing doors."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browsing import visiting
from e2e.world import SEEN
from serving import Node


def _press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name, exact=True).click()


def test_a_figure_leads_to_what_it_counts(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/")
        tile = page.locator("a.tile", has_text="Changed in the last day")
        figure = tile.locator(".figure").inner_text()
        tile.click()
        expect(page).to_have_url(re.compile("/search.q=after"))
        expect(page.locator("#found-heading")).to_contain_text(figure)
        expect(page.locator("main table tbody tr").first).to_be_visible()


def test_from_a_suggestion_to_a_closer_look_to_the_object(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/search")
        page.locator("#q").press_sequentially("poison")
        offered = page.locator("#offered option").first
        expect(offered).to_have_attribute("value", re.compile("poison", re.IGNORECASE))
        page.locator("#q").fill(offered.get_attribute("value") or "")
        page.keyboard.press("Enter")
        expect(page.locator("#found-heading")).to_be_visible()
        page.locator("html.lively").wait_for(state="attached")
        page.locator("#found-heading").click()  # out of the field
        page.keyboard.press("j")
        page.keyboard.press("p")
        expect(page.locator("#peek")).to_contain_text("Poison Ivy")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Poison Ivy")


def _type(page: Page, name: str, text: str) -> None:
    """Go to a field of a form with Tab, and type."""
    for _ in range(80):
        if page.evaluate("document.activeElement.name") == name:
            page.keyboard.type(text)
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never comes to {name}")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_an_indicator_is_refused_mended_and_written_by_keys_alone(
    browser: Browser, node: Node, language: str
) -> None:
    value = f"written-{language}.example.net"
    with visiting(browser, node, "own") as visitor:
        visitor.choose(language=language)
        page = visitor.go("/write/indicator")
        page.locator("main").focus()
        _type(page, "pattern", "[domain-name:value = ")
        _type(page, "name", "Written")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("[name=name]")).to_have_value("Written")  # what was typed is still there
        page.locator("main").focus()
        _type(page, "value", f"written-{language}[.]example[.]net")
        page.keyboard.press("Tab")
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        _type(page, "name", "")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/objects/indicator--"))
        expect(page.locator("main")).to_contain_text(value)
        if language == "ar":
            # values keep their own direction on a page that runs from right to left
            shown = page.locator("main .value, main code", has_text=value).first
            assert shown.evaluate("(each) => getComputedStyle(each).direction") == "ltr"


def test_a_report_is_pasted_reviewed_marked_and_kept(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/import")
        page.locator("#text").fill("The mail led to pasted[.]example[.]org and 10.0.0.1.")
        _press(page, "Find indicators")
        expect(page.get_by_role("checkbox", name="pasted.example.org")).to_be_checked()
        expect(page.get_by_role("checkbox", name="10.0.0.1")).not_to_be_checked()
        expect(page.locator("mark", has_text="pasted[.]example[.]org")).to_be_visible()
        page.get_by_label("Marking").select_option("red")
        _press(page, "Keep what is chosen")
        expect(page.get_by_role("heading", level=1)).to_have_text("What became of it")
        expect(page.locator(".tile", has_text="New").locator(".figure")).to_have_text("1")
        page = visitor.go("/search?q=pasted.example.org")
        expect(page.locator("main tbody .tlp")).to_have_text("TLP:RED")
    with visiting(browser, node, "friend") as other:
        expect(other.go("/search?q=pasted.example.org").get_by_text("Nothing is found")).to_be_visible()


def test_a_log_is_dropped_and_a_hit_leads_to_its_indicator(
    browser: Browser, node: Node, tmp_path: Path
) -> None:
    log = tmp_path / "proxy.log"
    log.write_text("nothing\nGET http://d25.example.com/ 200\nnothing\n")
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/hunts")
        page.locator("input[type=file]").set_input_files(log)
        _press(page, "Hunt")
        hit = page.locator("main tbody tr")
        expect(hit).to_have_count(1)
        expect(hit.locator("td").first).to_have_text("2")  # the line
        expect(hit).to_contain_text("GET http://d25.example.com/ 200")
        page.get_by_role("link", name="Host 25 of the campaign").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Host 25 of the campaign")


def test_who_would_get_it_in_which_form_and_why(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go(f"/objects/{SEEN}/sharing")
        others = page.locator("section", has=page.locator("#others"))
        assert "as it is" in others.locator("tr", has_text="Friend").inner_text()
        assert "nothing" in others.locator("tr", has_text="Stranger").inner_text()
        others.locator("tr", has_text="Stranger").get_by_role("link", name="Why?").click()
        expect(page.locator("section.why h3")).to_contain_text("No")
        expect(page.locator("section", has=page.locator("#goes"))).to_contain_text("Nothing.")
        page = visitor.go("/sharing/explain")
        page.locator("#object").fill(SEEN)
        page.locator("#recipient").select_option(label="Friend")
        _press(page, "Explain")
        expect(page.locator("section.why h3")).to_contain_text("Yes")
        expect(page.locator("section", has=page.locator("#goes"))).to_contain_text(
            "Sign-in page that collects"
        )


def test_a_note_is_said_about_an_object(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go(f"/objects/{SEEN}/say")
        form = page.locator("form", has=page.locator("textarea[name=content]"))
        form.locator("textarea[name=content]").fill("Seen at our gate, too.")
        form.get_by_role("button").first.click()
        expect(page.locator("main")).to_contain_text("Seen at our gate, too.")


def test_a_graph_is_widened_and_the_way_to_something_is_found(browser: Browser, node: Node) -> None:
    """With links and forms alone; `test_graph` has what scripts add."""
    with visiting(browser, node, "own", java_script_enabled=False) as visitor:
        page = visitor.go(f"/objects/{SEEN}")
        page.get_by_role("link", name="In the graph").click()
        objects = page.locator("section", has=page.locator("#objects"))
        before = objects.locator("tbody tr").count()
        page.get_by_label("Steps").select_option("3")
        _press(page, "Show")
        expect(page).to_have_url(re.compile("depth=3"))
        assert objects.locator("tbody tr").count() > before
        objects.locator("tr", has_text="Valid Accounts").get_by_role("link", name="Valid Accounts").click()
        target = page.locator("main .id").first.inner_text().strip()
        page.go_back()
        page.get_by_label("Way to").fill(target)
        _press(page, "Show")
        ways = page.locator("section", has=page.locator("#ways"))
        expect(ways.locator("li").first).to_contain_text("Sign-in page that collects one-time codes")
        expect(ways.locator("li").first).to_contain_text("Valid Accounts")


def test_a_kept_search_becomes_a_feed(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/search?q=type:malware")
        page.get_by_role("link", name="Keep this search").click()
        page.get_by_label("Name").fill("All malware")
        _press(page, "Keep")
        page.locator("tr", has_text="All malware").get_by_role("link", name="Subscribe").click()
        address = page.locator(".code pre").first.inner_text().strip()
    assert address.startswith(node.url)
    feed = httpx.get(address, auth=("own", node.tokens["own"]))
    assert feed.status_code == 200
    assert "Poison Ivy" in feed.text
    assert httpx.get(address).status_code == 401


def test_a_token_is_made_used_and_revoked(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/account/tokens")
        _press(page, "Make a token")
        secret = page.locator(".alert code").inner_text()
        asked = {"Authorization": f"Bearer {secret}"}
        assert httpx.get(f"{node.url}/api/v1/search", headers=asked).status_code == 200
        newest = page.locator("main table tbody tr").first
        newest.get_by_role("button", name=re.compile("Revoke the token")).click()
        expect(page.locator("main")).not_to_contain_text(secret)
        assert httpx.get(f"{node.url}/api/v1/search", headers=asked).status_code == 401


def test_a_session_elsewhere_is_ended(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as mine, visiting(browser, node, "own") as elsewhere:
        elsewhere.go("/search")
        page = mine.go("/account")
        _press(page, "End all others")
        expect(page.locator("section", has=page.locator("#sessions")).locator("tbody tr")).to_have_count(1)
        elsewhere.page.goto("/search")
        expect(elsewhere.page).to_have_url(re.compile("/sign-in"))


def test_an_administrator_invites_and_disables(browser: Browser, node: Node) -> None:
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/admin/accounts")
        page.get_by_label("Name").fill("newcomer")
        _press(page, "Make it")
        row = page.locator("main tr", has_text="newcomer").first
        row.get_by_role("button", name="Invite").click()
        link = page.locator(".alert pre").inner_text().strip()
        with visiting(browser, node) as other:
            other.page.goto(link)
            other.page.locator("main form button").first.click()
            other.go("/search")
            row.get_by_role("button", name="Disable").click()
            expect(row.get_by_text("disabled")).to_be_visible()
            other.page.goto("/search")
            expect(other.page).to_have_url(re.compile("/sign-in"))
