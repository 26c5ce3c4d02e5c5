"""Every log format against its vectors: each planted hit, nothing else, whole and through a sieve, plain and packed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.sieve import Sieve
from tocsin.matching.values import classify
from tocsin.telemetry import MalformedLine, Tally, log_of, logs
from tocsin.telemetry.finding import find_in

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "telemetry"
LOGS = sorted(f for f in VECTORS.glob("*/*") if not f.name.endswith(".expected.json"))


def _index() -> Index:
    values = [classify(line) for line in (VECTORS / "indicators.txt").read_text("utf-8").split()]
    return Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(values))


INDEX = _index()


def _read(data: bytes, step: int, *, sieve: bool) -> dict[str, Any]:
    log = log_of(data[: 64 * 1024])
    look = Sieve(INDEX, log.escapes).spans if sieve else None
    tally = Tally()
    found: dict[str, Any] = {"records": 0, "malformed": [], "hits": []}
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    for record in log.read(pieces, "vector", look=look, tally=tally):
        if isinstance(record, MalformedLine):
            found["malformed"].append([record.line, record.rule])
        else:
            found["records"] += 1
        assert data[record.offset :].startswith(record.raw)
        assert data.count(b"\n", 0, record.offset) == record.line - 1
        found["hits"] += [
            [record.line, hit.field, INDEX.entries[hit.entry].value, list(hit.flags)]
            for hit in find_in(record, INDEX)
        ]
    assert tally.bytes == len(data)
    assert tally.lines == data.count(b"\n") + (not data.endswith(b"\n"))
    return found


@pytest.mark.parametrize("file", LOGS, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_vector(file: Path) -> None:
    data = file.read_bytes()
    expected = json.loads(Path(f"{file}.expected.json").read_text("utf-8"))
    assert log_of(data).name == file.parent.name
    for step in (1 << 20, 7):
        assert _read(data, step, sieve=False) == expected
        through = _read(data, step, sieve=True)
        assert through["hits"] == expected["hits"]
        assert through["malformed"] == expected["malformed"]


def test_every_format_has_a_fault_among_its_vectors_or_cannot_have_one() -> None:
    faulty = {
        file.parent.name
        for file in LOGS
        if json.loads(Path(f"{file}.expected.json").read_text("utf-8"))["malformed"]
    }
    assert {log.name for log in logs()} - faulty <= {"text", "json_lines"}


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_logs_read_alike(pack: Any, tmp_path: Path) -> None:
    from tocsin.node.logs import open_logs

    faults: list[Any] = []

    def fault(*what: str) -> None:
        faults.append(what)

    for file in LOGS:
        data = file.read_bytes()
        packed = tmp_path / f"{file.parent.name}.{file.name}.1"  # no suffix tells: the bytes do
        packed.write_bytes(pack(data[: len(data) // 2]) + pack(data[len(data) // 2 :]))
        logs_there = open_logs([str(packed)], on_read=lambda n: None, on_fault=fault)
        opened = [(log.log.name, b"".join(log.stream)) for log in logs_there]
        assert opened == [(file.parent.name, data)]
    assert not faults
