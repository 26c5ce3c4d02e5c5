"""Bytes to checked object: ours beside the OASIS `stix2-validator`, on the same real and made objects.

    uv run python -m benchmarks.validate [--objects N] [--json]

Ours is `tocsin.stix.parse`, all of it: decoding, duplicate keys, depth, every rule, canonical bytes. The peer decodes the same
bytes and checks them with its defaults for STIX 2.1 (without its patterns being fetched or remote schemas). It is some hundred times slower,
so it gets an evenly spread part of the objects; rates are of whole parts. `limit` is orjson alone.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Sequence

import orjson
from stix2validator import (  # type: ignore[import-untyped]
    ValidationOptions,
    validate_string,
)

from benchmarks import corpus
from benchmarks.import_ import attack_items
from tocsin.formats import RawItem
from tocsin.stix import parse

TARGET = 50
ROUNDS = 3
_PEER_SHARE = 40


def rate(check: Callable[[bytes], object], objects: Sequence[bytes]) -> float:
    """Return objects per second of one pass."""
    began = time.perf_counter()
    for raw in objects:
        check(raw)
    return len(objects) / (time.perf_counter() - began)


def measure(name: str, objects: Sequence[bytes], *, quiet: bool) -> dict[str, object]:
    options = ValidationOptions(version="2.1", silent=True)

    def peer(raw: bytes) -> object:
        return validate_string(raw.decode(), options)

    share = objects[::_PEER_SHARE]
    # Taking turns, so that other work on the machine meets all three.
    rounds = [(rate(parse, objects), rate(peer, share), rate(orjson.loads, objects)) for _ in range(ROUNDS)]
    ours, theirs, limit = (max(column) for column in zip(*rounds, strict=True))
    if not quiet:
        print(
            f"{name}: {len(objects):,} objects of {sum(map(len, objects)) / len(objects):,.0f} bytes: "
            f"ours {ours:,.0f}/s, stix2-validator {theirs:,.0f}/s on {len(share):,} of them, orjson alone {limit:,.0f}/s"
        )
    return {
        "what": f"full validation of {name}, objects/s, peer stix2-validator",
        "ours": round(ours),
        "peer": round(theirs, 1),
        "limit": round(limit),
        "ratio": round(ours / theirs),
        "target": TARGET,
    }


def main() -> None:
    """Run the benchmark; the last lines are JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=20_000, help="at most, of each sort")
    parser.add_argument("--json", action="store_true", help="only the JSON lines")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # the peer logs each thing that it would do otherwise
    name, items = attack_items()
    real = [item.raw for item in items if isinstance(item, RawItem)][: arguments.objects]
    made = list(corpus.indicators(arguments.objects))
    lines = [
        measure(name, real, quiet=arguments.json),
        measure("indicators", made, quiet=arguments.json),
    ]
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
