"""Log readers: MB/s of each format, beside bare decoding of the same bytes.

Logs are the vectors of the tests without their faults, repeated; Zeek JSON, EVE and Windows events are the real samples of `../shared/data` where those are
there. Measured are: passing over (a hunt in which nothing is to be looked at: shapes are checked, nothing is taken apart), reading (every record, all its
fields, its time and host), and typing (reading, and its facts). `peer` is decoding each line alone: `orjson.loads` for JSON (msgspec's decoder is said
beside it), `line.decode()` after `splitlines` for other text, and the library alone for containers. `ratio` is reading to the peer.

    uv run python -m benchmarks.readers [--megabytes 8] [--rounds 3] [--json] [NAME...]
"""

from __future__ import annotations

import argparse
import gzip
import io
import itertools
import json
import statistics
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from xml.parsers.expat import ParserCreate

import msgspec
import orjson
import zstandard

from tocsin.telemetry import Log, MalformedLine, Observation, logs
from tocsin.telemetry.schemas import typed
from tocsin.telemetry.times import Reference

_ROOT = Path(__file__).resolve().parents[1]
_VECTORS = _ROOT / "tests" / "vectors" / "telemetry"
_SHARED = _ROOT.parent / "shared" / "data"
_REFERENCE = Reference(latest=1_795_996_800_000_000)
_PIECE = 1 << 20
_CONTAINERS = {"windows_evtx", "parquet", "arrow", "pcap"}


