"""What attackers wrote, in a browser: nothing of it runs, loads, or turns the page; also where scripts put pages together. `tests/attacks` asks every page the same without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from attacks.payloads import ADDRESS, BREAKOUT
from attacks.world import FOUND, KINDS, everywhere, identifier, plant
from databases import copied
from e2e.browsing import Visitor, visiting
from serving import Node, serving
from tocsin.store import Store
from tocsin.store.embedded import Embedded

_PATHS = (
    "/", "/triage", "/search?q=planted", f"/objects/{FOUND}", f"/objects/{identifier('report', 1)}", f"/objects/{identifier('note', 2)}", f"/objects/{identifier('file', 0)}/versions",
    f"/graph?from={FOUND}&depth=2", "/timeline?q=planted&by=created", "/matrix?show=known", "/sharing", "/sharing/peers", "/sharing/policies", "/hunts", "/views", "/admin/refused", f"/objects/{FOUND}/change",
)  # fmt: skip
_LISTEN = "window.ran = 0; window.planted = () => { window.ran += 1; }; window.alert = window.confirm = window.prompt = window.planted;"
_THERE = """() => {
  const inside = (root) => [...root.querySelectorAll('*')].flatMap((each) => [each, ...(each.shadowRoot ? inside(each.shadowRoot) : [])]);
  return inside(document).filter((each) => each.localName.includes('planted') || [...each.attributes].some((one) => /planted/.test(one.name) || /^on/.test(one.name))).map((each) => each.outerHTML.slice(0, 200));
}"""


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "e2e_planted") as dsn, Store(dsn, pool_size=6) as store:
        plant(store, tmp_path_factory.mktemp("logs"))
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


@pytest.fixture
def visitor(browser: Browser, node: Node) -> Iterator[Visitor]:
    with visiting(browser, node, "own") as made:
        made.page.on(
            "dialog", lambda dialog: (made.faults.append(f"dialog: {dialog.message}"), dialog.dismiss())
        )
        made.page.add_init_script(_LISTEN)
        yield made


def _untouched(page: Page) -> None:
    assert page.evaluate("window.ran") == 0, page.url
    assert page.evaluate(_THERE) == [], page.url


def test_pages_run_and_load_nothing_of_it(visitor: Visitor) -> None:
    for path in _PATHS:
        page = visitor.go(path)
        assert (
            "planted" in page.locator("main").inner_text() or "planted" in page.locator("main").inner_html()
        ), path
        _untouched(page)


@pytest.mark.nightly
def test_no_page_and_no_type_runs_or_loads_anything(visitor: Visitor) -> None:
    """Objects of each type in each turn of the corpus, and every page there is, with all that operators and peers said."""
    kinds = [f"/objects/{identifier(kind, turn)}" for kind in KINDS for turn in range(3)]
    with visitor.node.browser("own") as own:
        answers = {path: own.get(path) for path in everywhere(visitor.node)}
    whole = [path for path, each in answers.items() if "<!doctype html>" in each.text]
    assert len(whole) > 60
    for path in (*kinds, *whole):
        _untouched(visitor.go(path))


def test_what_scripts_put_together_is_text(visitor: Visitor) -> None:
    """The closer look, the palette, suggestions: made in the browser of what was sent to it."""
    page = visitor.go("/search?q=planted")
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(page.locator("#peek")).to_contain_text("planted")
    _untouched(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    field = page.locator("tocsin-palette input")
    for text in ("planted", BREAKOUT, ADDRESS):
        field.fill(text)
        expect(page.get_by_role("option").first).to_be_visible()
        _untouched(page)
    page.keyboard.press("Escape")
    page.locator("main input[name=q]").press_sequentially("planted <x-planted>", delay=1)
    page.wait_for_timeout(400)
    _untouched(page)


def test_the_control_a_page_that_does_not_escape_is_seen(visitor: Visitor) -> None:
    page = visitor.go("/account")
    page.evaluate("(text) => document.body.insertAdjacentHTML('beforeend', text)", BREAKOUT)
    page.wait_for_timeout(200)
    assert page.evaluate(_THERE)
    assert visitor.faults
    visitor.faults.clear()
