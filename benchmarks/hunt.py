"""A hunt in Zeek JSON or in text with planted hits, beside `grep -F -f` and `rg -F -f` for the same values in the same log.

The log is generated (seeded): DNS, HTTP, connection, TLS, file and mail records of an ordinary network, with values planted in one record of
1,000, and others planted that come close and are none (longer names, longer addresses, other paths). Indicators have the mix of
real feeds: 52 % domains, 20 % IPv4, 15 % digests, 10 % URLs, and ranges, IPv6 and mailboxes.

Recall and precision are exact: each planted (line, indicator) must be reported, and nothing else but what is right by chance, which is told apart. The peers find substrings: how many lines they
print for nothing, and how many planted ones they cannot see (ranges, subdomains written otherwise), is said beside their speed.

`ours` and `peer` are MB/s of the unpacked log (median of the rounds), `ratio` is ours to the peer's; `limit` is counting the log's lines.
Speeds on one core, of building the index, of the peers and of the limit are in seconds of the processor, so that others who use the machine do not count; on two
cores and for packed logs in seconds of the clock. Packed logs are compared with unpacking them by the same library and doing nothing else (`alone`), and
with the commands that people have, `gzip -dc` and `zstd -dc` (`command`), each time right before; their ratios are medians of the rounds'. `bound` is the most that two cores can do of a log that one of them unpacks while both look at it, from what one
core does of each alone. `yardstick` is the simplest scanner (`benchmarks.yardstick`) on one core and on two, which says how quick the machine is. `cores` says how much processor time a second two threads had while
others used the machine: what a hunt on two cores can reach follows from it. Peers read `--peer-megabytes` only; building their automata is told apart
by a run over an empty file.

    uv run python -m benchmarks.hunt [--megabytes 128] [--indicators 100000] [--rounds 3] [--form json|text] [--no-peers] [--json]
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from isal import igzip

from benchmarks.yardstick import Yardstick
from tocsin.clock import Micros
from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.packed import Column, pack
from tocsin.matching.values import Kind, Value, classify, split_url
from tocsin.matching.warninglists import Warninglists
from tocsin.node import index_file
from tocsin.node.catalogue import Catalogue, Source
from tocsin.node.hits import Options
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

    def write(self, file: Path, size: int, form: str = "json") -> None:
        """Write about `size` bytes as Zeek JSON, or as text of key and value."""
        written = number = 0
        with file.open("w", encoding="utf-8") as out:
            while written < size:
                number += 1
                record = self._record(number)
                if number % _EVERY == 0:
                    self._plant(record, number, self._dice.choice(self.values))
                elif number % _EVERY == _EVERY // 2:
                    self._plant_near(record, self._dice.choice(self.values))
                written += out.write(_line(record, form))

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
            case "url" if self._clean(split_url(value.text).host):
                record["referrer"] = f"{value.text}{self._dice.randrange(10, 99)}"
            case _:
                record["note"] = f"x{value.text}x" if value.kind in {"md5", "sha256"} else "quiet"


def _line(record: dict[str, Any], form: str) -> str:
    if form == "json":
        return json.dumps(record, separators=(",", ":")) + "\n"
    return " ".join(f"{key}={value}" for key, value in record.items()) + "\n"


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


def mapped(known: Catalogue, folder: Path) -> Catalogue:
    """Return the same with its index in a file, as hunts have it (ADR 21): no million objects for the collector of garbage to look at."""
    index_file.save(known.index, folder / "mapped")
    return msgspec.structs.replace(known, index=index_file.load(folder / "mapped")[0])


def ours(known: Catalogue, log: Path, threads: int) -> tuple[float, set[tuple[int, str]]]:
    """Hunt once; return seconds (of the processor, on one core) and what was found."""
    clock = time.process_time if threads == 1 else time.perf_counter
    began = clock()
    hunt = Hunt(known, now=_NOW, options=Options(threads=threads))
    found = {(hit.line, hit.wanted) for hit in hunt.run([str(log)])}
    return clock() - began, found


def by_chance(log: Path, found: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return which of some hits are right although nobody planted them: values are random, and the host of a planted URL may be another's domain.

    Looked at as simply as can be: a word of the line is the value, or ends with it behind a dot.
    """
    lines = {line for line, _ in found}
    right = set()
    with log.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if number in lines:
                words = re.findall(r"[a-z0-9.-]+", line.lower())
                right |= {
                    (at, value)
                    for at, value in found
                    if at == number and any(word == value or word.endswith(f".{value}") for word in words)
                }
    return right


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peer(command: list[str], patterns: Path, log: Path) -> tuple[float, float, set[int]]:
    """Search once; return seconds without those that it takes for an empty file, these, and the lines that were printed."""
    seconds = []
    for file in (Path(os.devnull), log):
        began = _children()
        done = subprocess.run(
            [*command, "-n", "-F", "-f", str(patterns), str(file)],
            stdout=subprocess.PIPE,
            check=False,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )
        seconds.append(_children() - began)
    return (
        max(seconds[1] - seconds[0], 1e-9),
        seconds[0],
        {int(line.split(b":", 1)[0]) for line in done.stdout.splitlines()},
    )


