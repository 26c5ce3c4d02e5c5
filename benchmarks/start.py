"""Start, idle memory, and memory of an import.

    uv run python -m benchmarks.start [--objects N] [--json]

- From starting `tocsin serve` on a data folder that holds N objects until /readyz says 200: median of five, the embedded
  database is started each time. Limit: the embedded database alone.
- Memory of all processes, the database's too, after ten idle seconds: proportional set size, pages of shared memory once.
  Limit: the embedded database alone.
- The most that `tocsin import` and its database hold while they take a file of N/10 and of N indicators, into fresh nodes. The
  process must be flat; the database fills its shared buffers (128 MB) and no more.

Beside it OpenTAXII: until it answers, and idle with 1,000 objects, but without a database server: it runs on SQLite.
Targets: 5 s, 300 MB, flat.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from benchmarks import corpus, node, peers
from benchmarks.wire import Connector, report
from tocsin.store.embedded import Embedded

TIMES = 5
IDLE_SECONDS = 10.0
_EVERY = 0.2
_PEER_HOLDS = 1000


class Most:
    """Samples memory while its block runs; `value` is the most, in MB."""

    def __init__(self, pids: Callable[[], list[int]]) -> None:
        self.value = 0.0
        self._pids = pids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(_EVERY):
            self.value = max(self.value, node.held(self._pids()))


def importing(objects: int) -> tuple[float, float]:
    """Import a file into a fresh node; return the most MB of the process and of its database."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-corpus-") as folder, node.made() as home:
        file = Path(folder) / "corpus.json"
        with file.open("wb", buffering=1 << 20) as stream:
            corpus.write(stream, objects)
        process = subprocess.Popen(home.command("import", str(file), "--json"), stdout=subprocess.DEVNULL)

        def database() -> list[int]:
            postmaster = node.database(home)
            return node.family(postmaster) if postmaster else []

        with Most(lambda: [process.pid]) as ours, Most(database) as its:
            if process.wait():
                raise RuntimeError("the import failed")
    return ours.value, its.value


def database_alone(home: node.Node) -> tuple[float, float]:
    """Return seconds until the embedded database answers, and its MB when idle."""
    embedded = Embedded(home.home)
    began = time.perf_counter()
    embedded.attach()
    seconds = time.perf_counter() - began
    time.sleep(2)
    postmaster = node.database(home)
    mb = node.held(node.family(postmaster)) if postmaster else 0.0
    embedded.release()
    return seconds, mb


def opentaxii() -> tuple[float, float] | None:
    """Return seconds until OpenTAXII answers, and its MB when idle; None where it cannot be had."""
    try:
        with peers.opentaxii() as served:
            peers.fill(served, list(corpus.indicators(_PEER_HOLDS)))
            Connector(served).ask("/objects/?limit=1").body.release()
            time.sleep(IDLE_SECONDS)
            return served.seconds, node.held(node.family(served.pid))
    except peers.UnavailableError:
        return None


def run(objects: int, *, quiet: bool) -> None:
    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    with node.made() as home:
        node.fill(home, objects)
        alone, alone_mb = database_alone(home)
        seconds = []
        for _ in range(TIMES):
            with node.serving(home) as served:
                seconds.append(served.seconds)
        with node.serving(home) as served:
            Connector(served).ask("/objects/?limit=1").body.release()
            time.sleep(IDLE_SECONDS)
            server = node.held(node.family(served.pid))
            idle = node.held(node.everything(home, served.pid))
    say(
        f"ready in {statistics.median(seconds):.2f} s (longest {max(seconds):.2f}); database alone {alone:.2f} s"
    )
    say(f"idle {idle:.0f} MB, {server:.0f} of them the server; database alone {alone_mb:.0f} MB")
    tenth, all_ = importing(max(objects // 10, 1)), importing(objects)
    say(f"import of {objects // 10:,}: at most {tenth[0]:.0f} MB, and the database {tenth[1]:.0f} MB")
    say(f"import of {objects:,}: at most {all_[0]:.0f} MB, and the database {all_[1]:.0f} MB")
    beside = opentaxii()
    say(
        f"OpenTAXII: answers in {beside[0]:.2f} s, idle {beside[1]:.0f} MB"
        if beside
        else "OpenTAXII is left out"
    )
    report(
        f"most MB of `tocsin import` of {objects:,}, limit that of a tenth", all_[0], None, tenth[0], None,
        database_mb=[round(tenth[1]), round(all_[1])],
    )  # fmt: skip
    report(
        f"idle MB of all processes, {objects:,} held, peer OpenTAXII on SQLite, limit the database alone",
        idle, beside[1] if beside else None, alone_mb, beside[1] / idle if beside else None,
        target=300, server_mb=round(server),
    )  # fmt: skip
    middle = statistics.median(seconds)
    report(
        f"seconds until ready, {objects:,} held, peer OpenTAXII until it answers, limit the database alone",
        middle, beside[0] if beside else None, alone, beside[0] / middle if beside else None,
        target=5, longest=round(max(seconds), 2),
    )  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=200_000)
    parser.add_argument("--json", action="store_true", help="only JSON lines")
    given = parser.parse_args(argv)
    run(given.objects, quiet=given.json)


if __name__ == "__main__":
    main()
