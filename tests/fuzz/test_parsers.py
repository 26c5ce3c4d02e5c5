"""Whatever bytes a parser gets, it answers or refuses: nothing but our errors, nothing lost, no more time than the bytes are worth."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable

import pytest
import zstandard

from fuzz.mutating import mutants, seeds
from tocsin.errors import TocsinError
from tocsin.formats import Limits, RawItem, misp_galaxy, misp_warninglist, network_rules, packing, sigma, yara
from tocsin.formats import stix as stix_files
from tocsin.matching.sigma import Engine
from tocsin.matching.sigma import read as read_rules
from tocsin.matching.sigma.kinds import Kind, offer
from tocsin.matching.values import classify
from tocsin.stix import parse, patterns
from tocsin.stix.canonical import canonical
from tocsin.telemetry import Observation, Tally, log_of, observed
from tocsin.telemetry.schemas import typed
from tocsin.telemetry.times import Reference

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "10000"))
_LIMITS = Limits(object_bytes=32 * 1024, whole_bytes=16 * 1024, unpacked_bytes=4 * 1024 * 1024)
_REFERENCE = Reference(latest=1_795_996_800_000_000)
_SECONDS = 2.0  # of processor time for at most 256 KiB: a thousand times what they need, a hang all the same


def _objects(data: bytes) -> None:
    found = parse(data)
    assert canonical(found.data) == found.body
    assert parse(found.body) == found


def _files(data: bytes) -> None:
    pieces = (data[at : at + 4096] for at in range(0, len(data), 4096))
    for item in stix_files.read(pieces, "fuzz", _LIMITS):
        if isinstance(item, RawItem):
            assert len(item.raw) <= _LIMITS.object_bytes
        else:
            assert item.rule
            assert item.reason


def _logs(data: bytes) -> None:
    log = log_of(data)
    if log.container != "none":
        return  # tests of their own (tests/unit/telemetry/test_containers.py)
    tally = Tally()
    for record in log.read(iter([data]), "fuzz", look=None, tally=tally, reference=_REFERENCE):
        assert data[record.offset :].startswith(record.raw)
        if isinstance(record, Observation):
            said = typed(record, log)
            assert {fact.origin for fact in said.facts} <= {name for name, _ in record.fields}
            if record.offset % 16 == 0:  # each object is checked, which takes longer than all else
                observed.observed_data(said, place="fuzz", raw=record.raw, now=_REFERENCE.latest)
    assert tally.bytes == len(data)


def _patterns(data: bytes) -> None:
    found = patterns.parse(data.decode("utf-8", "replace"))
    assert patterns.parse(patterns.render(found)) == found


def _galaxies(data: bytes) -> None:
    galaxy = misp_galaxy.decode(data, "fuzz")
    known = dict(misp_galaxy.stix_ids(galaxy))
    for item in misp_galaxy.items(galaxy, known.get):
        parse(item.raw)


def _warninglists(data: bytes) -> None:
    misp_warninglist.read(data, "fuzz")


def _values(data: bytes) -> None:
    for line in data.decode("utf-8", "replace").splitlines()[:200]:
        classify(line)


def _packed(data: bytes) -> None:
    packing.kind(data)
    assert sum(map(len, packing.unpack(iter([data]), _LIMITS))) <= 4 * 1024 * 1024 + 1024 * 1024


def _lines_of_logs() -> list[bytes]:
    """Return the vectors of logs, without what is said about them, and without what is no text."""
    return [
        data
        for data in seeds("telemetry")
        if log_of(data).container == "none" and b'"malformed": ' not in data and b'"stix": ' not in data
    ]


def _rules(data: bytes) -> None:
    pieces = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    for read in (sigma.FORMAT.read, yara.FORMAT.read, network_rules.FORMAT.read):
        for item in read(pieces, "fuzz", _LIMITS):
            if isinstance(item, RawItem):
                parse(item.raw)
            else:
                assert item.rule
                assert item.reason
    made = read_rules([("fuzz", data)])
    Engine.of(made.rules).match(
        {"Image": "x", "a": {"b": [1, None]}}, Kind((offer("windows", "process_creation"),))
    )
    assert made.rules or made.correlations or made.filters or made.refused


_WARNINGLIST = b'{"name":"n","description":"d","version":3,"type":"cidr","list":["10.0.0.0/8","x.example"],"matching_attributes":["ip-src"]}'
_BODIES: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "objects": (_objects, lambda: seeds("stix/canonical", "stix/objects", "formats/stix")),
    "files": (_files, lambda: seeds("formats/stix")),
    "logs": (_logs, _lines_of_logs),
    "patterns": (_patterns, lambda: [line for data in seeds("stix/patterns") for line in data.splitlines()]),
    "galaxies": (_galaxies, lambda: seeds("formats/misp_galaxy")),
    "warninglists": (_warninglists, lambda: [_WARNINGLIST]),
    "values": (
        _values,
        lambda: [*seeds("telemetry"), b"1.2.3.4\nx.example\nhttp://[::1]:80/%00\na@b.example"],
    ),
    "rules": (_rules, lambda: seeds("formats/sigma", "formats/yara", "formats/network_rules")),
    "packed": (
        _packed,
        lambda: [
            pack(data) for data in seeds("formats/stix") for pack in (gzip.compress, zstandard.compress)
        ],
    ),
}


_SLOW = {"rules": 10}
"""Bodies that do the work of several: so many times fewer rounds."""


def _run(name: str, rounds: int, seed: int) -> None:
    body, originals = _BODIES[name]
    rounds //= _SLOW.get(name, 1)
    accepted = 0
    for data in mutants(originals(), rounds, seed):
        began = time.process_time()
        try:
            body(data)
            accepted += 1
        except TocsinError:
            pass
        except BaseException as error:
            error.add_note(f"input: {data!r}")
            raise
        assert time.process_time() - began < _SECONDS, data
    assert accepted, "the mutations must leave something that is still read"


@pytest.mark.parametrize("name", _BODIES)
def test_damaged_input(name: str) -> None:
    _run(name, ROUNDS, seed=1)


@pytest.mark.nightly
@pytest.mark.parametrize("name", _BODIES)
@pytest.mark.parametrize("seed", range(2, 12))
def test_damaged_input_long(name: str, seed: int) -> None:
    _run(name, 20 * ROUNDS, seed)
