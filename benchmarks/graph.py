"""A graph of 10,000 objects in headless Chromium: when it is first painted, and when a script has drawn every object of it.

    uv run python -m benchmarks.graph [--objects N] [--attack] [--json]

One malware and so many indicators that indicate it, on a node of their own (`tocsin serve`, a process). The page opens with groups, drawn by the node
in the page itself: it is painted with the first frame after it has arrived, and a script takes it over only where there is a graphics card, which there
is none here. With `all=yes` every object is a mark, which WebGL draws, on the processor. Beside it, in the same run and browser, a page of the same
node with nothing on it. What is measured is all of it (`whole=yes`); beside it how long the node takes for its first part. `--attack` adds ATT&CK, for the matrix. Limit: 2 s until the graph with groups is painted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page, sync_playwright

from benchmarks import corpus, node
from benchmarks.import_ import _SHARED

LIMIT_MS = 2000
TIMES = 5
MALWARE = f"malware--{uuid.UUID(int=(4 << 76) | (8 << 60) | 1)}"
_MARKED = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"  # TLP:GREEN
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
# two frames after everything has arrived, what is in the page has been painted
_PAINTED = (
    "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
)
_PATIENCE_MS = 180_000
_DRAWN = "performance.getEntriesByName('graph-drawn')[0]?.startTime ?? 0"


def objects(number: int) -> Iterator[bytes]:
    """Yield a malware and so many indicators less one that indicate it."""
    said = {"spec_version": "2.1", "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "object_marking_refs": [_MARKED]}  # fmt: skip
    yield json.dumps(
        {"type": "malware", "id": MALWARE, "name": "Many Faces", "is_family": True} | said
    ).encode()
    for n, raw in enumerate(corpus.indicators(number - 1)):
        ends = {"source_ref": json.loads(raw)["id"], "target_ref": MALWARE}
        identifier = f"relationship--{uuid.UUID(int=(4 << 76) | (8 << 60) | (n + 2))}"
        yield raw
        yield json.dumps(
            {"type": "relationship", "id": identifier, "relationship_type": "indicates"} | ends | said
        ).encode()


def fill(made: node.Node, number: int, *, attack: bool) -> None:
    """Have `tocsin import` take them, and ATT&CK where that is wanted."""
    command = made.command("import", "-", "--collection", node.COLLECTION, "--json")
    subprocess.run(command, input=b"\n".join(objects(number)), stdout=subprocess.DEVNULL, check=True)
    if attack:
        made.run("import", str(_SHARED), "--collection", node.COLLECTION)


def timed(page: Page, path: str, until: str) -> float:
    """Return the median of when something was so, in ms from when the page was asked for."""
    taken = []
    for _ in range(TIMES):
        page.goto(path, wait_until="load")
        taken.append(_when(page, until))
    return statistics.median(taken)


def _when(page: Page, until: str) -> float:
    """Return when something was so; asked for from outside, since the page's policy lets no script be made of text."""
    limit = time.monotonic() + _PATIENCE_MS / 1000
    while not (at := float(page.evaluate(until))):
        if time.monotonic() > limit:
            raise TimeoutError(until)
        time.sleep(0.02)
    return at


def painted(page: Page, path: str) -> float:
    """Return the median of when a page with a drawing in it was painted, in ms from when it was asked for."""
    taken = []
    for _ in range(TIMES):
        page.goto(path, wait_until="load")
        # a browser may say that its graphics are quick: then the script draws
        drawn = "svg.graph, tocsin-graph svg, tocsin-graph canvas"
        assert page.locator(drawn).count(), "there is no drawing in the page"
        taken.append(float(page.evaluate(_PAINTED)))
    return statistics.median(taken)


def answered(client: httpx.Client, path: str) -> float:
    """Return the median of how long the node takes for a page, ms."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def measure(origin: str, token: str) -> dict[str, float]:
    """Return all figures, ms."""
    path = f"/graph?from={MALWARE}&whole=yes"
    found: dict[str, float] = {}
    with httpx.Client(base_url=origin, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60) as client:
        client.post("/sign-in", data={"token": token})
        while "about to be indexed" in client.get("/search", headers={"Accept": "text/html"}).text:
            time.sleep(0.5)
        for name, asked in (
            ("graph, its first part", f"/graph?from={MALWARE}"), ("graph", path), ("graph data, every object", f"/graph/data?from={MALWARE}&all=yes"),
            ("matrix", "/matrix"), ("map", "/map"), ("timeline", "/timeline"),
        ):  # fmt: skip
            found[f"server: {name}"] = answered(client, asked)
            print(name, found[f"server: {name}"], file=sys.stderr, flush=True)
        points = client.get(f"/graph/data?from={MALWARE}&whole=yes").json()["points"]
        assert len(points) <= 300, "the graph opens with too many marks"
        cookies = [{"name": c.name, "value": c.value or "", "url": origin} for c in client.cookies.jar]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(base_url=origin, viewport={"width": 1440, "height": 900})
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        found["first paint: a page with nothing on it"] = timed(page, "/look", _PAINT)
        found["first paint: graph with groups"] = timed(page, path, _PAINT)
        found["painted: graph with groups"] = painted(page, path)
        found["first paint: graph, every object"] = timed(page, f"{path}&all=yes", _PAINT)
        found["drawn by the script: graph, every object"] = timed(page, f"{path}&all=yes", _DRAWN)
        browser.close()
    return found


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--attack", action="store_true", help="with ATT&CK beside it, for the matrix")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with node.made() as made:
        fill(made, given.objects, attack=given.attack)
        with node.serving(made) as served:
            parts = urlsplit(served.url)
            found = measure(f"{parts.scheme}://{parts.netloc}", made.token)
    empty = found["first paint: a page with nothing on it"]
    first = found["painted: graph with groups"]
    if not given.json:
        for name, taken in found.items():
            print(f"{name}: {taken:,.0f} ms")
    line: dict[str, Any] = {
        "what": f"graph of {given.objects:,} objects, painted, ms",
        "value": round(first),
        "limit": LIMIT_MS,
        "peer": round(empty),
        "ratio": round(first / empty, 2),
        "all": {name: round(taken) for name, taken in found.items()},
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
