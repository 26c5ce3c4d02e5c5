"""TAXII: get a whole collection, pages of 1,000, one client following `next` to the end.

    uv run python -m benchmarks.taxii_get [--objects N] [--json]

The node holds N indicators under ten label sets (five TLP levels, two families of ids), and the reader may see all. Beside it
the peers with what they can hold: OpenTAXII 5,000, medallion 2,000 (the time of its first page is quadratic in what it holds).
Limit: the same bytes as ready-made answers from an asyncio server that does nothing else, to the same client.
Targets: 100,000 objects/s, ten times OpenTAXII, p95 of a page under 25 ms, last pages as quick as the first.
"""

from __future__ import annotations

import argparse
import statistics
import time

from benchmarks import corpus, node, peers
from benchmarks.wire import Connector, Served, Walked, percentile, report, static, walk

PAGE = 1000
_EDGE = 100  # pages at each end that are compared
_STATIC_PAGES = 20
_STATIC_TIMES = 300
OPENTAXII = 5000
MEDALLION = 2000


def ceiling(served: Served) -> float:
    """Return objects/s of the same pages sent ready-made."""
    connector = Connector(served)
    bodies: list[bytes] = []
    target = f"/objects/?limit={PAGE}"
    while target and len(bodies) < _STATIC_PAGES:
        answer = connector.ask(target)
        bodies.append(bytes(answer.body))
        following = answer.next()
        answer.body.release()
        target = f"/objects/?limit={PAGE}&next={following}" if following else ""
    connector.close()
    # each but the last says `next`; the client here does not follow it, it asks again
    with static(bodies) as instead:
        connector = Connector(instead)
        seconds, objects = [], 0
        for _ in range(_STATIC_TIMES):
            began = time.perf_counter()
            answer = connector.ask("/")
            answer.next()
            seconds.append(time.perf_counter() - began)
            objects += answer.indicators()
            answer.body.release()
        connector.close()
    return objects / sum(seconds)


def run(objects: int, *, quiet: bool) -> None:
    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    with node.filled(objects) as (_, served):
        walk_one(served)
        ours = walk(served, PAGE)
        limit = ceiling(served)
    if ours.objects != objects:
        raise RuntimeError(f"{ours.objects:,} of {objects:,} objects came")
    say(f"Tocsin, {objects:,} held: {line(ours)}; ready-made answers: {limit:,.0f} objects/s")
    sample = list(corpus.indicators(max(OPENTAXII, MEDALLION)))

    def measure(served: Served) -> float:
        walked = walk(served, PAGE)
        say(f"{served.name}, {walked.objects:,} held: {line(walked)}")
        return walked.rate

    found = peers.each(
        measure, medallion_objects=sample[:MEDALLION], opentaxii_objects=sample[:OPENTAXII], say=say
    )
    best = max(found.values(), default=None)
    ms = [each * 1000 for each in ours.seconds]
    edge = min(_EDGE, max(len(ms) // 2, 1))
    first, last = statistics.median(ms[:edge]), statistics.median(ms[-edge - 1 : -1] or ms)
    report(
        f"TAXII page of {PAGE:,}, {objects:,} held, p95 in ms",
        percentile(ms, 0.95), None, None, None,
        target=25, p50=round(statistics.median(ms), 2), max=round(max(ms), 1),
    )  # fmt: skip
    report(
        f"TAXII page of {PAGE:,}, median of the last {edge} by the first {edge}",
        last / first, None, 1, None,
        first_ms=round(first, 2), last_ms=round(last, 2),
    )  # fmt: skip
    report(
        f"TAXII GET of all, pages of {PAGE:,}, {objects:,} held, objects/s, peer the faster of the two at {OPENTAXII:,} held",
        ours.rate, best, limit, ours.rate / best if best else None,
        target=100_000, peers={name: round(rate) for name, rate in found.items()}, mb_per_s=round(ours.bytes / sum(ours.seconds) / 1e6),
    )  # fmt: skip


def walk_one(served: Served) -> None:
    """Ask for some pages, so that the statement is prepared and the process warm."""
    connector = Connector(served)
    for _ in range(20):
        connector.ask(f"/objects/?limit={PAGE}").body.release()
    connector.close()


def line(walked: Walked) -> str:
    ms = [each * 1000 for each in walked.seconds]
    return (
        f"{walked.rate:,.0f} objects/s, {walked.bytes / sum(walked.seconds) / 1e6:,.0f} MB/s, "
        f"page p50 {statistics.median(ms):.1f} ms, p95 {percentile(ms, 0.95):.1f} ms, max {max(ms):.1f} ms"
    )


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="only JSON lines")
    given = parser.parse_args(argv)
    run(given.objects, quiet=given.json)


if __name__ == "__main__":
    main()
