"""Runs in the peer's own environment (`benchmarks.peers.PINS["sigma"]`): Sigma rules as SQL over events in SQLite, as Zircolite does it.

Zircolite itself is on no package registry. Its method is: pySigma with the pipelines for Sysmon and Windows makes a query of each rule
(`pysigma-backend-sqlite`, output `zircolite`), events are flattened into one table in memory whose text compares without case and that has an index on
the number of the event, and each query runs over it. So does this script. What rules ask for and no event has becomes an empty column, so that such a
rule is no error; that is not counted in the times.

    python sigma_peer.py RULES_FOLDER EVENTS.json...     prints one line of JSON
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def queries(folder: Path) -> tuple[list[tuple[str, str]], int]:
    """Return id and query of each rule, and how many rules cannot be converted."""
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection
    from sigma.pipelines.sysmon import sysmon_pipeline
    from sigma.pipelines.windows import windows_logsource_pipeline

    backend = sqliteBackend(sysmon_pipeline() + windows_logsource_pipeline())
    found, failed = [], 0
    for file in sorted(folder.rglob("*.yml")):
        try:
            collection = SigmaCollection.from_yaml(file.read_text())
            if str(collection.rules[0].logsource.product) != "windows":
                continue
            for rule in json.loads(backend.convert(collection, "zircolite")):
                found += [(rule["id"], query) for query in rule["rule"]]
        except Exception:  # noqa: BLE001 - whatever it cannot convert
            failed += 1
    return found, failed


def flattened(event: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return an event as one level of names and values."""
    flat: dict[str, Any] = {}
    for name, value in event.items():
        if isinstance(value, dict):
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = (
                value if isinstance(value, (str, int, float)) or value is None else json.dumps(value)
            )
    return flat


def _events(files: list[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        for number, line in enumerate(file.open(encoding="utf-8"), 1):
            yield flattened(json.loads(line)) | {"_where": f"{file.name}:{number}"}


def filled(files: list[Path]) -> tuple[sqlite3.Connection, float]:
    """Return a table of all events, and the seconds that filling it took; finding out which columns there are is not counted."""
    columns = {name.lower(): name for flat in _events(files) for name in flat}
    began = time.process_time()
    database = sqlite3.connect(":memory:")
    names = list(columns.values())
    declared = ", ".join(f'"{name}" TEXT COLLATE NOCASE' for name in names)
    database.execute(f"CREATE TABLE logs (row_id INTEGER PRIMARY KEY, {declared})")
    quoted = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" for _ in names)
    rows = ([_bound(row.get(name)) for name in names] for row in _events(files))
    database.executemany(f"INSERT INTO logs ({quoted}) VALUES ({marks})", rows)
    database.execute('CREATE INDEX idx_eventid ON logs ("EventID")')
    return database, time.process_time() - began


def _bound(value: Any) -> Any:
    return (
        str(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 62
        else value
    )


def main(folder: str, *names: str) -> None:
    began = time.perf_counter()
    rules, failed = queries(Path(folder))
    converted = time.perf_counter() - began
    database, inserted = filled([Path(name) for name in names])
    database.create_function(
        "regexp", 2, lambda pattern, text: text is not None and re.search(pattern, str(text)) is not None
    )
    hits: list[tuple[str, str]] = []
    seconds, errors = 0.0, 0
    for identifier, query in rules:
        wanted = query.replace("SELECT * FROM", "SELECT _where FROM", 1)
        while True:
            began = time.process_time()
            try:
                hits += [(identifier, where) for (where,) in database.execute(wanted)]
                seconds += time.process_time() - began
                break
            except sqlite3.OperationalError as error:
                missing = re.search(r"no such column: \"?([^\"]+)\"?", str(error))
                if missing is None:
                    errors += 1
                    break
                database.execute(f'ALTER TABLE logs ADD COLUMN "{missing[1]}" TEXT COLLATE NOCASE')
    print(
        json.dumps(
            {
                "rules": len(rules),
                "failed": failed,
                "errors": errors,
                "converting": converted,
                "inserting": inserted,
                "querying": seconds,
                "hits": hits,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
