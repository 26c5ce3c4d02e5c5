"""Every page that there is, in every look: nothing that axe-core finds (WCAG 2.2 AA), nothing on the console, nothing asked of another host."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser

from e2e.browsing import PHONE, WIDE, visiting
from e2e.routes import addresses
from serving import Node
from tocsin.server.pages import look

SOME = (("light", "en", "comfortable"), ("dark", "ar", "dense"), ("contrast", "de", "comfortable"))
ALL = tuple(itertools.product(("light", "dark", "contrast"), ("en", "ar"), look.DENSITIES))


def _looked_at(
    browser: Browser,
    node: Node,
    who: str | None,
    chosen: tuple[str, str, str],
    *,
    size: dict[str, int],
    paths: Sequence[str],
) -> None:
    theme, language, density = chosen
    scheme = "dark" if theme == "contrast" and language == "ar" else "light"
    found = []
    with visiting(browser, node, who, viewport=size, color_scheme=scheme) as visitor:
        visitor.choose(theme=theme, language=language, density=density)
        for path in paths:
            page = visitor.go(path)
            assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
            found += [f"{path} ({theme}, {language}): {each}" for each in visitor.axe()]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path} ({theme}, {language}): wider than its window")
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("turn", range(len(SOME)), ids=["-".join(each) for each in SOME])
def test_every_page_can_be_used_by_everybody(browser: Browser, node: Node, turn: int) -> None:
    """Each page in one look here, and in all of them in the nightly run."""
    paths = addresses(node, "own")[turn :: len(SOME)]
    assert paths
    _looked_at(browser, node, "own", SOME[turn], size=WIDE, paths=paths)


@pytest.mark.parametrize("who", ["friend", None])
def test_pages_on_a_phone(browser: Browser, node: Node, who: str | None) -> None:
    """One in three here, and all of them in the nightly run."""
    _looked_at(
        browser, node, who, ("light", "fr", "comfortable"), size=PHONE, paths=addresses(node, who)[::3]
    )


@pytest.mark.nightly
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("chosen", ALL, ids="-".join)
def test_every_page_in_every_look(
    browser: Browser, node: Node, chosen: tuple[str, str, str], size: dict[str, int]
) -> None:
    for who in ("own", "friend", None):
        _looked_at(browser, node, who, chosen, size=size, paths=addresses(node, who))


def test_there_are_pages(node: Node) -> None:
    """The control: what the other tests go through is not empty."""
    assert {"/", "/search", "/style", "/account", "/nothing-here"} <= set(addresses(node, "own"))
    assert "/sign-in" in addresses(node, None)
    assert "/search" not in addresses(node, None)


def test_what_pages_do_wrong_is_seen(browser: Browser, node: Node) -> None:
    """The control: each kind of fault is kept."""
    wrongs = (
        "document.body.insertAdjacentHTML('beforeend', '<img src=https://elsewhere.example/x.png>')",
        "document.body.insertAdjacentHTML('beforeend', '<p style=color:red>x</p>')",
        "void setTimeout(() => { throw new Error('thrown') })",
        "console.error('told')",
    )
    with visiting(browser, node, "own") as visitor:
        page = visitor.go("/account")
        for wrong in wrongs:
            page.evaluate(wrong)
        page.wait_for_timeout(200)
        page.evaluate("document.querySelector('h1').innerHTML = ''")
        assert visitor.axe()
        seen = "\n".join(visitor.faults)
        visitor.faults.clear()
    for part in ("img-src", "style-src", "thrown", "told"):
        assert part in seen, part
