"""A hunt in Zeek JSON with planted hits, beside `grep -F -f` for the same values in the same log.

The log is generated (seeded): DNS, HTTP, connection, TLS, file and mail records of an ordinary network, with values planted in one record of
1,000, and others planted that come close and are none (longer names, longer addresses, other paths). Indicators have the mix of
real feeds: 52 % domains, 20 % IPv4, 15 % digests, 10 % URLs, and ranges, IPv6 and mailboxes.

Recall and precision are exact: each planted (line, indicator) must be reported, and nothing else. `grep` finds substrings: how many lines it
prints for nothing, and how many planted ones it cannot see (ranges, subdomains written otherwise), is said beside its speed.

`ours` and `peer` are MB/s of the unpacked log (median of the rounds), `ratio` is ours to the peer's; `limit` is counting the log's lines.

    uv run python -m benchmarks.hunt [--megabytes 64] [--indicators 100000] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tocsin.clock import Micros
from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.values import Value, classify
from tocsin.matching.warninglists import Warninglists
from tocsin.node.catalogue import Catalogue, Source
from tocsin.node.hunt import Hunt
from tocsin.sharing.labels import label_for

_START = 1_795_161_600
_NOW: Micros = (_START + 86_400) * 1_000_000
_EVERY = 1_000
_ENDINGS = ("com", "net", "org", "info", "xyz", "top", "ru", "co.uk", "de", "io")
_SYLLABLES = (
    "ba",
    "co",
    "da",
    "fe",
    "gi",
    "ho",
    "ju",
    "ka",
    "lo",
    "mi",
    "nu",
    "pa",
    "ri",
    "sa",
    "te",
    "vo",
    "xe",
    "zu",
)


def _word(dice: random.Random, parts: int) -> str:
    return "".join(dice.choice(_SYLLABLES) for _ in range(parts))


def _name(dice: random.Random) -> str:
    return f"{_word(dice, dice.randint(2, 4))}-{_word(dice, 2)}.{dice.choice(_ENDINGS)}"


def _public(dice: random.Random) -> str:
    return f"{dice.randint(20, 99)}.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randint(1, 254)}"


def wanted(count: int) -> list[Value]:
    """Return distinct values to hunt for."""
    dice = random.Random(11)
    makers: list[tuple[int, Callable[[], str]]] = [
        (52, lambda: _name(dice)),
        (20, lambda: _public(dice)),
        (9, lambda: f"{dice.getrandbits(256):064x}"),
        (6, lambda: f"{dice.getrandbits(128):032x}"),
        (
            10,
            lambda: (
                f"http://{_name(dice)}/{_word(dice, 2)}/{dice.randrange(10**6)}.php?id={dice.randrange(1000)}"
            ),
        ),
        (1, lambda: f"{dice.randint(100, 120)}.{dice.randrange(256)}.{dice.randrange(256)}.0/24"),
        (1, lambda: f"2001:db8:{dice.getrandbits(16):x}:{dice.getrandbits(16):x}::{dice.getrandbits(12):x}"),
        (1, lambda: f"{_word(dice, 3)}@{_name(dice)}"),
    ]
    made = [classify(make()) for share, make in makers for _ in range(count * share // 100)]
    dice.shuffle(made)
    return list(dict.fromkeys(made))


class Corpus:
    """A log in the making: `planted` are the (line, value) that must be found."""

    def __init__(self, values: list[Value]) -> None:
        self.values = values
        self.planted: set[tuple[int, str]] = set()
        self._names = {v.text for v in values if v.kind == "domain"}
        self._dice = random.Random(23)
        self._quiet = [
            name for name in (f"www.{_name(self._dice)}" for _ in range(20_000)) if self._clean(name)
        ]
        self._hosts = [f"10.{self._dice.randrange(8)}.{self._dice.randrange(64)}.{n}" for n in range(1, 250)]
        taken = {v.text for v in values if v.kind == "ipv4"}
        self._far = [ip for ip in (_public(self._dice) for _ in range(20_000)) if ip not in taken]

    def _clean(self, name: str) -> bool:
        labels = name.split(".")
        return all(".".join(labels[start:]) not in self._names for start in range(len(labels)))

    def write(self, file: Path, size: int) -> None:
        """Write about `size` bytes."""
        written = number = 0
        with file.open("w", encoding="utf-8") as out:
            while written < size:
                number += 1
                record = self._record(number)
                if number % _EVERY == 0:
                    self._plant(record, number, self._dice.choice(self.values))
                elif number % _EVERY == _EVERY // 2:
                    self._plant_near(record, self._dice.choice(self.values))
                line = json.dumps(record, separators=(",", ":")) + "\n"
                written += out.write(line)

    def _record(self, number: int) -> dict[str, Any]:
        dice = self._dice
        record: dict[str, Any] = {
            "_path": "conn",
            "ts": f"2026-11-20T{number // 360000 % 24:02}:{number // 6000 % 60:02}:{number // 100 % 60:02}.{number % 100:02}{dice.randrange(10**4):04}Z",
            "uid": f"C{dice.getrandbits(90):017x}",
            "id.orig_h": dice.choice(self._hosts),
            "id.orig_p": dice.randrange(1024, 65536),
            "id.resp_h": dice.choice(self._far),
            "id.resp_p": dice.choice((53, 80, 443)),
            "proto": "tcp",
        }
        name = dice.choice(self._quiet)
        match dice.randrange(6):
            case 0 | 1:
                record |= {"_path": "dns", "query": name, "qtype_name": "A", "rcode_name": "NOERROR", "AA": False, "RD": True,
                           "answers": [dice.choice(self._far)], "TTLs": [60.0]}  # fmt: skip
            case 2:
                record |= {"_path": "http", "method": "GET", "host": name, "uri": f"/{_word(dice, 3)}/{dice.randrange(10**6)}",
                           "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0", "status_code": 200}  # fmt: skip
            case 3:
                record |= {
                    "_path": "ssl",
                    "version": "TLSv12",
                    "server_name": name,
                    "resumed": False,
                    "established": True,
                }
            case 4:
                record |= {
                    "_path": "files",
                    "mime_type": "text/html",
                    "seen_bytes": dice.randrange(10**6),
                    "sha256": f"{dice.getrandbits(256):064x}",
                }
            case _:
                record |= {
                    "duration": dice.random() * 10,
                    "orig_bytes": dice.randrange(10**5),
                    "conn_state": "SF",
                    "history": "ShADadFf",
                }
        return record

    def _plant(self, record: dict[str, Any], number: int, value: Value) -> None:
        field, text = _written(value, self._dice)
        record[field] = text
        self.planted.add((number, value.text))

    def _plant_near(self, record: dict[str, Any], value: Value) -> None:
        match value.kind:
            case "domain":
                record["query"] = f"{value.text}.{_word(self._dice, 2)}-parking.example"
            case "ipv4":
                record["note"] = f"build v{value.text}.{self._dice.randrange(90)}"
            case "url":
                record["referrer"] = f"{value.text}{self._dice.randrange(10, 99)}"
            case _:
                record["note"] = f"x{value.text}x" if value.kind in {"md5", "sha256"} else "quiet"


def _written(value: Value, dice: random.Random) -> tuple[str, str]:
    match value.kind:
        case "domain":
            return "query", f"{dice.choice(('', 'www.', 'a.b.'))}{value.text}"
        case "cidr":
            return "id.resp_h", value.text.replace(".0/24", f".{dice.randrange(256)}")
        case "url":
            return "referrer", value.text
        case "email":
            return "mailfrom", f"<{value.text.capitalize()}>"
        case "md5" | "sha256":
            return value.kind, value.text
        case _:
            return "id.resp_h", value.text


def catalogue(values: list[Value]) -> Catalogue:
    """Return what a node would hunt for, one indicator a value."""
    owner = f"identity--{uuid.UUID(int=1, version=4)}"
    source = Source(owner, "Benchmark", "TLP:GREEN", label_for((), owner=owner), 1, uuid.UUID(int=1))
    entries = [
        Entry(v.kind, v.text, Indicator(id=f"indicator--{uuid.UUID(int=n, version=4)}", name=v.text, tag=n))
        for n, v in enumerate(values)
    ]
    return Catalogue(
        Index.build(entries), [(source,)] * len(values), len(values), Counter(), {}, Warninglists(())
    )


def ours(known: Catalogue, log: Path) -> tuple[float, set[tuple[int, str]]]:
    """Hunt once; return seconds and what was found."""
    began = time.perf_counter()
    hunt = Hunt(known, now=_NOW)
    found = {(hit.line, hit.wanted) for hit in hunt.run([str(log)])}
    return time.perf_counter() - began, found


def grep(patterns: Path, log: Path) -> tuple[float, set[int]]:
    """Search once with `grep -F -f`; return seconds and the lines it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        ["grep", "-n", "-F", "-f", str(patterns), str(log)],
        stdout=subprocess.PIPE,
        check=False,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    seconds = time.perf_counter() - began
    return seconds, {int(line.split(b":", 1)[0]) for line in done.stdout.splitlines()}


