"""STIX patterns evaluated together: 1,000 patterns over 100,000 observations, beside `stix2-matcher`.

Observations are observed-data of connections, names, processes, files and URLs of an ordinary network (seeded). Patterns are equalities for
the most part, as in public feeds, and all the rest of the language: lists, two comparisons of one object, LIKE, MATCHES, ranges,
orders, FOLLOWEDBY and REPEATS within a time. Values of some patterns are planted in the observations.

The peer looks at one pattern at a time and would take hours; it is measured on a sample of patterns and observations, parsing of patterns
left out, in its mode for STIX 2.0, which is its faster one, and scaled: both numbers are linear in it. On the sample, both must find
the same patterns. Ours is measured whole, compiling included. `ours` and `peer` are patterns times observations a second; `limit` is a loop
that only reads the type of each object, as if that told all patterns at once.

    uv run python -m benchmarks.pattern_matching [--patterns 1000] [--observations 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from tocsin.clock import to_text
from tocsin.matching.patterns import Observed, compile_patterns

_START = 1_795_161_600_000_000
_STEP = 200_000  # microseconds between two observations
_PEER_PATTERNS = 100
_PEER_OBSERVATIONS = 1_500
_ROUNDS = 3


def _address(chance: random.Random) -> str:
    return f"10.{chance.randrange(40)}.{chance.randrange(256)}.{chance.randrange(256)}"


def _name(chance: random.Random) -> str:
    return f"{chance.choice(('www', 'cdn', 'api', 'mail'))}.n{chance.randrange(6000)}.example"


def _program(chance: random.Random) -> str:
    return f"{chance.choice(('svchost', 'chrome', 'python', 'update', 'agent'))}{chance.randrange(60)}.exe"


def _digest(chance: random.Random) -> str:
    return f"{chance.randrange(60_000) * 2_654_435_761:064x}"


def objects(chance: random.Random) -> dict[str, dict[str, Any]]:
    """Return the objects of one observation."""
    kind = chance.randrange(10)
    if kind < 5:
        return {
            "0": {
                "type": "network-traffic",
                "src_ref": "1",
                "dst_ref": "2",
                "dst_port": chance.choice((53, 80, 443, 443, 8080, 22)),
                "protocols": ["ipv4", "tcp"],
            },
            "1": {"type": "ipv4-addr", "value": _address(chance)},
            "2": {"type": "ipv4-addr", "value": _address(chance)},
        }
    if kind < 7:
        return {
            "0": {"type": "domain-name", "value": _name(chance), "resolves_to_refs": ["1"]},
            "1": {"type": "ipv4-addr", "value": _address(chance)},
        }
    if kind < 9:
        program = _program(chance)
        command = f"C:\\Programs\\{program} -n {chance.randrange(500)} -k netsvcs"
        return {
            "0": {
                "type": "process",
                "pid": chance.randrange(65536),
                "command_line": command,
                "image_ref": "1",
            },
            "1": {
                "type": "file",
                "name": program,
                "size": chance.randrange(10**7),
                "hashes": {"SHA-256": _digest(chance)},
            },
        }
    return {"0": {"type": "url", "value": _url(chance)}}


def _url(chance: random.Random) -> str:
    return f"http://{_name(chance)}/{chance.randrange(4000)}/index.php"


_MADE: dict[tuple[str, str], Callable[[random.Random], str]] = {
    ("ipv4-addr", "value"): _address,
    ("domain-name", "value"): _name,
    ("file", "name"): _program,
    ("file", "digest"): _digest,
    ("url", "value"): _url,
}


class Met:
    """Values that stand in some observations."""

    def __init__(self, found: list[dict[str, dict[str, Any]]]) -> None:
        self._values: dict[tuple[str, str], list[str]] = {}
        for each in found:
            for root in each.values():
                for name in ("value", "name"):
                    if name in root:
                        self._values.setdefault((root["type"], name), []).append(root[name])
                if "hashes" in root:
                    self._values.setdefault(("file", "digest"), []).append(root["hashes"]["SHA-256"])

    def draw(self, kind: tuple[str, str], chance: random.Random) -> str:
        """Return a value of a kind."""
        return chance.choice(self._values[kind])


def pattern(number: int, chance: random.Random, met: Met) -> str:
    """Return a pattern; of 100, 70 are one equality. Every third is about values that the sample holds."""
    address, name, program, digest, url = (
        met.draw(kind, chance) if number % 3 == 0 else made(chance) for kind, made in _MADE.items()
    )
    match number % 100:
        case place if place < 28:
            return f"[domain-name:value = '{name}']"
        case place if place < 44:
            return f"[ipv4-addr:value = '{address}']"
        case place if place < 60:
            return f"[file:hashes.'SHA-256' = '{digest}']"
        case place if place < 70:
            return f"[url:value = '{url}']"
        case place if place < 76:
            return f"[ipv4-addr:value IN ('{address}', '{_address(chance)}', '{_address(chance)}')]"
        case place if place < 82:
            return f"[network-traffic:dst_ref.value = '{address}' AND network-traffic:dst_port = 443]"
        case place if place < 86:
            return f"[file:name = '{program}' AND file:size > {chance.randrange(5 * 10**6, 10**7)}]"
        case place if place < 89:
            return f"[process:command_line LIKE '%{program}%']"
        case place if place < 92:
            return f"[process:command_line MATCHES '{program} -[a-z] [0-9]+5 -k']"
        case place if place < 95:
            return f"[ipv4-addr:value ISSUBSET '{address}/26']"
        case place if place < 97:
            return f"([domain-name:value = '{name}'] FOLLOWEDBY [file:name = '{program}']) WITHIN 300 SECONDS"
        case place if place < 99:
            return f"[network-traffic:dst_ref.value = '{address}'] REPEATS 2 TIMES WITHIN 3600 SECONDS"
        case _:
            return f"[domain-name:value = '{name}' AND domain-name:resolves_to_refs[*].value ISSUBSET '10.0.0.0/9']"


def sdo(place: int, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return observed-data as the peer reads it."""
    at = to_text(_START + place * _STEP)
    return {
        "type": "observed-data",
        "first_observed": at,
        "last_observed": at,
        "number_observed": 1,
        "objects": found,
    }


