"""Search at a million objects: page, counts and suggestions under a clearance, and what the index costs.

    uv run python -m benchmarks.search [--objects N] [--json]

Each kind of query is asked with values drawn from the corpus, none twice. Beside it SQLite's FTS5 in the same run: the same objects as text,
their newest 50 matches, without policy, versions or ranges. Limit: 100 ms for the 95th percentile of each kind.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import corpus
from benchmarks.import_ import fresh_store, take
from tocsin.formats import RawItem
from tocsin.node.clearances import Clearances
from tocsin.node.searching import Searcher
from tocsin.store import Store, collections
from tocsin.store.search import index, parse

LIMIT_MS = 100
PAGE = 50
TIMES = 40
_OWN = "identity--00000000-0000-4000-8000-000000000001"
_VALUE = re.compile(rb"= '([^']+)'")


def items(objects: int) -> Iterator[RawItem]:
    for number, raw in enumerate(corpus.indicators(objects)):
        yield RawItem(str(number), raw)


def kinds(objects: int) -> dict[str, list[str]]:
    """Return queries by kind, made of what the corpus holds."""
    dice = random.Random(4)
    step = max(objects // 4000, 1)
    values = [
        found[1].decode()
        for n, raw in enumerate(corpus.indicators(objects))
        if n % step == 0
        for found in _VALUE.finditer(raw)
    ]
    dice.shuffle(values)
    addresses = [v for v in values if re.fullmatch(r"[\d.]+", v)]
    digests = [v for v in values if re.fullmatch(r"[0-9a-f]{64}", v)]
    domains = [
        v for v in values if re.fullmatch(r"[a-z0-9.-]+", v) and v not in digests and v not in addresses
    ]
    words = sorted({word for raw in corpus.indicators(2000) for word in _words(raw)})
    return {
        "everything": [""] * TIMES,
        "value": values[:TIMES],
        "domain with subdomains": [d.partition(".")[2] if d.count(".") > 1 else d for d in domains[:TIMES]],
        "address": addresses[:TIMES],
        "range": [
            f"{a.rpartition('.')[0]}.0/{dice.choice((16, 20, 24))}" for a in addresses[TIMES : 2 * TIMES]
        ],
        "digest prefix": [d[: dice.randint(8, 16)] for d in digests[:TIMES]],
        "word": [dice.choice(words) for _ in range(TIMES)] if words else [],
        "two words": [" ".join(dice.sample(words, 2)) for _ in range(TIMES)] if len(words) > 1 else [],
        "word and filters": [
            f"{dice.choice(words)} tlp:green confidence:>=70 after:2024-06-01" for _ in range(TIMES)
        ]
        if words
        else [],
        "filters": ["type:indicator tlp:amber confidence:>=90"] * TIMES,
        "not there": [f"absent{n}.example" for n in range(TIMES)],
    }


def _words(raw: bytes) -> list[str]:
    """Return the words of an object that are nothing but letters: from those that stand in one to those that stand in most."""
    said = json.loads(raw)
    text = f"{said.get('name', '')} {said.get('description', '')}".lower()
    return [word for word in re.findall(r"\w+", text) if re.fullmatch(r"[a-z]{4,}", word)]


def timed(ask: Callable[[str], object], queries: list[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile, ms."""
    taken = []
    for query in queries:
        began = time.perf_counter()
        ask(query)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def beside(objects: int, words: list[str]) -> tuple[float, float]:
    """Return median and 95th percentile of FTS5 for words, ms."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-fts-"))
    try:
        with sqlite3.connect(folder / "fts.db") as connection:
            connection.execute("CREATE VIRTUAL TABLE held USING fts5(body, content='')")
            connection.executemany(
                "INSERT INTO held (rowid, body) VALUES (?, ?)",
                ((n, raw.decode()) for n, raw in enumerate(corpus.indicators(objects))),
            )
            connection.commit()
            found = timed(
                lambda word: connection.execute(
                    "SELECT rowid FROM held WHERE held MATCH ? ORDER BY rowid DESC LIMIT ?",
                    (f'"{word}"', PAGE),
                ).fetchall(),
                words,
            )
        connection.close()
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sizes(store: Store) -> dict[str, int]:
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT relname, pg_total_relation_size(oid) / 1000000 FROM pg_class WHERE relname IN ('search', 'search_name', 'object_1')"
        ).fetchall()
    return {name: int(size) for name, size in rows}


def ask(
    store: Store, asked: dict[str, list[str]], say: Callable[[str], None]
) -> tuple[float, dict[str, object], tuple[float, float]]:
    """Return the worst 95th percentile of a page (ms), figures by kind, and those of suggestions."""
    with store.connection() as connection:
        connection.execute("ANALYZE")
        main = collections.get(connection, "main").id
    searcher = Searcher(store, Clearances(store))
    worst = 0.0
    found: dict[str, object] = {}
    for name, queries in asked.items():
        if queries:
            searcher.find(parse(queries[0]), _OWN, [main], limit=PAGE)
            page = timed(lambda q: searcher.find(parse(q), _OWN, [main], limit=PAGE), queries)
            counts = timed(lambda q: searcher.facets(parse(q), _OWN, [main]), queries)
            found[name] = {
                "page": [round(each, 1) for each in page],
                "counts": [round(each, 1) for each in counts],
            }
            worst = max(worst, page[1])
            say(
                f"{name:24} page p50 {page[0]:6.1f} p95 {page[1]:6.1f} ms   counts p50 {counts[0]:6.1f} p95 {counts[1]:6.1f} ms"
            )
    prefixes = [value[:4] for value in asked["value"]]
    offered = timed(lambda q: searcher.suggest(q, _OWN, [main], limit=10), prefixes)
    say(f"{'suggestions':24} p50 {offered[0]:.1f} p95 {offered[1]:.1f} ms")
    return worst, found, offered


def run(objects: int, *, quiet: bool) -> dict[str, object]:
    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    with fresh_store() as store:
        report = take(store, items(objects))
        say(f"import: {report.taken / report.seconds:,.0f} objects/s")
        began = time.perf_counter()
        index.catch_up(store)
        indexing = objects / (time.perf_counter() - began)
        say(f"index: {indexing:,.0f} objects/s behind it; MB on disk: {sizes(store)}")
        asked = kinds(objects)
        worst, found, offered = ask(store, asked, say)
    peer = beside(objects, asked["word"] or asked["value"])
    say(f"SQLite FTS5, one word: p50 {peer[0]:.1f} p95 {peer[1]:.1f} ms")
    return {
        "what": f"search at {objects:,} objects, worst p95 of a page, ms",
        "ours": round(worst, 1),
        "peer": round(peer[1], 1),
        "limit": LIMIT_MS,
        "ratio": round(worst / LIMIT_MS, 2),
        "suggestions": round(offered[1], 1),
        "index_per_second": round(indexing),
        "kinds": found,
    }


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.objects, quiet=arguments.json)))


if __name__ == "__main__":
    main()
