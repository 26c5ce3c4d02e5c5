"""A TAXII page for one recipient out of a large collection, wherever it stands and whatever the recipient may see.

The collection holds rows under 40 label sets of very different sizes, shuffled; the last two in a hundred rows came late, under
a label set of their own. One recipient is cleared for 9 of the sets (about half of all rows, common and rare ones), another
for the late one alone. Each asks for first, middle and last pages.

`ours` is the worst 95th percentile among all of these, in ms; `peer` the same for the query that one would write first
(`label_id = ANY(...) ORDER BY cursor LIMIT`, on a connection with PostgreSQL's defaults); `ratio` is peer to ours. `limit` is the time to read and join as many rows by position
alone, whoever may see them.

    uv run python -m benchmarks.decision_pages [--rows 1000000] [--limit 1000] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg

from benchmarks import corpus
from tocsin.config import Settings
from tocsin.sharing.audience import Organisation
from tocsin.sharing.labels import Label, label_for
from tocsin.sharing.release import Clearance, Released, clear
from tocsin.stix import Object
from tocsin.store import Connection, Store, collections, labels, migrate, objects, organisations, pages
from tocsin.store.collections import Collection
from tocsin.store.values import Origin, Page, PageQuery, Placement

OWN = Organisation("identity--00000000-0000-4000-8000-000000000001", "Own", own=True)
SETS = 40
LATE = SETS
RECIPIENTS = {"9 sets, half of all": (0, 1, 2, 5, 9, 20, 30, 38, 39), "1 set, came late": (LATE,)}
BATCH = 2000
PAGES = 200
"""How many pages are asked for at each place."""


def label(rank: int) -> Label:
    marking = f"marking-definition--{uuid.UUID(int=(4 << 76) | (8 << 60) | rank)}"
    return label_for((marking,), owner=OWN.id, recipients=(OWN.id,))


def placements(rows: int) -> Iterator[list[Placement]]:
    """Yield batches of about 0.8 kB a row; label sets shrink by a fifth from one rank to the next."""
    dice = random.Random(7)
    made = [label(rank) for rank in range(SETS + 1)]
    weights = [0.8**rank for rank in range(SETS)]
    bodies = list(corpus.indicators(min(rows, 20_000)))
    for start in range(0, rows, BATCH):
        size = min(BATCH, rows - start)
        late = start >= rows * 0.98
        chosen = [made[LATE]] * size if late else dice.choices(made[:SETS], weights, k=size)
        batch = []
        for number, its_label in enumerate(chosen, start):
            stix_id = f"indicator--{uuid.UUID(int=dice.getrandbits(128), version=4)}"
            body = bodies[number % len(bodies)]
            at = body.index(b'"id":"') + 6
            body = body[:at] + stix_id.encode() + body[at + len(stix_id) :]
            found = Object(stix_id, "indicator", number, False, body, its_label.markings, {})
            batch.append(Placement(found, its_label))
        yield batch


def fill(store: Store, rows: int) -> tuple[Collection, float]:
    """Put the rows; return the collection, and the seconds that putting alone took."""
    with store.connection() as connection:
        migrate.migrate(connection)
        organisations.put(connection, OWN)
        collection = collections.add(connection, collections.new("intel"))
    origin = Origin(OWN.id, None, "import")
    seconds = 0.0
    for batch in placements(rows):
        began = time.perf_counter()
        objects.put(store, collection.id, batch, origin=origin)
        seconds += time.perf_counter() - began
    with store.connection() as connection:  # as autovacuum does in time
        connection.execute("VACUUM ANALYZE object")
        connection.execute("CHECKPOINT")
    return collection, seconds


def clearance(store: Store, ranks: Sequence[int]) -> Clearance:
    with store.connection() as connection:
        known = labels.intern(connection, [label(rank) for rank in ranks])
        return clear(OWN.id, "receive", tuple(sorted(known.values())), labels.generation(connection))


def places(store: Store, cleared: Clearance, limit: int) -> dict[str, list[int]]:
    """Return where to start pages at the beginning, in the middle and at the end of what the recipient may see."""
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT cursor FROM object WHERE label_id = ANY(%s) ORDER BY 1", (list(cleared.labels),)
        )
        visible = [-1, *(row[0] for row in rows)]
    starts = max(1, len(visible) - limit)  # of whole pages
    step = max(1, starts // (PAGES * 10))
    half = starts // 2
    return {
        "first": visible[:starts:step][:PAGES],
        "middle": visible[half:starts:step][:PAGES],
        "last": visible[starts - 1 :: -step][:PAGES],
    }


def timed(work: Callable[[int], object], starts: Sequence[int]) -> list[float]:
    """Return ms for each page, after a warm-up that has it prepared."""
    for start in starts[:8]:
        work(start)
    taken = []
    for start in starts:
        began = time.perf_counter()
        work(start)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def ours(store: Store, collection: Collection, cleared: Clearance, limit: int) -> Callable[[int], object]:
    def ask(after: int) -> None:
        found = pages.page(store, PageQuery(collection.id, after=after, limit=limit), cleared)
        assert isinstance(found, Released)
        assert isinstance(found.value, Page)
        assert found.value.count

    return ask


def inside(store: Store, collection: Collection, cleared: Clearance, limit: int) -> Callable[[int], object]:
    def ask(after: int) -> None:
        with store.connection() as connection:
            pages.explain(connection, PageQuery(collection.id, after=after, limit=limit), cleared)

    return ask


def plain(connection: Connection, cleared: Clearance | None, limit: int) -> Callable[[int], object]:
    where = "label_id = ANY(%(labels)s) AND standing < 2 AND " if cleared else ""
    statement = (
        "SELECT string_agg(body, ','::bytea ORDER BY cursor) FROM (SELECT cursor, body FROM object "
        f"WHERE {where} cursor > %(after)s ORDER BY cursor LIMIT %(limit)s) page"
    )
    values = {"labels": list(cleared.labels) if cleared else [], "limit": limit + 1}

    def ask(after: int) -> None:
        connection.execute(statement, values | {"after": after}, binary=True).fetchone()

    return ask


def measure(store: Store, collection: Collection, limit: int, *, talk: bool) -> tuple[float, float, float]:
    """Return the worst p95 of ours, of the plain query, and of reading by position, in ms."""
    worst = [0.0, 0.0, 0.0]
    connection = psycopg.connect(store.dsn, autocommit=True)
    for name, ranks in RECIPIENTS.items():
        cleared = clearance(store, ranks)
        ways = {
            "ours": ours(store, collection, cleared, limit),
            "plain": plain(connection, cleared, limit),
            "by position": plain(connection, None, limit),
            "ours, in the database": inside(store, collection, cleared, limit),
        }
        for place, starts in places(store, cleared, limit).items():
            for number, (way, work) in enumerate(ways.items()):
                taken = timed(work, starts)
                if number < len(worst):
                    worst[number] = max(worst[number], p95(taken))
                if talk:
                    print(
                        f"{name:20} {place:7} {way:22} p50 {statistics.median(taken):7.2f}  p95 {p95(taken):7.2f} ms"
                    )
    connection.close()
    return worst[0], worst[1], worst[2]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as home,
        Store.open(Settings(home=Path(home)), check=False) as store,
    ):
        collection, seconds = fill(store, chosen.rows)
        if not chosen.json:
            print(f"put {chosen.rows:,} rows in {seconds:.1f} s: {chosen.rows / seconds:,.0f} rows/s")
        mine, peer, limit = measure(store, collection, chosen.limit, talk=not chosen.json)
    line = {
        "what": f"page of {chosen.limit} of {chosen.rows} rows for one recipient, worst p95 in ms, peer the plain query",
        "ours": round(mine, 2),
        "peer": round(peer, 2),
        "limit": round(limit, 2),
        "ratio": round(peer / mine, 1),
    }
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