def cores() -> float:
    """Return how much processor time a second two threads that only compute have now: 2 on an idle machine with two cores."""
    data = [bytes(200_000_000)] * 2
    began, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: hashlib.sha256(each).digest(), data))
    return (time.process_time() - used) / (time.perf_counter() - began)


def _unpacked(log: Path) -> float:
    """Return seconds in which the quickest library unpacks a log, by a megabyte at a time, and nothing is done with it."""
    began = time.perf_counter()
    with log.open("rb") as file:
        packed: Any
        if log.suffix == ".gz":
            packed = igzip.IGzipFile(fileobj=file, mode="rb")  # type: ignore[no-untyped-call]
        else:
            packed = zstandard.ZstdDecompressor().stream_reader(
                file, read_size=1 << 20, read_across_frames=True
            )
        while packed.read(1 << 20):
            pass
    return time.perf_counter() - began


def _by_command(log: Path) -> float:
    """Return seconds in which the command that people have unpacks a log to nowhere; 0 if it is not installed."""
    command = "gzip" if log.suffix == ".gz" else "zstd"
    if shutil.which(command) is None:
        return 0
    began = time.perf_counter()
    subprocess.run([command, "-dc", log], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def index_figures(known: Catalogue, folder: Path) -> dict[str, float]:
    """Return how quickly an index is built of values and loaded, and what it takes."""
    columns: dict[Kind, Column] = {}
    for number, entry in enumerate(known.index.entries):
        column = columns.setdefault(entry.kind, Column([], [], []))
        column.values.append(entry.value)
        column.tags.append(number)
        column.positions.append(number)
    pack({kind: Column(c.values[:1], [0], [0]) for kind, c in list(columns.items())[:1]})
    began = time.process_time()
    packed = pack(columns)
    built = time.process_time() - began
    path = folder / "index"
    index_file.save(known.index, path)
    began = time.perf_counter()
    index_file.load(path)
    loaded = time.perf_counter() - began
    count = len(known.index)
    return {
        "indicators_per_second": round(count / built),
        "bytes_each": round(packed.size / count, 1),
        "load_ms": round(loaded * 1000),
        "file_bytes_each": round(path.stat().st_size / count, 1),
    }


class Timed:
    """Medians of MB/s of what was run in rounds, by name."""

    def __init__(self, size: float) -> None:
        self._size = size
        self._seconds: dict[str, list[float]] = {}

    def add(self, name: str, seconds: float) -> None:
        """Note how long one run took."""
        self._seconds.setdefault(name, []).append(seconds)

    def speeds(self) -> dict[str, float]:
        """Return the median of each name."""
        return {name: self._size / statistics.median(each) for name, each in self._seconds.items()}

    def ratio(self, name: str, other: str) -> float | None:
        """Return how much faster one was than the other, as the median of the rounds: what runs at once meets the same machine."""
        pairs = zip(self._seconds.get(name, ()), self._seconds.get(other, ()), strict=False)
        found = [theirs / its for its, theirs in pairs]
        return round(statistics.median(found), 2) if found else None


def pack_logs(log: Path) -> dict[str, Path]:
    """Write the log packed with gzip and zstd beside it."""
    data = log.read_bytes()
    made = {"gz": log.with_suffix(".gz"), "zst": log.with_suffix(".zst")}
    made["gz"].write_bytes(gzip.compress(data, 6))
    made["zst"].write_bytes(zstandard.ZstdCompressor(3).compress(data))
    return made


def bound(speeds: dict[str, float], packed: str) -> float:
    """Return how fast two cores could hunt in a packed log if none ever waited: unpacking takes a part of both, and has an order."""
    alone = speeds[f"{packed} alone"]
    return min(alone, 2 / (1 / alone + 1 / speeds["1 core"]))


def rounds(known: Catalogue, log: Path, count: int) -> tuple[Timed, set[tuple[int, str]], float]:
    """Return how quick everything but the peers was, one after the other in each round; what was found; and what `cores` said."""
    data = log.read_bytes()
    packed = pack_logs(log)
    timed = Timed(len(data) / 1e6)
    seen = []
    every = ours(known, log, 1)[1]
    simple = Yardstick([entry.value for entry in known.index.entries])
    for _ in range(count):
        began = time.process_time()
        data.count(b"\n")
        timed.add("limit", time.process_time() - began)
        seen.append(cores())
        for threads in (1, 2):
            timed.add(f"yardstick, {threads}", simple.seconds(data, threads))
            seconds, found = ours(known, log, threads)
            timed.add(f"{threads} core", seconds)
            if found != every:
                raise SystemExit("two hunts found different things")
        for name, path in packed.items():
            if seconds := _by_command(path):
                timed.add(f"{name} command", seconds)
            timed.add(f"{name} alone", _unpacked(path))
            seconds, found = ours(known, path, 2)
            timed.add(name, seconds)
            if found != every:
                raise SystemExit(f"other things were found in {name}")
    return timed, every, statistics.median(seen)


def _peers(patterns: Path, log: Path, right: set[int]) -> dict[str, dict[str, float]]:
    found = {}
    size = log.stat().st_size / 1e6
    for command in (["grep"], ["rg", "--no-mmap", "-j1"]):
        if shutil.which(command[0]) is None:
            continue
        seconds, before, lines = peer(command, patterns, log)
        found[command[0]] = {
            "speed": round(size / seconds, 1),
            "with_build": round(size / (seconds + before), 1),
            "build_seconds": round(before, 1),
            "missed": len(right - lines),
            "false": len(lines - right),
        }
    return found


def main() -> int:
    """Run the benchmark; return 1 if a planted hit was missed or another reported."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=128)
    parser.add_argument("--peer-megabytes", type=int, default=16)
    parser.add_argument("--indicators", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--form", choices=["json", "text"], default="json")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", action="store_true", help="only the last line")
    options = parser.parse_args()
    values = wanted(options.indicators)
    with tempfile.TemporaryDirectory() as folder:
        known = mapped(catalogue(values), Path(folder))
        log, small, patterns = Path(folder, "log"), Path(folder, "small"), Path(folder, "patterns")
        corpus = Corpus(values)
        corpus.write(log, options.megabytes * 1_000_000, options.form)
        patterns.write_text("".join(f"{v.text}\n" for v in values), encoding="utf-8")
        timed, found, had = rounds(known, log, options.rounds)
        speeds = timed.speeds()
        chance = by_chance(log, found - corpus.planted)
        index = index_figures(known, Path(folder))
        with log.open("rb") as source:
            head = source.read(options.peer_megabytes * 1_000_000)
        small.write_bytes(head[: head.rindex(b"\n") + 1])
        right = {line for line, _ in corpus.planted if line <= head.count(b"\n")}
        peers = {} if options.no_peers else _peers(patterns, small, right)
    missed, extra = corpus.planted - found, found - corpus.planted - chance
    if not options.json:
        print(
            f"{len(values):,} indicators; {len(corpus.planted):,} hits planted: missed {len(missed)}, right by chance {len(chance)}, for nothing {len(extra)}"
        )
        for name, speed in speeds.items():
            print(f"{name:12} {speed:7.0f} MB/s")
        for name in ("gz", "zst"):
            print(f"{name + ' bound':12} {bound(speeds, name):7.0f} MB/s")
        print(f"cores there were for two threads: {had:.2f}")
        for what in (index, *([{name: each} for name, each in peers.items()])):
            print(what)
    theirs = {name: each["speed"] for name, each in peers.items()}
    summary = {
        "what": f"hunt in {options.form}, {len(values):,} indicators, MB/s",
        "ours": round(speeds["1 core"], 1),
        "two": round(speeds["2 core"], 1),
        "cores": round(had, 2),
        "yardstick": [round(speeds["yardstick, 1"]), round(speeds["yardstick, 2"])],
        "peer": theirs.get("grep"),
        "limit": round(speeds["limit"]),
        "ratio": round(speeds["1 core"] / theirs["grep"], 1) if "grep" in theirs else None,
        "gz": timed.ratio("gz", "gz alone"),
        "zst": timed.ratio("zst", "zst alone"),
        "to_command": {name: timed.ratio(name, f"{name} command") for name in ("gz", "zst")},
        "to_bound": {name: round(speeds[name] / bound(speeds, name), 2) for name in ("gz", "zst")},
        "index": index,
        "peers": peers,
        "planted": len(corpus.planted),
        "missed": len(missed),
        "chance": len(chance),
        "false": len(extra),
    }
    print(json.dumps(summary))
    return 1 if missed or extra else 0


if __name__ == "__main__":
    sys.exit(main())
