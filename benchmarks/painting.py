"""When the largest thing of each page is painted, and how much moves meanwhile, in headless Chromium over loopback.

    uv run python -m benchmarks.painting [--objects N] [--json]

The node is `large_node`'s, looked at by an administrator with all scripts, styles and fonts, whose files the browser has from the page before, as it
has in use. Largest contentful paint and cumulative layout shift are as the browser itself tells them (PerformanceObserver). Beside them, in the same
run, the page that shows nothing of what is held. Limits: 1 s and 0.01.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page, sync_playwright

from benchmarks import large_node, node
from benchmarks.pages import Facts, addresses, facts
from tocsin.config import Settings
from tocsin.store import Store

LIMIT_MS, LIMIT_SHIFT = 1000, 0.01
TIMES = 3
EMPTY = "/style"
PAGES = (
    *("/", "/triage", "/search", "/objects/{object}", "/objects/{object}/relations", "/objects/{object}/versions"),
    *("/graph", "/matrix", "/map", "/timeline", "/import", "/hunts", "/sharing", "/sharing/released", "/admin", "/write/{kind}", EMPTY),
)  # fmt: skip
_PATIENCE_MS = 120_000
_TOLD = """new Promise(done => {
  const told = { lcp: 0, shift: 0 };
  new PerformanceObserver(list => { for (const each of list.getEntries()) told.lcp = each.startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver(list => { for (const each of list.getEntries()) if (!each.hadRecentInput) told.shift += each.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done([told.lcp, told.shift]), 300);
})"""


def looked_at(page: Page, paths: list[str]) -> tuple[float, float]:
    """Return the median of when the largest thing was painted (ms), and the largest shift."""
    paints, shifts = [], []
    for path in paths:
        page.goto(path, wait_until="load")
        lcp, shift = page.evaluate(_TOLD)
        paints.append(float(lcp))
        shifts.append(float(shift))
    return statistics.median(paints), max(shifts)


def measure(origin: str, token: str, known: Facts) -> dict[str, tuple[float, float]]:
    """Return both figures by page."""
    with httpx.Client(
        base_url=origin, headers={"Sec-Fetch-Site": "same-origin"}, timeout=_PATIENCE_MS / 1000
    ) as client:
        client.post("/sign-in", data={"token": token})
        cookies = [{"name": c.name, "value": c.value or "", "url": origin} for c in client.cookies.jar]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(base_url=origin, viewport={"width": 1440, "height": 900})
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.goto(EMPTY)  # files that all pages share
        for path in PAGES:
            found[path] = looked_at(page, addresses(path, known, random.Random(path), TIMES))
        browser.close()
    return found


def main() -> None:
    """Measure and report; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args()
    made = large_node.kept(given.objects)
    with node.serving(made) as served:
        with Store.open(Settings(home=made.home)) as store:
            known = facts(store, large_node.READERS[0], random.Random(7))
        parts = urlsplit(served.url)
        found = measure(f"{parts.scheme}://{parts.netloc}", made.token, known)
    if not given.json:
        for path, (lcp, shift) in found.items():
            print(f"{path:30} largest paint {lcp:7.0f} ms   shift {shift:.3f}")
    worst = max(found, key=lambda path: found[path][0])
    line = {
        "what": f"largest contentful paint at {given.objects:,} objects, worst page, ms",
        "ours": round(found[worst][0]),
        "worst": worst,
        "limit": LIMIT_MS,
        "peer": round(found[EMPTY][0]),
        "shift": max(round(shift, 3) for _, shift in found.values()),
        "all": {path: [round(lcp), round(shift, 3)] for path, (lcp, shift) in found.items()},
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
