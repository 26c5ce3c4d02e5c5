from __future__ import annotations

from tocsin.telemetry import log_of, schemas
from tocsin.telemetry.schemas import typed


def test_json_of_many_formats_in_one_log_is_told_record_by_record():
    data = (
        b'{"first":"of no format"}\n'
        b'{"_path":"dns","ts":1.5,"query":"a.example"}\n'
        b'{"timestamp":"2026-11-20T08:00:00Z","event_type":"dns","dns":{"rrname":"b.example"}}\n'
        b'{"second":1}\n'
    )
    log = log_of(data)
    assert log.name == "json_lines"
    found = [typed(record, log) for record in log.read([data], "x")]
    assert [said.schema for said in found] == ["json_lines", "zeek_json", "suricata_eve", "json_lines"]
    assert [[fact.value for fact in said.facts] for said in found] == [[], ["a.example"], ["b.example"], []]


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(schemas, "_REMEMBERED", 3)
    log = log_of(b'{"a":1}')
    for n in range(10):
        (record,) = log.read([b'{"member%d":1}' % n], "x")
        assert typed(record, log).schema == "json_lines"
    assert len(schemas._KNOWN) <= 3


def test_text_says_nothing_typed():
    log = log_of(b"any text")
    (record,) = log.read([b"any text"], "x")
    assert (typed(record, log).facts, typed(record, log).category) == ((), "")
