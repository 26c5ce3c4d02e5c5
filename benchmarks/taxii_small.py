"""TAXII: small requests. Pages of 100 on eight connections at once; and the poll that finds nothing new.

    uv run python -m benchmarks.taxii_small [--objects N] [--json]

Pages start at dates added all over the collection, taken at random with a fixed seed. The poll is `added_after` behind the
last object on one kept connection. Beside the node run the peers for fewer seconds, OpenTAXII with 2,000 objects, medallion with
500 and always the first page (of more it takes seconds for any page). Limit: a page of 100 and an empty answer, ready-made,
to the same client.
Targets: 1,000 requests/s; 3 ms.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks import corpus, node, peers
from benchmarks.wire import Connector, Served, drive, median_ms, percentile, report, static
from tocsin.clock import to_text
from tocsin.stix.timestamps import to_micros

PAGE = 100
CONNECTIONS = 8
SECONDS = 10.0
OPENTAXII = 2000
MEDALLION = 500
_WARM_SECONDS = 1.0
_POLLS = 1000


class Measured(NamedTuple):
    """Requests a second with the ms of each, and the median ms of a poll that finds nothing."""

    rate: float
    ms: list[float]
    poll: float

    def __str__(self) -> str:
        return (
            f"{self.rate:,.0f} requests/s (p50 {statistics.median(self.ms):.1f} ms, "
            f"p95 {percentile(self.ms, 0.95):.1f} ms), nothing new p50 {self.poll:.2f} ms"
        )


def dates(served: Served) -> tuple[int, int]:
    """Return dates added of the first object and of the last but about a page, in µs."""
    connector = Connector(served)
    answer = connector.ask("/objects/?limit=1")
    first = to_micros(answer.field("X-TAXII-Date-Added-First"))
    answer.body.release()
    low, high = first, to_micros(node.now_text())
    while high - low > 1000:  # the last date after which a whole page follows
        middle = (low + high) // 2
        answer = connector.ask(f"/objects/?limit={PAGE}&added_after={to_text(middle)}")
        whole = answer.indicators() == PAGE
        answer.body.release()
        low, high = (middle, high) if whole else (low, middle)
    connector.close()
    return first - 1, low


def targets(between: tuple[int, int] | None) -> Iterator[str]:
    dice = random.Random(1)
    while True:
        after = f"&added_after={to_text(dice.randint(*between))}" if between else ""
        yield f"/objects/?limit={PAGE}{after}"


def polls(served: Served, times: int) -> float:
    connector = Connector(served)
    target = f"/objects/?limit={PAGE}&added_after={node.now_text()}"
    if connector.ask(target).indicators():
        raise RuntimeError(f"{served.name}: something new where there is nothing")
    connector.ask(target)
    taken = median_ms(connector, target, times)
    connector.close()
    return taken


def measure(served: Served, seconds: float, times: int, *, everywhere: bool = True) -> Measured:
    between = dates(served) if everywhere else None
    drive(served, targets(between), connections=CONNECTIONS, seconds=min(_WARM_SECONDS, seconds / 4))
    began = time.perf_counter()
    ms = drive(served, targets(between), connections=CONNECTIONS, seconds=seconds)
    return Measured(len(ms) / (time.perf_counter() - began), ms, polls(served, times))


def ceiling(served: Served) -> tuple[float, float]:
    """Return requests/s and ms of a poll when the answers are ready-made."""
    connector = Connector(served)
    body = bytes(connector.ask(f"/objects/?limit={PAGE}").body)
    connector.close()
    with static([body]) as instead:
        ms = drive(instead, iter(lambda: "/", None), connections=CONNECTIONS, seconds=2.0)
    with static([b"{}"]) as instead:
        connector = Connector(instead)
        poll = median_ms(connector, "/", _POLLS)
        connector.close()
    return len(ms) / 2.0, poll


def run(objects: int, *, quiet: bool) -> None:
    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    with node.filled(objects) as (_, served):
        ours = measure(served, SECONDS, _POLLS)
        say(f"Tocsin, {objects:,} held: {ours}")
        limit, limit_poll = ceiling(served)
        say(f"ready-made answers: {limit:,.0f} requests/s, {limit_poll:.2f} ms")
    sample = list(corpus.indicators(max(OPENTAXII, MEDALLION)))
    beside: dict[str, Measured] = {}

    def measure_peer(served: Served) -> float:
        quick = served.name.startswith("OpenTAXII")
        found = measure(served, SECONDS / 2 if quick else 1.0, 50 if quick else 3, everywhere=quick)
        beside[served.name] = found
        say(f"{served.name}, {OPENTAXII if quick else MEDALLION:,} held: {found}")
        return found.rate

    peers.each(
        measure_peer, medallion_objects=sample[:MEDALLION], opentaxii_objects=sample[:OPENTAXII], say=say
    )
    quickest = min((found.poll for found in beside.values()), default=None)
    best = max((found.rate for found in beside.values()), default=None)
    report(
        f"TAXII poll that finds nothing new, {objects:,} held, p50 in ms, peer the quicker of the two",
        ours.poll, quickest, limit_poll, quickest / ours.poll if quickest else None,
        target=3, peers={name: round(found.poll, 2) for name, found in beside.items()},
    )  # fmt: skip
    report(
        f"TAXII pages of {PAGE}, {CONNECTIONS} connections, {objects:,} held, requests/s, peer the quicker of the two at {OPENTAXII:,} or {MEDALLION}",
        ours.rate, best, limit, ours.rate / best if best else None,
        target=1000, p50_ms=round(statistics.median(ours.ms), 2), p95_ms=round(percentile(ours.ms, 0.95), 2),
        peers={name: round(found.rate, 1) for name, found in beside.items()},
    )  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=250_000)
    parser.add_argument("--json", action="store_true", help="only JSON lines")
    given = parser.parse_args(argv)
    run(given.objects, quiet=given.json)


if __name__ == "__main__":
    main()
