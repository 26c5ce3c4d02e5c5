"""TAXII: add objects until they are visible, in envelopes of 1,000; into an empty collection, and into one that holds N.

    uv run python -m benchmarks.taxii_post [--objects N] [--json]

The clock runs from the first byte of the POST until a GET behind the cursor that the client stood at (`added_after`, with
`match[id]`) returns the last object of the envelope. Envelopes are made beforehand. Every object is new, fully checked and
labelled. Beside the node run the peers, into an empty collection and with few objects, because they slow down as they fill.
Limit: the same objects put with COPY into a bare table (id as primary key, body) of the same database, a commit for each
thousand. Targets: 10,000 objects/s, as many at N as empty, twenty times the peers.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Iterator, Sequence

from benchmarks import corpus, node, peers
from benchmarks.wire import Connector, Served, percentile, report
from tocsin.config import Settings
from tocsin.store import Store

BATCH = 1000
BATCHES = 50
LARGE = 10_000
LARGE_BATCHES = 5
OPENTAXII = 10_000
MEDALLION = 25_000
_SEED = 77  # of what is posted; what is held has another
_ID = re.compile(rb'"id":"([^"]+)"')
_PATIENCE = 120.0


def batches(objects: Iterator[bytes], size: int, count: int) -> list[list[bytes]]:
    return [[next(objects) for _ in range(size)] for _ in range(count)]


def identifier(raw: bytes) -> str:
    found = _ID.search(raw)
    assert found is not None
    return found.group(1).decode()


def post(served: Served, what: Sequence[list[bytes]]) -> list[float]:
    """POST each batch and wait until its last object can be read; return the seconds of each."""
    connector = Connector(served)
    after = (
        node.now_text() if connector.ask("/objects/?limit=1").indicators() else "2000-01-01T00:00:00.000000Z"
    )
    taken = []
    for batch in what:
        body, last = peers.envelope(batch), identifier(batch[-1])
        target = f"/objects/?added_after={after}&match[id]={last}&limit=1"
        began = time.perf_counter()
        answer = connector.ask("/objects/", method="POST", body=body)
        if answer.status != 202:
            raise RuntimeError(f"{served.name}: {answer.status}")
        answer.body.release()
        while True:
            answer = connector.ask(target)
            if answer.indicators():
                break
            if time.perf_counter() - began > _PATIENCE:
                raise RuntimeError(f"{served.name}: {last} cannot be read")
            answer.body.release()
        taken.append(time.perf_counter() - began)
        answer.body.release()
        after = answer.field("X-TAXII-Date-Added-Last") or answer.field("X-TAXII-Date-Added-First") or after
    connector.close()
    return taken


def rate(size: int, taken: Sequence[float]) -> float:
    return size * len(taken) / sum(taken)


def line(size: int, taken: Sequence[float]) -> str:
    ms = [each * 1000 for each in taken]
    return (
        f"{rate(size, taken):,.0f} objects/s, an envelope of {size:,} p50 {statistics.median(ms):.0f} ms, "
        f"p95 {percentile(ms, 0.95):.0f} ms"
    )


def ceiling(home: node.Node, what: Sequence[list[bytes]]) -> float:
    """Return objects/s of COPY into a bare table."""
    with Store.open(Settings(home=home.home)) as store, store.connection() as connection:
        connection.execute("CREATE TABLE bare (id text PRIMARY KEY, body bytea NOT NULL)")
        taken = 0.0
        for batch in what:
            rows = [(identifier(raw), raw) for raw in batch]
            began = time.perf_counter()
            with (
                connection.transaction(),
                connection.cursor() as cursor,
                cursor.copy("COPY bare FROM STDIN (FORMAT binary)") as copy,
            ):
                copy.set_types(["text", "bytea"])
                for row in rows:
                    copy.write_row(row)
            taken += time.perf_counter() - began
        connection.execute("DROP TABLE bare")
    return sum(map(len, what)) / taken


def run(objects: int, *, quiet: bool) -> None:
    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    fresh = corpus.indicators(10**9, _SEED)
    small = batches(fresh, BATCH, BATCHES)
    with node.made() as home:
        with node.serving(home) as served:
            empty = post(served, small)
            say(f"Tocsin, empty: {line(BATCH, empty)}")
            large = post(served, batches(fresh, LARGE, LARGE_BATCHES))
            say(f"Tocsin, empty: {line(LARGE, large)}")
        limit = ceiling(home, small)
        say(f"COPY into a bare table: {limit:,.0f} objects/s")
    with node.filled(objects) as (_, served):
        held = post(served, small)
        say(f"Tocsin, {objects:,} held: {line(BATCH, held)}")

    counts = {"OpenTAXII": OPENTAXII, "medallion": MEDALLION}

    def measure(served: Served) -> float:
        count = counts[served.name.split()[0]]
        taken = post(served, small[: count // BATCH])
        first, last = (rate(BATCH, [taken[position]]) for position in (0, -1))
        say(
            f"{served.name}, empty: {line(BATCH, taken)}; first {first:,.0f}, {count:,}th {last:,.0f} objects/s"
        )
        return rate(BATCH, taken)

    found = peers.each(measure, medallion_objects=[], opentaxii_objects=[], say=say)
    best = max(found.values(), default=None)
    at_empty, at_held = rate(BATCH, empty), rate(BATCH, held)
    report(
        f"TAXII POST until visible, envelopes of {LARGE:,}, empty, objects/s",
        rate(LARGE, large), best, limit, rate(LARGE, large) / best if best else None,
    )  # fmt: skip
    report(
        f"TAXII POST until visible, envelopes of {BATCH:,}, empty, objects/s, peer the faster of the two into empty",
        at_empty, best, limit, at_empty / best if best else None,
        target=10_000, peers={name: round(value) for name, value in found.items()},
    )  # fmt: skip
    report(
        f"TAXII POST until visible, envelopes of {BATCH:,}, {objects:,} held, objects/s, peer the faster of the two into empty",
        at_held, best, limit, at_held / best if best else None,
        target=10_000, of_empty=round(at_held / at_empty, 2), p95_ms=round(percentile(held, 0.95) * 1000),
    )  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="only JSON lines")
    given = parser.parse_args(argv)
    run(given.objects, quiet=given.json)


if __name__ == "__main__":
    main()
