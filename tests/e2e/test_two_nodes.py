"""Two nodes: what is written on a page of one arrives by a push and stands on pages of the other; what is withheld never does, in no way."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
from playwright.sync_api import Browser, Page, expect

from e2e.browsing import Visitor, visiting
from factories import FRIEND, OWN, STRANGER, settle
from serving import Node, serving
from tocsin.node import links, outflow
from tocsin.store import Store, accounts, collections, organisations, peers

_NOWHERE = "indicator--00000000-0000-4000-8000-00000000dead"


def _settle_other(store: Store) -> None:
    """Make the node of `FRIEND`, with a collection that `OWN` may write to."""
    with store.transaction() as connection:
        mine = msgspec.structs.replace(FRIEND, own=True)
        theirs = msgspec.structs.replace(OWN, own=False)
        for organisation in (mine, theirs, STRANGER):
            organisations.put(connection, organisation)
        circle = organisations.add_community(connection, "circle", "Circle")
        for organisation in (mine, theirs):
            organisations.join(connection, circle, organisation)
        collections.add(connection, collections.new("received", community=circle.id, writers=(OWN.id,)))


def _write(page: Page, name: str, marking: str) -> str:
    """Write an indicator through the page, and return its id."""
    page.goto("/write/indicator")
    page.locator("#value").fill(f"{name}.example.org")
    page.locator("#name").fill(f"The {name}")
    page.locator("#tlp").select_option(marking)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page).to_have_url(re.compile("/objects/indicator--"))
    return page.url.rpartition("/")[2]


def _found(visitor: Visitor, query: str) -> int:
    """Return how much a search finds, once everything that arrived is indexed."""
    for _ in range(100):
        page = visitor.go(f"/search?q={query}")
        if not page.get_by_text("Something newer is about to be indexed.").count():
            break
        page.wait_for_timeout(200)
    return page.locator("main .found table.list tbody tr").count()


def test_what_is_shared_arrives_and_what_is_withheld_never_does(
    browser: Browser, make_store: Callable[[], Store], tmp_path: Path
) -> None:
    here, there = make_store(), make_store()
    settle(here)
    _settle_other(there)
    with serving(here, tmp_path / "a") as a, serving(there, tmp_path / "b") as b:
        with visiting(browser, a, "own") as own:
            shared, secret = _write(own.page, "lure", "green"), _write(own.page, "secret", "red")
        with there.transaction() as connection:
            accounts.add(connection, accounts.Account("a-node", OWN.id, created=1))
            scopes = ("taxii:read", "taxii:write")
            token, _ = accounts.issue(connection, "a-node", scopes, now=there.clock())
        with here.transaction() as connection:
            peers.add(connection, links.checked(peers.Peer("b", f"{b.url}/taxii2/", FRIEND.id, secret=token)))
        (report,) = outflow.push(here, "b", [("intel", "received")])
        assert (report.error, report.sent) == ("", 1)
        with visiting(browser, b, "friend") as friend:
            assert _found(friend, "lure.example.org") == 1
            page = friend.page
            page.get_by_role("link", name="The lure").click()
            expect(page).to_have_url(re.compile(shared))
            expect(page.locator("main")).to_contain_text(OWN.name)
            expect(page.locator("main .tlp").first).to_have_text("TLP:GREEN")
            expect(friend.go("/").locator("main")).to_contain_text("The lure")
            for query in ("secret", "secret.example.org", "type:indicator tlp:red", secret):
                assert _found(friend, query) == 0, query
        _never(b, secret)
        with visiting(browser, a, "own") as own:
            row = own.go("/sharing/peers").locator("main tr", has_text="/taxii2/")
            expect(row).to_contain_text("good")
            expect(row).to_contain_text("withheld 1")


def _never(node: Node, secret: str) -> None:
    """Nothing on the node is other than if the object did not exist anywhere."""
    with node.browser("friend") as friend:
        for path in (
            "/objects/{}",
            "/objects/{}/peek",
            "/objects/{}/versions",
            "/graph?from={}",
            "/search?q={}",
        ):
            answers: list[httpx.Response] = [friend.get(path.format(each)) for each in (secret, _NOWHERE)]
            said = [
                each.content.replace(one.encode(), b"ID")
                for each, one in zip(answers, (secret, _NOWHERE), strict=True)
            ]
            assert answers[0].status_code == answers[1].status_code, path
            assert said[0] == said[1], path
