"""One new indicator against 100 GB of kept telemetry, beside grep in the packed logs, and beside reading the summaries.

Some telemetry is real: Zeek JSON of `benchmarks.hunt` with planted hits (seeded), kept as `tocsin keep` does, and hunted in. The rest is there as
summaries alone: as many filters as 100 GB have, as large as the largest of the real ones and all different. Their fingerprints are random, so that they say of
a value as seldom as real filters that they may hold it. Their tables are links to a real one: a filter that is wrong costs what it costs in
earnest. Recall and precision are judged in the real part.

Seconds are of the clock and, beside them, of the processor (others may use the machine); from an index of the new indicators to the last hit. Cold: after the
pages of summaries were given up (`posix_fadvise`). `limit` is reading the summaries and doing nothing. The peer searches the real logs packed
with zstd; its seconds for 100 GB are extrapolated by bytes.

    uv run python -m benchmarks.retro [--megabytes 256] [--gigabytes 100] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from isal import isal_zlib

from benchmarks.hunt import _NOW, Corpus, catalogue, wanted
from tocsin.matching import fuse, units
from tocsin.matching.summary import Summary, encode
from tocsin.node import kept_folder
from tocsin.node.keeping import Keeping
from tocsin.node.kept_folder import Part
from tocsin.node.retro import Done, Retro

_PLANTED = 40
_LATER = 1_000


def _summaries(parts: list[Part]) -> list[Summary]:
    rules = units.fingerprint()
    return [kept_folder.summary_of(part, rules) for part in parts]


def fill(folder: Path, real: list[Part], size: int, least: int) -> int:
    """Add parts with random filters until all stand for `size` bytes of records; return how many groups were added."""
    whole = max(
        (group for summary in _summaries(real) for group in summary.groups), key=lambda group: group.size
    )
    of = max(real, key=lambda part: part.end - part.first)
    per = len(_summaries([of])[0].groups)
    count = max(0, (size - least) // (whole.size * per))
    dice, rules = np.random.default_rng(5), units.fingerprint()
    for number in range(count):
        prints = [dice.integers(0, 1 << 16, whole.shape.places, np.uint16) for _ in range(per)]
        groups = [
            msgspec.structs.replace(whole, crc=isal_zlib.crc32(each.view(np.uint8).data)) for each in prints
        ]
        path = kept_folder.path_of(
            folder, f"made-{number:016x}", 0, first=0, end=of.end - of.first, day="2026-11-20"
        )
        path.with_suffix(kept_folder.SUMMARY).write_bytes(b"".join(encode(rules, groups, prints)))
        path.hardlink_to(of.path)
    return count * per


def _cold(parts: list[Part]) -> None:
    for part in parts:
        for path in (part.summary, part.path):
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def _now() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), time.process_time() + used.ru_utime + used.ru_stime


def _since(began: tuple[float, float]) -> tuple[float, float]:
    """Return seconds of the clock and of the processor since then."""
    clock, processor = _now()
    return round(clock - began[0], 2), round(processor - began[1], 2)


def _limit(parts: list[Part]) -> tuple[float, float]:
    """Return seconds to read all summaries and do nothing with them."""
    began = _now()
    for part in parts:
        with part.summary.open("rb", buffering=0) as file:
            while file.read(1 << 20):
                pass
    return _since(began)


def _retro(folder: Path, values: list[Any]) -> tuple[tuple[float, float], set[int], Retro]:
    known = catalogue(values)
    began = _now()
    made = Retro(known, folder, now=_NOW)
    lines = {hit.line for hit in made.run(Done())}
    return _since(began), lines, made


def _peer(command: list[str], value: str, packed: Path) -> tuple[tuple[float, float], int]:
    began = _now()
    done = subprocess.run(
        [*command, "-c", "-F", value, str(packed)],
        stdout=subprocess.PIPE,
        check=False,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    return _since(began), int(done.stdout.split(b":")[-1] or 0)


def run(where: Path, megabytes: int, gigabytes: float) -> dict[str, Any]:
    """Return all figures."""
    values = wanted(_PLANTED * 2)[:_PLANTED]
    corpus = Corpus(values)
    log, folder = where / "zeek.json", where / "telemetry"
    corpus.write(log, megabytes * 10**6)
    size = log.stat().st_size
    with kept_folder.locked(folder):
        fuse.build(np.arange(1, 100, dtype=np.uint64))
        units.fingerprint()  # compiled once for an installation
        began = _now()
        keeping = Keeping(folder)
        keeping.keep([str(log)])
        kept = _since(began)
    real = kept_folder.parts(folder)
    tables = sum(part.path.stat().st_size for part in real)
    summed = sum(part.summary.stat().st_size for part in real)
    groups = fill(folder, real, int(gigabytes * 10**9), size)
    parts = kept_folder.parts(folder)
    one = next(value for value in values if value.kind == "domain")
    expected = {line for line, text in corpus.planted if text == one.text}
    _retro(folder, [one])
    _cold(parts)
    cold_limit = _limit(parts)
    warm_limit = _limit(parts)
    _cold(parts)
    cold, lines, made = _retro(folder, [one])
    warm = min(_retro(folder, [one])[0] for _ in range(3))
    later = [value for value in wanted(100_000)[-_LATER:] if value.kind != "cidr"]
    many, _, missed = _retro(folder, later)
    packed = where / "zeek.json.zst"
    subprocess.run(["zstd", "-q", "-3", str(log), "-o", str(packed)], check=True)
    seconds, found = _peer(["rg", "-z"] if shutil.which("rg") else ["zstdgrep"], one.text, packed)
    scale = made.past.bytes / size
    return {
        "what": "retro",
        "telemetry_gigabytes": round(made.past.bytes / 1e9, 1),
        "real_megabytes": round(size / 1e6),
        "groups": made.past.groups,
        "made_groups": groups,
        "summaries_megabytes": round(sum(part.summary.stat().st_size for part in parts) / 1e6),
        "keep_mb_s": round(size / 1e6 / kept[1], 1),
        "tables_to_log": round(tables / size, 3),
        "summaries_to_log": round(summed / size, 4),
        "zstd_to_log": round(packed.stat().st_size / size, 3),
        "planted": len(expected),
        "found": len(lines & expected),
        "too_many": len(lines - expected),
        "groups_read": made.past.groups_read,
        "seconds_cold": cold,
        "seconds_warm": warm,
        "limit_seconds_cold": cold_limit,
        "limit_seconds_warm": warm_limit,
        "many_indicators": len(later),
        "many_seconds": many,
        "many_groups_read": missed.past.groups_read,
        "peer_lines": found,
        "peer_seconds_real": seconds,
        "peer_seconds_extrapolated": [round(each * scale) for each in seconds],
        "ratio_to_peer": [round(each * scale / mine, 1) for each, mine in zip(seconds, cold, strict=True)],
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--gigabytes", type=float, default=100)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-retro-") as folder:
        found = run(Path(folder), arguments.megabytes, arguments.gigabytes)
    print(json.dumps(found))
    if not arguments.json:
        for name, value in found.items():
            print(f"{name:28} {value}")


if __name__ == "__main__":
    main()
