"""What the first visit to a page loads, in bytes as they go over the wire: no time is measured, so the figures are the same on every machine.

    uv run python -m benchmarks.pages_weight [--json]

Beside it the budgets of the project: 200 kB in all, 60 kB of scripts (gzip) outside graph and map. The page itself (5 to 15 kB) is not counted here;
`tests/e2e/test_weight.py` measures a whole visit in a browser, and that nothing moves while it arrives.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from typing import Any

from tocsin.server.pages import assets

FIRST_LOAD, SCRIPTS = 200_000, 60_000
_FONTS = (
    "ibm-plex-sans-latin-400-normal",
    "ibm-plex-sans-latin-600-normal",
    "ibm-plex-mono-latin-400-normal",
)
_ARABIC = ("ibm-plex-sans-arabic-arabic-400-normal", "ibm-plex-sans-arabic-arabic-600-normal")


def weight(name: str) -> int:
    """Return the bytes of a file of `frontend/` on the wire: fonts are packed in themselves, all else by gzip."""
    names, kept = assets.found()
    content = kept[names[name]].content
    return len(content) if name.endswith(".woff2") else len(gzip.compress(content, 9, mtime=0))


def shared(name: str) -> list[str]:
    """Return the scripts that a script imports."""
    names, kept = assets.found()
    return sorted(
        {found.decode() for found in re.findall(rb"chunk-[A-Z0-9]{8}\.js", kept[names[name]].content)}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    scripts = {name: weight(name) for name in ("main.js", *shared("main.js"))}
    styles = {name: weight(name) for name in ("style.css", "icons.svg", "icon.svg")}
    fonts = {f"{name}.woff2": weight(f"{name}.woff2") for name in _FONTS}
    arabic = {f"{name}.woff2": weight(f"{name}.woff2") for name in _ARABIC}
    islands = {
        name: weight(name)
        for name in assets.found()[0]
        if name.endswith(".js") and name not in scripts and not name.startswith("chunk-")
    }
    first = sum((scripts | styles | fonts).values())
    figures: dict[str, Any] = {
        "first_load": first,
        "first_load_arabic": first + sum(arabic.values()),
        "first_load_budget": FIRST_LOAD,
        "scripts": sum(scripts.values()),
        "scripts_with_islands": sum((scripts | islands).values()),
        "scripts_budget": SCRIPTS,
        "files": scripts | styles | fonts | arabic | islands,
    }
    if given.json:
        print(json.dumps(figures))
        return
    for name, size in figures["files"].items():
        print(f"{size:>9,}  {name}")
    print(
        f"first load {first:,} B, {first / FIRST_LOAD:.0%} of its budget; in Arabic {figures['first_load_arabic']:,} B"
    )
    print(
        f"scripts {figures['scripts']:,} B, {figures['scripts'] / SCRIPTS:.0%} of their budget; with all islands {figures['scripts_with_islands']:,} B"
    )


if __name__ == "__main__":
    main()
