"""Sigma rules over Windows events: the SigmaHQ set over the Security-Datasets samples, beside Zircolite's method.

Zircolite is on no package registry, so its method runs instead (`sigma_peer`): pySigma's queries over SQLite in memory, in an environment of its
own. It is measured on the smallest samples up to a size, and scaled: its time is linear in events. Ours is measured whole, putting the rules together
included; neither reading rules nor converting them is. Both are seconds of the processor, so that other work on the machine counts less.

On the sample both must find the same, but for what is known and counted apart:
    4688          we also see processes created in event 4688; the peer's pipeline asks Sysmon alone
    provider      these exports call `Provider_Name` SourceName, which the peer's table does not know
    keywords      rules that look in all fields, which the peer converts to queries of a column that nothing fills
    sentinel      fields that an export of Microsoft Sentinel keeps in one text of JSON

    uv run python -m benchmarks.sigma RULES_FOLDER EVENTS_FOLDER [--sample 20] [--json]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.peers import ROOT, UnavailableError, installed
from tocsin.matching.sigma import Engine, Rule, read
from tocsin.matching.sigma.expressions import tests_of
from tocsin.matching.sigma.windows import numbers_of, record_and_kind

_HERE = Path(__file__).parent
SHARED = ROOT.parent / "shared" / "data"


def rules_of(folder: Path) -> list[Rule]:
    """Return the rules for Windows in a folder."""
    files = [(str(file), file.read_bytes()) for file in sorted(folder.rglob("*.yml"))]
    made = read(files)
    print(f"{len(made.rules):,} rules read, {len(made.refused)} refused")
    return [rule for rule in made.rules if rule.source.product == "windows"]


def ours(
    rules: Sequence[Rule], files: Sequence[Path]
) -> tuple[float, list[tuple[Rule, str, dict[str, Any]]]]:
    """Return the processor's seconds, and each hit with its place and event."""
    hits = []
    began = time.process_time()
    engine, numbers = Engine.of(rules), numbers_of(rules)
    for file in files:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                event = orjson.loads(line)
                record, kind = record_and_kind(event, numbers)
                hits += [(rule, f"{file.name}:{number}", event) for rule in engine.match(record, kind, line)]
    return time.process_time() - began, hits


def reason(rule: Rule, event: dict[str, Any]) -> str:
    """Return why the peer does not find a hit of ours; empty if there is no known reason."""
    matches = list(tests_of(rule.condition))
    if str(event.get("EventID")) == "4688" and rule.source.category == "process_creation":
        return "4688"
    if any(match.field is None for match in matches):
        return "keywords"
    if "Provider_Name" not in event and any(match.field == "Provider_Name" for match in matches):
        return "provider"
    return "sentinel" if isinstance(event.get("EventData"), str) else ""


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", type=Path, nargs="?")
    parser.add_argument("events", type=Path, nargs="?")
    parser.add_argument("--sample", type=int, default=20, help="most megabytes that the peer reads")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-sigma-") as home:
        rules, events = (
            given.rules or _unpacked("sigma-rules", home),
            given.events or _unpacked("security-datasets-windows", home),
        )
        run(rules, events, given.sample)


def _unpacked(name: str, home: str) -> Path:
    folder = Path(home, name)
    folder.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", str(SHARED / f"{name}.tar.zst"), "-C", str(folder)], check=True)
    return folder


def run(rules_folder: Path, events_folder: Path, most: int) -> None:
    """Measure, compare, and print."""
    rules = rules_of(rules_folder)
    files = sorted(events_folder.rglob("*.json"), key=lambda file: file.stat().st_size)
    sample: list[Path] = []
    while (
        len(sample) < len(files)
        and sum(file.stat().st_size for file in (*sample, files[len(sample)])) <= most * 1_000_000
    ):
        sample.append(files[len(sample)])
    part, whole = (sum(file.stat().st_size for file in each) / 1e6 for each in (sample, files))
    seconds, hits = ours(rules, files)
    print(
        f"ours: {whole:,.0f} MB in {seconds:.1f} s, {len(hits):,} hits of {len({rule.head.id for rule, *_ in hits})} rules"
    )
    try:
        python = installed("sigma") / "python"
    except UnavailableError as why:
        print(f"the peer is left out: {why}")
        return
    ran = subprocess.run(
        # -P: a script's folder is searched for modules, and this module has the name of theirs
        [str(python), "-P", str(_HERE / "sigma_peer.py"), str(rules_folder), *map(str, sample)],
        capture_output=True,
        text=True,
        check=True,
    )
    peer = json.loads(ran.stdout)
    theirs = {tuple(each) for each in peer["hits"]}
    names = {file.name for file in sample}
    mine = {
        (rule.head.id, place): reason(rule, event)
        for rule, place, event in hits
        if place.rpartition(":")[0] in names
    }
    only = Counter(why for hit, why in mine.items() if hit not in theirs)
    print(
        f"peer: {part:,.1f} MB, inserting {peer['inserting']:.1f} s, querying {peer['querying']:.1f} s; {peer['failed']} rules not converted"
    )
    print(
        f"on the sample: {len(theirs & mine.keys())} hits the same, {len(theirs - mine.keys())} only the peer's, ours alone {dict(only)}"
    )
    if only[""] or theirs - mine.keys():
        raise SystemExit(
            f"hits differ: {sorted(theirs - mine.keys())[:5]} {[hit for hit, why in mine.items() if not why and hit not in theirs][:5]}"
        )
    speed, their_speed = whole / seconds, part / (peer["inserting"] + peer["querying"])
    print(
        json.dumps(
            {
                "what": f"{len(rules):,} Sigma rules over {whole:,.0f} MB of Windows events, MB/s, peer pySigma and SQLite as in Zircolite (sample, scaled)",
                "ours": round(speed, 1),
                "peer": round(their_speed, 2),
                "ratio": round(speed / their_speed, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
