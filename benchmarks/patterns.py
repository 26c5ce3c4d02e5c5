"""STIX patterns: our check and our full parse beside the validator of `stix2-patterns`.

`ours` is `check`, what intake runs on each indicator, over a mix of which nine in ten have the common simple form;
`limit` is the bare compiled expression over the simple ones.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence

from stix2patterns.validator import run_validator  # type: ignore[import-untyped]

from tocsin.stix.patterns import check, fast, parse

SIMPLE = 9_000
ROUNDS = 3
PEER = 60  # the peer does a few thousand a second; these many of each kind are enough


def simple() -> list[str]:
    """Return single equalities and short chains of them, in about the proportions of public feeds."""
    chance = random.Random(21)
    found = []
    for place in range(SIMPLE):
        domain = f"{chance.getrandbits(40):x}.example.com"
        address = ".".join(str(chance.randrange(256)) for _ in range(4))
        found.append(
            (
                f"[domain-name:value = '{domain}']",
                f"[file:hashes.'SHA-256' = '{chance.getrandbits(256):064x}']",
                f"[url:value = 'http://{domain}/{place}/index.php?id={chance.getrandbits(32)}']",
                f"[ipv4-addr:value = '{address}']",
                f"[file:hashes.MD5 = '{chance.getrandbits(128):032x}' OR file:hashes.'SHA-1' = '{chance.getrandbits(160):040x}']",
                f"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '{address}']",
            )[place % 6]
        )
    return found


def involved() -> list[str]:
    """Return patterns that need the parser."""
    forms = (
        "([file:name = 'f{n}.dll'] FOLLOWEDBY [process:command_line MATCHES '^.+-add {n}$']) WITHIN 300 SECONDS",
        "[ipv4-addr:value ISSUBSET '10.{n}.0.0/16' OR ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]",
        "[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.{n} AND file:size >= {n}]",
        "[network-traffic:dst_ref.value = 'c{n}.example'] REPEATS 5 TIMES WITHIN 1800 SECONDS",
        "[directory:path LIKE 'C:\\\\Windows\\\\%\\\\{n}' AND directory:path NOT LIKE '%tmp']",
    )
    return [forms[n % len(forms)].format(n=n % 200) for n in range(SIMPLE // 9)]


def rate(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return texts per second of one pass."""
    before = time.perf_counter()
    for text in texts:
        work(text)
    return len(texts) / (time.perf_counter() - before)


def validate(text: str) -> None:
    if run_validator(text, "2.1"):
        message = f"stix2-patterns refuses {text}"
        raise ValueError(message)


def main() -> int:
    plain, rest = simple(), involved()
    mix = [*plain, *rest]
    random.Random(4).shuffle(mix)
    sample = mix[: 10 * PEER]
    for text in sample:  # both find all of them good, and the peer's caches are warm
        check(text)
        validate(text)
    rounds = [
        (
            rate(check, mix),
            rate(validate, sample),
            rate(fast._SIMPLE.fullmatch, plain),  # noqa: SLF001  # the limit is this expression alone
            rate(check, plain),
            rate(parse, mix),
            rate(parse, rest),
        )
        for _ in range(ROUNDS)
    ]
    ours, peer, limit, only_plain, parsed, parsed_rest = (max(column) for column in zip(*rounds, strict=True))
    if "--json" not in sys.argv:
        print(f"{len(mix):,} patterns, {len(rest):,} of them involved; best of {ROUNDS} rounds, patterns/s")
        print(f"check: mix {ours:,.0f}, simple ones {only_plain:,.0f}")
        print(f"parse: mix {parsed:,.0f}, involved ones {parsed_rest:,.0f}; stix2-patterns, mix: {peer:,.0f}")
    line = {
        "what": "check a STIX pattern, patterns/s, peer stix2-patterns",
        "ours": round(ours),
        "peer": round(peer),
        "limit": round(limit),
        "ratio": round(ours / peer, 1),
    }
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
