"""What patterns of more than one value cost a hunt: by how they can be looked for.

One log of `benchmarks.hunt` (Zeek JSON), 100,000 indicators, and beside them: no pattern; 1,000 patterns with values in the index; 1,000 with pieces of
text; one that asks for a number alone, so that every record is read. MB/s of the log in seconds of the processor on one core; `ratio` is to no pattern.

    uv run python -m benchmarks.hunt_patterns [--megabytes 32] [--indicators 100000] [--patterns 1000] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.hunt import Corpus, catalogue, wanted
from tocsin.clock import Micros
from tocsin.matching import Index, Indicator
from tocsin.node.catalogue import Catalogue, wanted_of
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt

_NOW: Micros = 1_795_248_000_000_000


def held(known: Catalogue, patterns: Sequence[str]) -> Catalogue:
    """Return a catalogue with patterns more."""
    first = len(known.sources)
    kept = [
        (Indicator(id=f"indicator--p{number}", pattern=text, tag=first + number), None)
        for number, text in enumerate(patterns)
    ]
    made = wanted_of(kept)
    return msgspec.structs.replace(
        known,
        index=Index.build([*known.index.entries, *made.entries]),
        sources=[*known.sources, *(known.sources[0] for _ in patterns)],
        evaluated=made.evaluated,
    )


def run(known: Catalogue, log: Path) -> tuple[float, int]:
    """Return MB/s and hits of patterns."""
    hunt = Hunt(known, now=_NOW, options=Options(threads=1))
    began = time.process_time()
    found = sum(hit.kind == "pattern" for hit in hunt.run([str(log)]))
    return log.stat().st_size / 1e6 / (time.process_time() - began), found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=32)
    parser.add_argument("--indicators", type=int, default=100_000)
    parser.add_argument("--patterns", type=int, default=1_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    options = parser.parse_args()
    values = wanted(options.indicators)
    known = catalogue(values)
    names = [each.text for each in values if each.kind == "domain"][: options.patterns]
    sets = {
        "none": [],
        "values": [f"[domain-name:value = '{n}'] FOLLOWEDBY [network-traffic:dst_port = 443 AND network-traffic:dst_ref.value = '198.51.100.7']" for n in names],
        "text": [f"[url:value LIKE '%{n.partition('.')[0]}zq%' AND url:type = 'url']" for n in names],
        "every record": ["[network-traffic:dst_port = 4444]"],
    }  # fmt: skip
    speeds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        Corpus(values).write(log, options.megabytes * 1_000_000, "json")
        run(known, log)
        for name, patterns in sets.items():
            speeds[name], found = run(held(known, patterns), log)
            if not options.json:
                print(f"{name:13} {speeds[name]:7.1f} MB/s   {found:,} hits of patterns")
    ratio = {name: round(speed / speeds["none"], 3) for name, speed in speeds.items()}
    ours = {name: round(speed, 1) for name, speed in speeds.items()}
    print(
        json.dumps({"what": f"hunt with {options.patterns:,} patterns, MB/s", "ours": ours, "ratio": ratio})
    )


if __name__ == "__main__":
    main()
