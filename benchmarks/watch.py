"""Watching a log that grows at a given rate, with planted hits, beside `tail -F | grep -F -f` on the same file.

A writer appends lines of a Zeek-like JSON log at `--rate` lines a second and plants one hit in a thousand. For each planted line the time from when
it was written to when its hit was committed to the database with its alert is measured, and for grep until its line came out. `missed` must be 0.

    uv run python -m benchmarks.watch [--rate 50000] [--seconds 20] [--indicators 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.hunt import wanted
from benchmarks.node import made
from tocsin.config import Settings
from tocsin.formats import RawItem
from tocsin.node.clearances import Clearances
from tocsin.node.hits import Hit
from tocsin.node.intake import Intake
from tocsin.node.watching import Setup, Watch
from tocsin.sharing.release import Released
from tocsin.store import Store, collections, organisations
from tocsin.store.values import Origin

_EVERY = 1_000
_BATCH = 0.005
"""Seconds of lines that are written at once."""
_MOST = 4_000


def _line(number: int, name: str) -> str:
    return (
        f'{{"ts":{1_795_161_600 + number / 50_000:.6f},"uid":"C{number:x}","id.orig_h":"10.20.{number % 200}.{number % 250}",'
        f'"id.orig_p":{30_000 + number % 30_000},"id.resp_h":"10.0.0.53","id.resp_p":53,"proto":"udp","query":"{name}"}}\n'
    )


def write(
    log: Path, rate: int, seconds: int, planted: Sequence[str], stop: threading.Event
) -> dict[str, float]:
    """Append lines; return when each planted name was written."""
    written: dict[str, float] = {}
    number = 0
    began = time.monotonic()
    with log.open("a", buffering=1 << 20) as out:
        while time.monotonic() - began < seconds and not stop.is_set():
            # no more at once than the buffer holds: no line reaches the file before `flush`
            due = min(int((time.monotonic() - began) * rate), number + _MOST)
            marks = []
            while number < due:
                number += 1
                name = f"host{number % 5000}.internal.example"
                if number % _EVERY == 0:
                    name = f"x{number}.{planted[number % len(planted)]}"
                    marks.append(name)
                out.write(_line(number, name))
            written |= dict.fromkeys(marks, time.monotonic())
            out.flush()
            time.sleep(_BATCH)
    print(f"{number:,} lines in {time.monotonic() - began:.1f} s", file=sys.stderr)
    return written


def figures(written: dict[str, float], seen: dict[str, float]) -> dict[str, Any]:
    """Return milliseconds from writing to finding, and how many were missed."""
    times = sorted(1000 * (seen[name] - at) for name, at in written.items() if name in seen)
    if not times:
        return {"missed": len(written)}
    return {
        "p50": round(statistics.median(times)),
        "p99": round(times[min(len(times) - 1, int(0.99 * len(times)))]),
        "most": round(times[-1]),
        "missed": len(written) - len(times),
    }


def fill(store: Store, values: Sequence[str]) -> None:
    """Take in indicators."""
    with store.connection() as connection:
        own = organisations.own(connection).id
        alias = collections.everything(connection)[0]
    items = []
    for number, value in enumerate(values):
        kind = "ipv4-addr" if value.replace(".", "").isdigit() else "domain-name"
        data = {
            "type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid4()}", "name": f"n{number}",
            "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z",
            "valid_from": "2026-11-01T00:00:00.000Z", "pattern": f"[{kind}:value = '{value}']", "pattern_type": "stix",
        }  # fmt: skip
        items.append(RawItem(str(number), json.dumps(data).encode()))
    Intake(store, own, store.clock).take(
        items, collection=alias.id, origin=Origin(own, None, "import"), owner=own, assumed="green"
    )


def watched(store: Store, log: Path, rate: int, seconds: int, planted: Sequence[str]) -> dict[str, Any]:
    """Watch a log that is written to; return figures."""
    seen: dict[str, float] = {}

    def on_hits(found: Released[Sequence[Hit]]) -> None:
        now = time.monotonic()
        for hit in found.value:
            seen.setdefault(hit.value, now)

    watch = Watch(store, Clearances(store), Setup(paths=(str(log),), tell=False), on_hits=on_hits)
    thread = threading.Thread(target=watch.run)
    thread.start()
    used = time.process_time()
    written = _apart(log, rate, seconds, planted)
    until = time.monotonic() + 20
    while len(seen) < len(written) and time.monotonic() < until:
        time.sleep(0.05)
    used = time.process_time() - used
    watch.stop()
    thread.join()
    return {**figures(written, seen), "processor": round(used / seconds, 2)}


def grepped(log: Path, patterns: Path, rate: int, seconds: int, planted: Sequence[str]) -> dict[str, Any]:
    """The same with tail and grep."""
    seen: dict[str, float] = {}
    with ExitStack() as stack:
        tail = stack.enter_context(
            subprocess.Popen(
                ["tail", "-n0", "-F", str(log)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        )
        grep = stack.enter_context(
            subprocess.Popen(
                ["grep", "--line-buffered", "-F", "-f", str(patterns)],
                stdin=tail.stdout, stdout=subprocess.PIPE, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            )
        )  # fmt: skip

        def read() -> None:
            assert grep.stdout is not None
            for line in grep.stdout:
                seen.setdefault(json.loads(line)["query"], time.monotonic())

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        time.sleep(3)
        written = _apart(log, rate, seconds, planted)
        until = time.monotonic() + 20
        while len(seen) < len(written) and time.monotonic() < until:
            time.sleep(0.05)
        tail.terminate()
        grep.terminate()
    return figures(written, seen)


def _apart(log: Path, rate: int, seconds: int, planted: Sequence[str]) -> dict[str, float]:
    """Write from another process, so that it takes nothing from the one that is measured."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.watch", "--write", str(log), "--rate", str(rate), "--seconds", str(seconds)],
        input=json.dumps(list(planted)).encode(), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Run the benchmark; return 1 if a planted line was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--indicators", type=int, default=100_000)
    parser.add_argument("--write", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    options = parser.parse_args()
    if options.write:
        planted = json.loads(sys.stdin.read())
        print(
            json.dumps(write(Path(options.write), options.rate, options.seconds, planted, threading.Event()))
        )
        return 0
    values = [each.text for each in wanted(options.indicators) if each.kind in {"domain", "ipv4"}]
    planted = [each for each in values if not each.replace(".", "").isdigit()][:500]
    with (
        tempfile.TemporaryDirectory() as folder,
        made() as node,
        Store.open(Settings(home=node.home)) as store,
    ):
        fill(store, values)
        log, patterns = Path(folder, "dns.log"), Path(folder, "patterns")
        log.touch()
        patterns.write_text("".join(f"{each}\n" for each in values), encoding="utf-8")
        ours = watched(store, log, options.rate, options.seconds, planted)
        other = Path(folder, "other.log")
        other.touch()
        peer = grepped(other, patterns, options.rate, options.seconds, planted)
    if not options.json:
        print(
            f"{len(values):,} indicators, {options.rate:,} lines/s for {options.seconds} s, load {os.getloadavg()[0]:.1f}"
        )
        print(f"watch, written to committed: {ours}")
        print(f"tail -F | grep -F -f, written to printed: {peer}")
    print(json.dumps({"what": "line written to alert, ms", "ours": ours, "peer": peer, "rate": options.rate}))
    return 1 if ours["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
