"""Every reader under whatever comes: nothing raised, nothing lost, the same lines refused whether they are looked at or not, no line that costs too much."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.telemetry import Log, MalformedLine, Observation, logs, observed
from tocsin.telemetry.schemas import typed
from tocsin.telemetry.times import Reference

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "telemetry"
REFERENCE = Reference(latest=1_795_996_800_000_000)
TEXTS = [log for log in logs() if log.container == "none"]
LINES = [log for log in TEXTS if log.escapes != "json" and log.name != "windows_xml"]
JSONS = [log for log in TEXTS if log.escapes == "json"]


def _sample(log: Log) -> bytes:
    files = sorted((VECTORS / log.name).glob("*"))
    return b"\n".join(f.read_bytes() for f in files if not f.name.endswith((".expected.json", ".typed.json")))


SAMPLES = {log.name: _sample(log) for log in TEXTS}
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for member in value.values() for key in _keys(member)}
    return {key for member in value for key in _keys(member)} if isinstance(value, list) else set()


def _known_names() -> list[str]:
    found = {
        name
        for log in JSONS
        if log.schema is not None
        for kind in log.schema.kinds.values()
        for name in kind.fields
    }
    return sorted(
        found
        | {"ts", "time", "@timestamp", "eventTime", "host", "Event", "System", "events", "parameters", "id"}
    )


@st.composite
def _record(draw: st.DrawFn) -> dict[str, object]:
    """A record whose members have names that tables know, with values of any type, nested by their dots or not."""
    record: dict[str, object] = {}
    for name in draw(st.lists(st.sampled_from(_known_names()), max_size=6)):
        value = draw(_JSON)
        if draw(st.booleans()):
            record[name] = value
            continue
        inner = record
        *outer, last = name.split(".")
        for part in outer:
            held = inner.setdefault(part, {})
            if not isinstance(held, dict):
                break
            inner = held
        else:
            inner[last] = value
    return record


@pytest.mark.parametrize("log", JSONS, ids=lambda log: log.name)
@given(records=st.lists(_record(), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_any_json_is_read(log: Log, records: list[dict[str, object]]) -> None:
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    found = list(log.read([data], "x", reference=REFERENCE))
    assert len(found) == len(records)
    for each in found:
        if isinstance(each, MalformedLine):
            assert each.rule == "json"  # a number that orjson does not hold
            continue
        said = typed(each, log)
        assert {fact.origin for fact in said.facts} <= {name for name, _ in each.fields}
        observed.observed_data(said, place="x", raw=each.raw, now=REFERENCE.latest)


@pytest.mark.parametrize("log", LINES, ids=lambda log: log.name)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_line_is_a_record_or_malformed(log: Log, data: st.DataObject) -> None:
    """Vectors with pieces cut out, doubled or overwritten: each line comes out once; what is refused does not depend on looking."""
    raw = bytearray(SAMPLES[log.name])
    for _ in range(data.draw(st.integers(0, 5))):
        at, length = data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, 30))
        raw[at : at + length] = data.draw(st.binary(max_size=12) | st.just(bytes(raw[at : at + 2 * length])))
    step = data.draw(st.sampled_from([1 << 20, 13]))
    pieces = [bytes(raw[at : at + step]) for at in range(0, len(raw), step)]
    found = list(log.read(pieces, "x", reference=REFERENCE))
    numbers = [each.line for each in found]
    assert numbers == sorted(set(numbers))
    body = bytes(raw)
    headers = (b"#",) if log.name in {"zeek_tsv", "web_w3c"} else ()
    wanted = {
        number
        for number, line in enumerate(body.split(b"\n"), 1)
        if line.strip() and not line.removeprefix(b"\xef\xbb\xbf").startswith(headers or b"\n")
    }
    if log.name != "aws_vpcflow":  # any line of words may be a header there
        assert set(numbers) - wanted == set() if headers else set(numbers) == wanted
    assert all(body[each.offset :].startswith(each.raw) for each in found)
    passed_over = list(log.read(pieces, "x", look=lambda block: [], reference=REFERENCE))
    refused = [(each.line, each.rule) for each in found if isinstance(each, MalformedLine)]
    assert [(each.line, each.rule) for each in passed_over if isinstance(each, MalformedLine)] == refused
    assert not any(isinstance(each, Observation) for each in passed_over)


_LONG = 40_000
_HOSTILE = [
    b"a" * _LONG, b" " * _LONG + b"x", b"\\" * _LONG, b'"' * _LONG, b'\\"' * (_LONG // 2), b"=" * _LONG, b"|" * _LONG, b"a=" * (_LONG // 2),
    b" a=b\\" * (_LONG // 6), b"[" * _LONG, b'[a b="c"]' * (_LONG // 9), b"(3)www" * (_LONG // 6), b"1.2.3.4:" * (_LONG // 8), b"<1>" * (_LONG // 3),
    b"- " * (_LONG // 2), b"::" * (_LONG // 2), b"\xff" * _LONG, b"CEF:0|" * (_LONG // 6), b"a;" * (_LONG // 2),
]  # fmt: skip


@pytest.mark.parametrize("log", TEXTS, ids=lambda log: log.name)
def test_no_line_costs_more_than_it_is_worth(log: Log) -> None:
    """Long runs of what shapes, keys and quotes look for, after every beginning that a line of the format can have."""
    beginnings = {
        b"",
        *(line[:cut] for line in SAMPLES[log.name].splitlines()[:12] for cut in (20, 45, 70, 100)),
    }
    began = time.process_time()
    count = 0
    for beginning in sorted(beginnings):
        for hostile in _HOSTILE:
            line = beginning + hostile + b"\n"
            for each in log.read([line], "x", look=None, reference=REFERENCE):
                if isinstance(each, Observation):
                    typed(each, log)
            list(log.read([line], "x", look=lambda block: [], reference=REFERENCE))
            count += 1
    # a linear reading takes well under a millisecond a line; one that backtracks takes minutes
    assert time.process_time() - began < 0.05 * count
