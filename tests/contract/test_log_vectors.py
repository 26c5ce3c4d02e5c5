"""Every log format against its vectors: each planted hit, nothing else, whole and through a sieve, plain and packed."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import timedelta, timezone
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tocsin.clock import to_text
from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.sieve import Sieve
from tocsin.matching.values import classify
from tocsin.telemetry import MalformedLine, Tally, log_of, logs, observed
from tocsin.telemetry.finding import find_in
from tocsin.telemetry.schemas import typed
from tocsin.telemetry.times import Reference

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "telemetry"
LOGS = sorted(f for f in VECTORS.glob("*/*") if not f.name.endswith((".expected.json", ".typed.json")))
REFERENCE = Reference(latest=1_795_996_800_000_000, zone=timezone(timedelta(hours=1)))
"""30 November 2026, an hour east of Greenwich."""


def _readable(file: Path) -> Path:
    if file.parent.name == "pcap" and shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    return file


def _index() -> Index:
    values = [classify(line) for line in (VECTORS / "indicators.txt").read_text("utf-8").split()]
    return Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(values))


INDEX = _index()


def _read(data: bytes, step: int, *, sieve: bool, piece: type[bytes | bytearray] = bytes) -> dict[str, Any]:
    log = log_of(data[: 64 * 1024])
    look = Sieve(INDEX, log.escapes).spans if sieve else None
    tally = Tally()
    found: dict[str, Any] = {"records": 0, "malformed": [], "hits": []}
    pieces = (piece(data[at : at + step]) for at in range(0, len(data), step))
    for record in log.read(pieces, "vector", look=look, tally=tally):
        if isinstance(record, MalformedLine):
            found["malformed"].append([record.line, record.rule])
        else:
            found["records"] += 1
        assert type(record.raw) is bytes
        if log.container == "none":
            assert data[record.offset :].startswith(record.raw)
            assert data.count(b"\n", 0, record.offset) == record.line - 1
        found["hits"] += [
            [record.line, hit.field, INDEX.entries[hit.entry].value, list(hit.flags)]
            for hit in find_in(record, INDEX)
        ]
    if log.container == "none":
        assert tally.bytes == len(data)
        assert tally.lines == data.count(b"\n") + (not data.endswith(b"\n"))
    return found


@pytest.mark.parametrize("file", LOGS, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_vector(file: Path) -> None:
    data = _readable(file).read_bytes()
    expected = json.loads(Path(f"{file}.expected.json").read_text("utf-8"))
    assert log_of(data).name == file.parent.name
    steps = (1 << 20, 7) if log_of(data).container == "none" else (1 << 20,)
    for step, piece in product(steps, (bytes, bytearray)):  # what was unpacked comes in bytearrays
        assert _read(data, step, sieve=False, piece=piece) == expected
        through = _read(data, step, sieve=True, piece=piece)
        assert through["hits"] == expected["hits"]
        assert through["malformed"] == expected["malformed"]


@pytest.mark.parametrize(
    "file", [f for f in LOGS if Path(f"{f}.typed.json").exists()], ids=lambda f: f"{f.parent.name}/{f.name}"
)
def test_facts_and_objects(file: Path) -> None:
    """What records say, typed, with their times; and what of it STIX has objects for, each of which `stix.parse` took."""
    data = _readable(file).read_bytes()
    log = log_of(data)
    found = []
    for record in log.read([data], "vector", reference=REFERENCE):
        if isinstance(record, MalformedLine):
            continue
        said = typed(record, log)
        objects = observed.observed_data(
            said, place=f"{file.name}:{record.line}", raw=record.raw, now=REFERENCE.latest
        )
        assert {fact.origin for fact in said.facts} <= {name for name, _ in record.fields}
        if objects:
            refs = set(objects[-1].data["object_refs"])
            assert refs == {each.id for each in objects[:-1]}
        facts: dict[str, list[str]] = {}
        for fact in said.facts:
            facts.setdefault(fact.name, []).append(fact.value)
        found.append(
            {
                "line": record.line,
                "at": None if said.at is None else to_text(said.at),
                "host": said.host,
                "category": said.category,
                "facts": facts,
                "stix": [each.type for each in objects[:-1]],
            }
        )
    assert found == json.loads(Path(f"{file}.typed.json").read_text("utf-8"))


def test_every_schema_has_facts_among_its_vectors() -> None:
    with_facts = {
        file.parent.name
        for file in LOGS
        if Path(f"{file}.typed.json").exists()
        and '"stix": ["' in Path(f"{file}.typed.json").read_text("utf-8")
    }
    assert {log.name for log in logs()} - with_facts <= {"text", "json_lines"}


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