def peer(texts: list[str], found: list[dict[str, dict[str, Any]]]) -> tuple[float, set[int]]:
    """Return the peer's pairs a second, and which of the sampled patterns it finds."""
    from stix2matcher.matcher import Pattern  # type: ignore[import-untyped]

    given = [sdo(place, each) for place, each in enumerate(found)]
    parsed = [Pattern(text, "2.0") for text in texts]
    hits = set()
    before = time.perf_counter()
    for number, each in enumerate(parsed):
        if each.match(given):
            hits.add(number)
    return len(texts) * len(found) / (time.perf_counter() - before), hits


def ours(texts: list[str], found: list[Observed]) -> tuple[float, float, list[str]]:
    """Return seconds of compiling and of matching, and the ids of the patterns that hit, once for each hit."""
    before = time.perf_counter()
    compiled = compile_patterns((str(number), text, None, None) for number, text in enumerate(texts))
    between = time.perf_counter()
    hits = [hit.id for hit in compiled.match(found)]
    after = time.perf_counter()
    if compiled.refused:
        raise SystemExit(f"refused: {compiled.refused[0]}")
    return between - before, after - between, hits


def run(count: int, size: int, *, quiet: bool) -> dict[str, object]:
    chance = random.Random(2611)
    found = [objects(chance) for _ in range(size)]
    part = found[: min(size, _PEER_OBSERVATIONS)]
    met = Met(part)
    texts = [pattern(number, chance, met) for number in range(count)]
    observed = [Observed(each, at := _START + place * _STEP, at) for place, each in enumerate(found)]
    sample = texts[:_PEER_PATTERNS]  # of each sort as many as in the whole
    theirs, their_hits = peer(sample, part)
    our_hits = {int(each) for each in ours(sample, observed[: len(part)])[2]}
    if their_hits != our_hits:
        raise SystemExit(f"hits differ: {[sample[each] for each in their_hits ^ our_hits]}")
    rounds = [ours(texts, observed) for _ in range(_ROUNDS)]
    compiling, matching = (
        statistics.median(column) for column in zip(*((a, b) for a, b, _ in rounds), strict=True)
    )
    before = time.perf_counter()
    for each in observed:
        for root in each.objects.values():
            root.get("type")
    bare = time.perf_counter() - before
    pairs = count * size
    if not quiet:
        hits = rounds[0][2]
        print(f"{count:,} patterns, {size:,} observations: {len(hits):,} hits of {len(set(hits)):,} patterns")
        print(
            f"compiling {compiling:.3f} s, matching {matching:.2f} s: {size / matching:,.0f} observations/s"
        )
        print(
            f"stix2-matcher on {len(sample)} of the patterns and {len(part):,} of the observations: {theirs:,.0f} pairs/s, "
            f"so {pairs / theirs:,.0f} s for all; the same {len(our_hits)} patterns found"
        )
    return {
        "what": f"{count:,} STIX patterns x {size:,} observations, pairs/s, peer stix2-matcher (sample, scaled)",
        "ours": round(pairs / (compiling + matching)),
        "peer": round(theirs),
        "limit": round(pairs / bare),
        "ratio": round(pairs / (compiling + matching) / theirs, 1),
    }


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patterns", type=int, default=1_000)
    parser.add_argument("--observations", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.patterns, arguments.observations, quiet=arguments.json)))


if __name__ == "__main__":
    main()