def _from_vectors(log: Log, size: int) -> bytes:
    """Return the good records of a format's vectors, a line each, repeated; headers stay at the top."""
    files = sorted(
        f for f in (_VECTORS / log.name).iterdir() if not f.name.endswith((".expected.json", ".typed.json"))
    )
    for file in files:
        data = file.read_bytes()
        found = list(log.read([data], "x"))
        good = [record.raw for record in found if isinstance(record, Observation)]
        if log.escapes == "json":  # vectors may stand over many lines
            good = [
                orjson.dumps(orjson.loads(raw)) for raw in good if raw.startswith(b"{") and raw.endswith(b"}")
            ]
        if not good:
            continue
        offset = next(record.offset for record in found if isinstance(record, Observation))
        head = b"".join(
            line for line in data[:offset].splitlines(keepends=True) if line.startswith((b"#", b"version "))
        )
        if head:  # another header may come later: its rows have other columns
            good = [raw for raw in good if raw.count(b" ") == good[0].count(b" ")]
        body = b"\n".join(good) + b"\n"
        return head + body * max(1, size // len(body))
    raise ValueError(f"no good record among the vectors of {log.name}")


def _zeek(member: str, size: int) -> bytes:
    with tarfile.open(_SHARED / "zeek-sample.tar") as tar:
        found = tar.extractfile(member)
        assert found is not None
        return _cut(gzip.decompress(found.read()), size)


def _packed(name: str, suffix: str, size: int) -> bytes:
    """Return members of a packed archive, decoded until there is enough."""
    with (
        (_SHARED / name).open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as plain,
        tarfile.open(fileobj=io.BufferedReader(plain, 1 << 20), mode="r|") as tar,
    ):
        for member in tar:
            if member.name.endswith(suffix) and member.size > size // 8:
                found = tar.extractfile(member)
                assert found is not None
                return _cut(found.read(size), size)
    raise ValueError(f"no {suffix} in {name}")


def _cut(data: bytes, size: int) -> bytes:
    return data[: data.rfind(b"\n", 0, size) + 1]


def _eve(size: int) -> bytes:
    array = _packed("suricata-eve-samples.tar.zst", "wrccdc-2018/alerts-only.json", 1_000_000)
    events = orjson.loads(array if array.rstrip().endswith(b"]") else array + b"]")
    lines = b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)
    return lines * max(1, size // len(lines))


_REAL: dict[str, Callable[[int], bytes]] = {
    "zeek_json": lambda size: _zeek("zeek-json/dns.json.gz", size),
    "zeek_tsv": lambda size: _zeek("zeek-default/dns.log.gz", size),
    "windows_json": lambda size: _packed("security-datasets-windows.tar.zst", ".json", size),
    "suricata_eve": _eve,
}


def corpus(log: Log, size: int) -> tuple[bytes, str]:
    """Return about `size` bytes of a format, and where they are from."""
    if log.name in _REAL and _SHARED.is_dir():
        return _REAL[log.name](size), "sample"
    return _from_vectors(log, size), "vectors"


def parquet(size: int) -> bytes:
    """Return the ECS vectors as a Parquet file; `size` is of its rows as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    line = {
        "@timestamp": "2026-11-20T08:00:00Z",
        "ecs.version": "8",
        "source.ip": "10.0.0.5",
        "destination.ip": "1.2.3.4",
        "network.transport": "tcp",
    }
    count = size // len(orjson.dumps(line))
    table = pa.table({name: [value] * count for name, value in line.items()})
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _bare_parquet(data: bytes) -> None:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(io.BytesIO(data)).iter_batches(batch_size=4_096):
        batch.to_pylist()


def _bare_json(data: bytes) -> None:
    for line in data.splitlines():
        orjson.loads(line)


def _bare_msgspec(data: bytes) -> None:
    decode = msgspec.json.Decoder().decode
    for line in data.splitlines():
        decode(line)


def _bare_xml(data: bytes) -> None:
    for line in data.splitlines():
        ParserCreate().Parse(line, True)


def _bare_text(data: bytes) -> None:
    for line in data.splitlines():
        line.decode("utf-8", "surrogateescape")


def _peers(log: Log) -> dict[str, Callable[[bytes], None]]:
    if log.escapes == "json":
        return {"orjson": _bare_json, "msgspec": _bare_msgspec}
    return {"expat": _bare_xml} if log.name == "windows_xml" else {"decode": _bare_text}


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))


def _pass_over(log: Log, data: bytes) -> None:
    for _ in log.read(_pieces(data), "x", look=lambda block: [], reference=_REFERENCE):  # noqa: ARG005
        pass


def _read(log: Log, data: bytes) -> None:
    for _ in log.read(_pieces(data), "x", reference=_REFERENCE):
        pass


def _type(log: Log, data: bytes) -> None:
    for record in log.read(_pieces(data), "x", reference=_REFERENCE):
        if isinstance(record, Observation):
            typed(record, log)


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def measure(log: Log, size: int, rounds: int) -> dict[str, Any]:
    """Return what the last line says of one format."""
    if log.name == "parquet":
        data, origin = parquet(size), "made"
        counted = sum(len(each.raw) + 1 for each in log.read([data], "x")) / 1e6
        peers: dict[str, Callable[[bytes], None]] = {"pyarrow": _bare_parquet}
    else:
        data, origin = corpus(log, size)
        counted = len(data) / 1e6
        peers = _peers(log)
    bad = sum(isinstance(each, MalformedLine) for each in itertools.islice(log.read([data], "x"), 50_000))
    if bad:
        raise ValueError(f"{log.name}: {bad} lines of the corpus are malformed")
    runs: dict[str, Callable[[], object]] = {
        "pass": lambda: _pass_over(log, data),
        "read": lambda: _read(log, data),
        "typed": lambda: _type(log, data),
        **{name: partial(peer, data) for name, peer in peers.items()},
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(_seconds(run))
    speed = {name: counted / statistics.median(seconds) for name, seconds in taken.items()}
    first = next(iter(peers))
    return {
        "what": f"read {log.name} ({origin}), MB/s",
        "ours": round(speed["read"], 1),
        "peer": round(speed[first], 1),
        "ratio": round(speed["read"] / speed[first], 2),
        "typed": round(speed["typed"], 1),
        "passed_over": round(speed["pass"], 1),
        **{name: round(speed[name], 1) for name in peers},
    }


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="formats; all if none is named")
    parser.add_argument("--megabytes", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="only the lines of JSON")
    options = parser.parse_args()
    left_out = _CONTAINERS - {"parquet"} | {"text"}
    chosen = [
        log for log in logs() if (log.name in options.names if options.names else log.name not in left_out)
    ]
    rows = []
    for log in chosen:
        row = measure(log, options.megabytes * 1_000_000, options.rounds)
        rows.append(row)
        if not options.json:
            print(
                f"{log.name:18} pass {row['passed_over']:8.1f}  read {row['ours']:7.1f}  typed {row['typed']:7.1f}  peer {row['peer']:8.1f} MB/s  ratio {row['ratio']}",
                flush=True,
            )
    for row in rows:
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
