"""A seeded corpus of indicators like those of real feeds: about 0.8 kB each, TLP markings of both families.

    uv run python -m benchmarks.corpus --objects 1000000 --form bundle /tmp/corpus.json

The same seed and count give the same bytes. Values are made up: names under reserved or invented domains, addresses of
the whole space; shapes follow public trail lists (domains, addresses, URLs, file hashes).
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tocsin import clock

_START = 1_704_067_200_000_000  # 2024-01-01
_YEAR = 365 * 86_400

_WORDS = [
    "update",
    "secure",
    "login",
    "mail",
    "cdn",
    "static",
    "account",
    "verify",
    "portal",
    "office",
    "cloud",
    "drive",
    "share",
    "docs",
    "invoice",
    "pay",
    "bank",
    "wallet",
    "support",
    "service",
    "online",
    "web",
    "app",
    "api",
    "data",
    "sync",
    "node",
    "edge",
    "proxy",
    "relay",
    "gate",
    "hub",
    "core",
    "net",
    "sys",
    "win",
    "mac",
    "droid",
    "flash",
    "player",
    "codec",
    "media",
    "video",
    "photo",
    "news",
    "blog",
    "shop",
    "store",
    "market",
    "trade",
    "coin",
    "chain",
    "token",
    "game",
    "play",
    "bonus",
    "gift",
    "promo",
]
_ENDINGS = [
    "com",
    "net",
    "org",
    "info",
    "biz",
    "xyz",
    "top",
    "club",
    "online",
    "site",
    "ru",
    "cn",
    "br",
    "in",
    "ir",
    "pw",
    "cc",
    "tk",
    "ml",
    "ga",
]
_FAMILIES = [
    "AsyncRAT",
    "RedLine",
    "Vidar",
    "Lumma",
    "AgentTesla",
    "FormBook",
    "Remcos",
    "QakBot",
    "IcedID",
    "Emotet",
    "Gozi",
    "NjRAT",
    "XWorm",
    "Amadey",
    "Smoke",
    "SocGholish",
    "Mirai",
    "Mozi",
    "Cobalt-Strike",
    "Sliver",
    "Havoc",
    "Brute-Ratel",
    "LockBit",
    "Akira",
    "Play",
    "BlackBasta",
    "Medusa",
    "Hive",
]
_PHASES = ("delivery", "installation", "command-and-control", "actions-on-objectives", "exploitation")
_TYPES = ("malicious-activity", "anomalous-activity", "compromised", "attribution")
_TOPICS = (
    "seen in a phishing wave against finance departments",
    "used for staging after initial access through a VPN appliance",
    "contacted by a loader found on a compromised workstation",
    "serving a signed but malicious installer to selected visitors",
    "listed in an incident report shared by a national team",
)
# Levels with their share in a hundred; each with its TLP 1 and TLP 2.0 id (AMBER+STRICT has none in TLP 1).
_MARKINGS = (
    (30, "613f2e26-407d-48c7-9eca-b8e91df99dc9", "94868c89-83c2-464b-929b-a1a8aa3c8487"),
    (40, "34098fce-860f-48ae-8e50-ebd3cc5e41da", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
    (20, "f88d31f6-486f-44da-b317-01333bde0b82", "55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
    (5, "826578e1-40ad-459f-bc73-ede076f81f37", "939a9414-2ddd-4d32-a0cd-375ea402b003"),
    (5, "5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "e828b379-4e03-4974-9ac4-e53a884c97c1"),
)
_DECK = tuple(pair for share, *pair in _MARKINGS for _ in range(share))

_OBJECT = (
    '{"type":"indicator","spec_version":"2.1","id":"indicator--%s",'
    '"created_by_ref":"identity--b3bca3c2-1f3d-4b54-b44f-dac42c3a8f01","created":"%s","modified":"%s",'
    '"name":"%s","description":"%s","indicator_types":["%s"],"pattern":"%s","pattern_type":"stix",'
    '"valid_from":"%s","kill_chain_phases":[{"kill_chain_name":"lockheed-martin-cyber-kill-chain",'
    '"phase_name":"%s"}],"labels":["%s","trail"],"confidence":%d,'
    '"object_marking_refs":["marking-definition--%s"]}'
)


def indicators(count: int, seed: int = 1) -> Iterator[bytes]:
    """Yield `count` indicators as JSON."""
    rng = random.Random(seed)
    bits, choice, below = rng.getrandbits, rng.choice, rng.randrange
    for _ in range(count):
        name, pattern = _value(rng)
        family = choice(_FAMILIES)
        created = clock.to_text(_START + below(_YEAR) * 1_000_000 + below(1000) * 1000)[:-4] + "Z"
        text = f"{name} {choice(_TOPICS)}. First reported for {family}; confirmed by {2 + below(9)} sensors."
        yield (
            _OBJECT
            % (
                _uuid4(bits(128)),
                created,
                created,
                name,
                text,
                choice(_TYPES),
                pattern,
                created,
                choice(_PHASES),
                family.lower(),
                50 + below(51),
                choice(choice(_DECK)),
            )
        ).encode()


def _uuid4(number: int) -> str:
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[number & 3]}{text[17:20]}-{text[20:]}"


def _value(rng: random.Random) -> tuple[str, str]:
    kind = rng.random()
    if kind < 0.35:
        name = _domain(rng)
        return name, f"[domain-name:value = '{name}']"
    if kind < 0.65:
        number = rng.getrandbits(32)
        name = f"{number >> 24 or 1}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return name, f"[ipv4-addr:value = '{name}']"
    if kind < 0.80:
        name = f"http://{_domain(rng)}/{rng.choice(_WORDS)}/{rng.getrandbits(40):x}.php?id={rng.randrange(10**6)}"
        return name, f"[url:value = '{name}']"
    digest = hashlib.sha256(rng.getrandbits(256).to_bytes(32, "big")).hexdigest()
    if kind < 0.95:
        return digest, f"[file:hashes.'SHA-256' = '{digest}']"
    name = _domain(rng)
    return name, f"[domain-name:value = '{name}' OR file:hashes.'SHA-256' = '{digest}']"


def _domain(rng: random.Random) -> str:
    words = "-".join(rng.choice(_WORDS) for _ in range(rng.randrange(1, 4)))
    return f"{words}{rng.getrandbits(24):x}.{rng.choice(_ENDINGS)}"


def write(stream: BinaryIO, count: int, *, form: str = "bundle", seed: int = 1) -> None:
    """Write the corpus as one bundle or as NDJSON."""
    if form == "bundle":
        stream.write(b'{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[')
    separator = b",\n" if form == "bundle" else b"\n"
    stream.writelines(
        separator + each if number else each for number, each in enumerate(indicators(count, seed))
    )
    stream.write(b"]}\n" if form == "bundle" else b"\n")


def main() -> None:
    """Write a corpus to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--form", choices=["bundle", "ndjson"], default="bundle")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with arguments.file.open("wb", buffering=1 << 20) as stream:
        write(stream, arguments.objects, form=arguments.form, seed=arguments.seed)


if __name__ == "__main__":
    main()
