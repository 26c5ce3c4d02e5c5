"""Lists for tools out of a million indicators: made the first time, asked again with nothing new, and after one new indicator.

    uv run python -m benchmarks.outputs [--objects N] [--values N] [--json]

The list is CSV of the best values of a node that holds the indicators. Beside it, as the limit of what the machine can do with the same lines, the time it
takes to sort them by confidence and write them to a file, from values that are in memory already; and for a poll, one round trip to the database.
Limit: 5 ms for the 95th percentile of a poll with nothing new.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator

from benchmarks import corpus
from benchmarks.import_ import fresh_store, take
from tocsin.clock import to_text
from tocsin.formats import RawItem, outputs
from tocsin.node.clearances import Clearances
from tocsin.node.outputs import Lists, Made
from tocsin.node.outputs.asking import wanted
from tocsin.store import Store, collections

LIMIT_MS = 5
_OWN = "identity--00000000-0000-4000-8000-000000000001"
_DAY = 86_400_000_000
_TIMES = 200
_SINCE = re.compile(rb'"valid_from":"[^"]+"')
_UNTIL = re.compile(rb',?"valid_until":"[^"]+"')


def items(objects: int, now: int) -> Iterator[RawItem]:
    """Yield indicators that all hold now, each since another day of the last hundred."""
    for number, raw in enumerate(corpus.indicators(objects)):
        since = f'"valid_from":"{to_text(now - (1 + number % 100) * _DAY)}"'.encode()
        yield RawItem(str(number), _UNTIL.sub(b"", _SINCE.sub(since, raw)))


def timed(ask: Callable[[], object], times: int) -> tuple[float, float]:
    """Return the median and the 95th percentile, ms."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def limit_of(made: Made) -> float:
    """Return the seconds it takes to sort the same lines by confidence and to write them."""
    lines = [line.split(b",") for line in made.body.split(b"\n")[1:-1]]
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        lines.sort(key=lambda cells: -int(cells[2]))
        file.write(b"\n".join(b",".join(cells) for cells in lines))
        file.flush()
        return time.perf_counter() - began


def measure(store: Store, values: int, say: Callable[[str], None]) -> dict[str, object]:
    with store.connection() as connection:
        connection.execute("ANALYZE")
        main = [collections.get(connection, "main").id]
    lists = Lists(store, Clearances(store))
    output = outputs.named("csv")
    asked = wanted(output, limit=values)

    def make() -> Made:
        found = lists.make(output, asked, _OWN, main)
        assert found is not None
        return found.value

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, worked = time.perf_counter(), time.process_time()
    made = make()
    first, first_worked = time.perf_counter() - began, time.process_time() - worked
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    say(
        f"first list of {made.items:,} values: {first:.1f} s ({first_worked:.1f} s of this process), {memory:,.0f} MB; left out: {made.left_out}"
    )
    poll = timed(make, _TIMES)
    with store.connection() as connection:
        trip = timed(lambda: connection.execute("SELECT last FROM head").fetchone(), _TIMES)
    say(f"poll with nothing new: p50 {poll[0]:.2f} p95 {poll[1]:.2f} ms; one round trip p50 {trip[0]:.2f} ms")
    again, again_worked = [], []
    for number in range(5):
        pattern = f"[domain-name:value = 'fresh{number}.example.com']"
        raw = next(corpus.indicators(1))
        fresh = json.loads(raw) | {
            "id": f"indicator--00000000-0000-4000-8000-{number:012}",
            "pattern": pattern,
            "valid_from": to_text(store.clock() - _DAY),
            "confidence": 100,
        }
        fresh.pop("valid_until", None)
        take(store, iter([RawItem("fresh", json.dumps(fresh).encode())]))
        began, worked = time.perf_counter(), time.process_time()
        assert f"fresh{number}.example.com".encode() in make().body
        again.append(time.perf_counter() - began)
        again_worked.append(time.process_time() - worked)
    say(
        f"after one new indicator: {statistics.median(again):.2f} s ({statistics.median(again_worked):.2f} s of this process)"
    )
    worked = time.process_time()
    floor = limit_of(made)
    floor_worked = time.process_time() - worked
    say(
        f"the same lines sorted and written from memory: {floor:.2f} s ({floor_worked:.2f} s of this process)"
    )
    return {
        "items": made.items,
        "first_seconds": round(first, 1),
        "first_cpu_seconds": round(first_worked, 1),
        "memory_mb": round(memory),
        "poll_ms": [round(each, 2) for each in poll],
        "trip_ms": round(trip[0], 2),
        "after_one_seconds": round(statistics.median(again), 2),
        "after_one_cpu_seconds": round(statistics.median(again_worked), 2),
        "sorted_and_written_seconds": round(floor, 2),
        "sorted_and_written_cpu_seconds": round(floor_worked, 2),
    }


def run(objects: int, values: int, *, quiet: bool) -> dict[str, object]:
    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    with fresh_store() as store:
        report = take(store, items(objects, store.clock()))
        say(f"import: {report.taken / report.seconds:,.0f} objects/s")
        found = measure(store, values, say)
    poll = found["poll_ms"]
    assert isinstance(poll, list)
    return {
        "what": f"poll of a list of {values:,} values out of {objects:,} indicators with nothing new, p95, ms",
        "ours": poll[1],
        "peer": found["trip_ms"],
        "limit": LIMIT_MS,
        "ratio": round(poll[1] / LIMIT_MS, 2),
        **found,
    }


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--values", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.objects, arguments.values, quiet=arguments.json)))


if __name__ == "__main__":
    main()
