"""What the first visit costs: bytes, and that nothing moves while it arrives. Bytes are the same on every machine; how long it takes is for benchmarks."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import Browser, Response

from e2e.browsing import visiting
from serving import Node

FIRST_LOAD, SCRIPTS = 200_000, 60_000
"""Bytes: all that a first visit loads as it goes over the wire, and scripts of it packed by gzip."""


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_first_visit_is_light_and_nothing_moves(browser: Browser, node: Node, language: str) -> None:
    with visiting(browser, node, "own") as visitor:
        visitor.choose(language=language)
        answers: list[Response] = []
        visitor.page.on("response", lambda each: answers.append(each))
        visitor.page.add_init_script(
            "window.moved = 0; new PerformanceObserver((all) => { for (const each of all.getEntries()) window.moved += each.value; })"
            ".observe({ type: 'layout-shift', buffered: true })"
        )
        page = visitor.go("/search?q=type:indicator")
        page.wait_for_load_state("networkidle")
        sizes = {each.url: each.request.sizes()["responseBodySize"] for each in answers}
        scripts = [each for each in answers if each.url.endswith(".js")]
        assert scripts
        assert sum(sizes.values()) < FIRST_LOAD, sizes
        assert sum(len(gzip.compress(each.body())) for each in scripts) < SCRIPTS
        assert page.evaluate("window.moved") < 0.01
