"""Canonical bytes (RFC 8785): ours beside the `rfc8785` package, on objects as feeds carry them.

`limit` is orjson alone, sorting keys and checking nothing.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson
import rfc8785

from tocsin.stix.canonical import canonical

OBJECTS = 2_000
ROUNDS = 5


def objects() -> list[dict[str, Any]]:
    """Return indicators, relationships and prose-heavy objects of 0.4 to 3 kB; one in fifty holds a float."""
    chance = random.Random(8785)

    def uuid() -> str:
        return f"{chance.getrandbits(32):08x}-{chance.getrandbits(16):04x}-4{chance.getrandbits(12):03x}-8000-{chance.getrandbits(48):012x}"

    def common(kind: str) -> dict[str, Any]:
        return {
            "type": kind,
            "spec_version": "2.1",
            "id": f"{kind}--{uuid()}",
            "created_by_ref": f"identity--{uuid()}",
            "created": "2026-04-06T20:03:48.000Z",
            "modified": "2026-04-06T20:03:48.000Z",
            "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
        }

    found: list[dict[str, Any]] = []
    for place in range(OBJECTS):
        match place % 5:
            case 0 | 1 | 2:
                found.append(
                    common("indicator")
                    | {
                        "name": f"Sighted on host {place}",
                        "indicator_types": ["malicious-activity"],
                        "pattern": f"[file:hashes.'SHA-256' = '{chance.getrandbits(256):064x}']",
                        "pattern_type": "stix",
                        "valid_from": "2026-01-01T00:00:00Z",
                        "confidence": chance.randrange(100),
                    }
                )
            case 3:
                found.append(
                    common("relationship")
                    | {
                        "relationship_type": "indicates",
                        "source_ref": f"indicator--{uuid()}",
                        "target_ref": f"malware--{uuid()}",
                    }
                )
            case _:
                found.append(
                    common("malware")
                    | {
                        "name": "Exämple",
                        "is_family": True,
                        "description": 'The implant writes "quoted" paths such as C:\\Windows\\Temp.\n' * 25,
                        "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "execution"}]
                        * 3,
                        "external_references": [{"source_name": "mitre", "external_id": f"S{place:04}"}] * 4,
                        "x_score": chance.random() if place % 50 == 4 else 1,
                    }
                )
    return found


def rate(work: Callable[[Any], object], values: list[dict[str, Any]]) -> float:
    """Return values per second of one pass."""
    before = time.perf_counter()
    for value in values:
        work(value)
    return len(values) / (time.perf_counter() - before)


def main() -> int:
    values = objects()
    size = 0
    for value in values:
        ours = canonical(value)
        size += len(ours)
        if ours != rfc8785.dumps(value):
            print("error: our bytes differ from those of rfc8785", file=sys.stderr)
            return 1

    def bare(value: object) -> bytes:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

    # Taking turns, so that other work on the machine meets all three.
    rounds = [
        (rate(canonical, values), rate(rfc8785.dumps, values), rate(bare, values)) for _ in range(ROUNDS)
    ]
    ours_rate, peer_rate, limit_rate = (max(column) for column in zip(*rounds, strict=True))
    if "--json" not in sys.argv:
        print(
            f"{len(values):,} objects of {size / len(values):,.0f} bytes, best of {ROUNDS} rounds, objects/s"
        )
        print(f"ours {ours_rate:,.0f}, rfc8785 {peer_rate:,.0f}, orjson alone {limit_rate:,.0f}")
    line = {
        "what": "canonical bytes (RFC 8785), objects/s, peer rfc8785",
        "ours": round(ours_rate),
        "peer": round(peer_rate),
        "limit": round(limit_rate),
        "ratio": round(ours_rate / peer_rate, 1),
    }
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
