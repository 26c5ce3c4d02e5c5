"""Forms of objects: how many are made a second, on one core, of a mix of indicators, observables, relationships and sightings.

`ours` is the rate of redacted forms and `minimised` that of minimised ones, bytes to bytes. `limit` is what decoding the same objects and
encoding them canonically takes, with nothing in between.

    uv run python -m benchmarks.redaction [--objects 20000] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from benchmarks import corpus
from tocsin.sharing.redaction import Redactor
from tocsin.stix import canonical
from tocsin.stix.canonical import encode

ROUNDS = 5
LIMIT = 50_000
OWN, PEER = (f"identity--00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
SEEN = "2026-03-04T05:06:07.891Z"


def mix(count: int) -> list[bytes]:
    """Return canonical objects: six of ten are indicators, the rest observables, relationships and sightings."""
    dice = random.Random(7)
    made = [canonical(json.loads(raw)) for raw in corpus.indicators(count * 6 // 10)]
    while len(made) < count:
        identifier = uuid.UUID(int=dice.getrandbits(128), version=4)
        about = f"indicator--{uuid.UUID(int=dice.getrandbits(128), version=4)}"
        common: dict[str, Any] = {
            "spec_version": "2.1",
            "created": SEEN,
            "modified": SEEN,
            "created_by_ref": PEER,
        }
        kind = dice.choice(("ipv4-addr", "domain-name", "relationship", "sighting"))
        match kind:
            case "ipv4-addr":
                data: dict[str, Any] = {"spec_version": "2.1", "value": f"198.51.100.{dice.randrange(256)}"}
            case "domain-name":
                data = {"spec_version": "2.1", "value": f"d{dice.randrange(10**6)}.example.com"}
            case "relationship":
                data = common | {
                    "relationship_type": "indicates",
                    "source_ref": about,
                    "target_ref": f"malware--{uuid.UUID(int=dice.getrandbits(128), version=4)}",
                    "description": "seen together in three cases",
                }
            case _:
                data = common | {"sighting_of_ref": about, "count": 3, "where_sighted_refs": [PEER]}
        made.append(canonical(data | {"type": kind, "id": f"{kind}--{identifier}"}))
    dice.shuffle(made)
    return made


def rate(objects: list[bytes], make: Callable[[bytes], object]) -> float:
    """Return objects/s, the median of several rounds."""
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for body in objects:
            make(body)
        rates.append(len(objects) / (time.perf_counter() - began))
    return statistics.median(rates)


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    options = parser.parse_args()
    objects = mix(options.objects)
    redactor = Redactor(bytes(range(32)), own=OWN, recipient=PEER)
    keep: frozenset[str] = frozenset()
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    redacted = rate(
        objects, lambda body: redactor.redact(body, added=1_795_000_000_000_000, minimise=False, keep=keep)
    )
    minimised = rate(
        objects, lambda body: redactor.redact(body, added=1_795_000_000_000_000, minimise=True, keep=keep)
    )
    limit = rate(objects, lambda body: encode(decode(body), fast=True))
    made = sum(redactor.redact(body, added=0, minimise=True, keep=keep) is not None for body in objects)
    if not options.json:
        print(f"{len(objects):,} objects, of which {made:,} have a minimised form")
        print(
            f"redacted {redacted:,.0f}/s, minimised {minimised:,.0f}/s, decoding and encoding alone {limit:,.0f}/s"
        )
    print(
        json.dumps(
            {
                "what": "redacted forms of objects, one core, objects/s",
                "ours": round(redacted),
                "minimised": round(minimised),
                "peer": round(limit),
                "limit": LIMIT,
                "ratio": round(redacted / limit, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
