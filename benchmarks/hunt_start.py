"""Starting a hunt of a node with many indicators: its index made for the first time, then mapped, then with one indicator more.

Each start is a process of its own that opens the store and loads the catalogue, as `tocsin hunt` does. Beside it: what two processes hold that have it
loaded at the same time (of memory that they share, half counts), and the limit: reading the same file and doing nothing.

    uv run python -m benchmarks.hunt_start [--indicators 1000000] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import node
from tocsin.config import Settings
from tocsin.matching import Entry, Index, Indicator
from tocsin.node import following
from tocsin.node.clearances import Clearances
from tocsin.node.shelf import FOLDER
from tocsin.store import Store


def loaded(home: Path, *, hold: bool) -> dict[str, Any]:
    """Load the catalogue once; return seconds, of the clock and of the processor, and how many values it has."""
    Index.build(
        [Entry("domain", "a.example", Indicator(id=""))]
    )  # what compiles is imported before, by all alike
    with Store.open(Settings(home=home)) as store:
        clearances = Clearances(store)
        began, used = time.perf_counter(), time.process_time()
        known = following.load(store, clearances).value
        found = {
            "clock": round(time.perf_counter() - began, 3),
            "processor": round(time.process_time() - used, 3),
            "values": known.values,
        }
        if hold:
            found |= {f"{what}_mb": round(amount / 1e6) for what, amount in _memory().items()}
            print(json.dumps(found), flush=True)
            sys.stdin.read()
        return found


def _memory() -> dict[str, int]:
    """Return bytes of memory that are this process's alone, and its share of all with shared pages divided (Linux)."""
    found = {}
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in {"Pss", "Rss"}:
            found[name.lower()] = int(rest.split()[0]) * 1024
    return found


def _start(home: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.hunt_start", "--load", str(home), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def _once(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_start(home).communicate()[0])
    return found


def _together(home: Path) -> list[dict[str, Any]]:
    """Return what two processes say that have it loaded at the same time."""
    both = [_start(home, "--hold"), _start(home, "--hold")]
    lines = []
    for each in both:
        assert each.stdout is not None
        lines.append(json.loads(each.stdout.readline()))
    for each in both:
        each.communicate()
    return lines


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--indicators", type=int, default=1_000_000)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    parser.add_argument("--hold", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    options = parser.parse_args()
    if options.load:
        found = loaded(Path(options.load), hold=options.hold)
        if not options.hold:
            print(json.dumps(found))
        return 0
    with node.made() as made:
        node.fill(made, options.indicators)
        figures: dict[str, Any] = {"built": _once(made.home)}
        (file,) = (made.home / FOLDER).iterdir()
        began = time.perf_counter()
        size = len(file.read_bytes())
        figures["limit"] = {"clock": round(time.perf_counter() - began, 3), "file_mb": round(size / 1e6)}
        figures["mapped"] = _once(made.home)
        figures["together"] = _together(made.home)
        node.fill(made, 1, seed=2)
        figures["one more"] = _once(made.home)
    if not options.json:
        print(f"{options.indicators:,} indicators, load {os.getloadavg()[0]:.1f}")
        for name, said in figures.items():
            print(f"{name}: {said}")
    ratio = figures["built"]["processor"] / max(figures["mapped"]["processor"], 1e-3)
    print(json.dumps({"what": "start of a hunt", "ratio": round(ratio, 1), **figures}))
    right = figures["mapped"]["values"] == figures["built"]["values"] < figures["one more"]["values"]
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