def rounds(
    known: Catalogue, log: Path, patterns: Path, count: int
) -> Iterator[tuple[float, float, float, Any, Any]]:
    """Yield seconds of ours, the peer and the limit, and what the two found, one after the other in each round."""
    data = log.read_bytes()
    for _ in range(count):
        began = time.perf_counter()
        data.count(b"\n")
        limit = time.perf_counter() - began
        mine, found = ours(known, log)
        its, lines = grep(patterns, log) if shutil.which("grep") else (float("nan"), set())
        yield mine, its, limit, found, lines


def main() -> int:
    """Run the benchmark; return 1 if a planted hit was missed or another reported."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=64)
    parser.add_argument("--indicators", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="only the last line")
    options = parser.parse_args()
    values = wanted(options.indicators)
    began = time.perf_counter()
    known = catalogue(values)
    built = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        log, patterns = Path(folder, "zeek.json"), Path(folder, "patterns")
        corpus = Corpus(values)
        corpus.write(log, options.megabytes * 1_000_000)
        patterns.write_text("".join(f"{v.text}\n" for v in values), encoding="utf-8")
        size = log.stat().st_size / 1e6
        results = list(rounds(known, log, patterns, options.rounds))
    mine, its, limit = (size / statistics.median(column) for column in list(zip(*results, strict=True))[:3])
    found, lines = results[0][3], results[0][4]
    missed, extra = corpus.planted - found, found - corpus.planted
    if not options.json:
        right = {line for line, _ in corpus.planted}
        print(
            f"{len(values):,} indicators indexed in {built:.2f} s; log of {size:.0f} MB, {len(corpus.planted):,} hits planted"
        )
        print(f"tocsin hunt  {mine:6.1f} MB/s  missed {len(missed)}, reported for nothing {len(extra)}")
        print(
            f"grep -F -f   {its:6.1f} MB/s  missed {len(right - lines)} lines, printed for nothing {len(lines - right)}"
        )
        print(f"count lines  {limit:6.0f} MB/s")
    print(
        json.dumps(
            {
                "what": f"hunt in Zeek JSON, {len(values):,} indicators, MB/s",
                "ours": round(mine, 1),
                "peer": round(its, 1),
                "limit": round(limit),
                "ratio": round(mine / its, 2),
                "planted": len(corpus.planted),
                "missed": len(missed),
                "false": len(extra),
            }
        )
    )
    return 1 if missed or extra else 0


if __name__ == "__main__":
    sys.exit(main())
