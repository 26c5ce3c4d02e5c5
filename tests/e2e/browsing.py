"""Debian's Chromium, driven by Playwright. Whatever a page does that it should not is kept, and fails the test: violations of the
content security policy, errors on the console, faults of scripts, requests to any other host.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from serving import Node
from tocsin.server.pages import look

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_PATIENCE = 60_000  # ms; only a test that fails, or a machine with much else to do, needs it
expect.set_options(timeout=_PATIENCE)
# the browser writes these lines itself, for an answer that a test asked for and where it draws without a graphics card
_EXPECTED = (
    "Failed to load resource: the server responded with a status of 4",
    "GL Driver Message (OpenGL, Performance",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own, or the reason why there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no Chromium: `make browser` installs Debian's")
    arguments = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Someone at a browser: signed in or not, with the look they chose. `faults` holds what pages did that they should not."""

    def __init__(self, browser: Browser, node: Node, **options: Any) -> None:
        self.node = node
        self.faults: list[str] = []
        self.scripts = bool(options.get("java_script_enabled", True))
        self.context: BrowserContext = browser.new_context(base_url=node.url, **options)
        self.context.set_default_timeout(_PATIENCE)
        self.page = self.context.new_page()
        self._watch(self.page)

    def _watch(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"fault of a script: {error}"))
        page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        # violations of the policy are errors on the console, too
        if message.type in ("error", "warning") and not any(each in message.text for each in _EXPECTED):
            self.faults.append(f"console {message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.node.url).netloc:
            self.faults.append(f"asked another host: {request.url}")

    def sign_in(self, who: str) -> None:
        """Sign in as the account of an organisation, without going through a page."""
        with self.node.browser(who) as made:
            for cookie in made.cookies.jar:
                self.context.add_cookies(
                    [{"name": cookie.name, "value": cookie.value or "", "url": self.node.url}]
                )

    def choose(self, **choices: str) -> None:
        """Choose a look: language, theme, density, times, zone."""
        chosen = look.chosen(choices)
        self.context.add_cookies([{"name": look.COOKIE, "value": chosen.cookie(), "url": self.node.url}])

    def go(self, path: str) -> Page:
        """Open a page and wait until its scripts have run."""
        self.page.goto(path, wait_until="load")
        if self.scripts:
            self.page.locator("html.lively").wait_for(state="attached")
        return self.page

    def axe(self) -> list[str]:
        """Return what axe-core finds on the page that is open, each with where."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            "(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })", RULES
        )
        return [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]


@contextmanager
def visiting(browser: Browser, node: Node, who: str | None = None, **options: Any) -> Iterator[Visitor]:
    """Somebody at a browser; at the end they must have seen nothing wrong."""
    visitor = Visitor(browser, node, **({"viewport": WIDE} | options))
    try:
        if who is not None:
            visitor.sign_in(who)
        yield visitor
        assert not visitor.faults, "\n".join(visitor.faults)
    finally:
        visitor.context.close()
