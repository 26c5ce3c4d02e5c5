from __future__ import annotations

import msgspec
import pytest

from tocsin.errors import FormatError
from tocsin.telemetry import log_of, logs, plugin


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"#separator \\x09\n", "zeek_tsv"),
        (b'{"_path":"dns","ts":1}\n', "zeek_json"),
        (b'{"ts":1.0,"uid":"C1"}\n', "zeek_json"),
        (b'{"timestamp":"x","event_type":"dns"}\n', "suricata_eve"),
        (b'[\n {"timestamp":"x",\n "event_type":"dns"},\n {"cut', "suricata_eve"),
        (b'{"anything":1}\n{"cut', "json_lines"),
        (b'{"cut', "text"),
        (b"[2026-11-20] started\n", "text"),
        (b"[1, 2]", "text"),
        (b'{"a":"b","items":[{"x":1}]}\n{"a":"c"}\n', "json_lines"),
        (b"<34>1 2026-11-20T08:00:00Z h a - - - x\n", "syslog_rfc5424"),
        (b"2026-11-20T08:00:00Z host app[1]: x\n", "syslog_rfc3164"),
        (b"2026-11-20T08:00:00Z INFO main: started\n", "text"),
        (b"2026-11-20T08:00:00Z | a | b\n", "text"),
        (b"<34>Nov 20 08:00:00 h a: x\n", "syslog_rfc3164"),
        (b"Nov 20 08:00:00 h CEF:0|a|b|c|d|e|5|src=1.2.3.4\n", "cef"),
        (b"Nov 20 08:00:00 h dnsmasq[1]: query[A] a.example from 10.0.0.1\n", "dns_dnsmasq"),
        (b'{"@timestamp":"x","ecs.version":"8","winlog":{"event_id":1}}\n', "windows_json"),
        (b'{"@timestamp":"x","ecs":{"version":"8"}}\n', "ecs"),
        (b"PAR1\x15\x04", "parquet"),
        (b"\x00\x01\x02", "text"),
        (b"", "text"),
    ],
)
def test_the_format_is_told_by_content(head, name):
    assert log_of(head).name == name


def test_text_comes_last():
    assert logs()[-1].name == "text"


def test_a_format_can_be_named():
    assert log_of(b"anything", "cef").name == "cef"
    with pytest.raises(FormatError, match="no log format 'elf'") as refused:
        log_of(b"anything", "elf")
    assert "zeek_tsv" in refused.value.hint()


def test_a_tie_is_for_a_person_to_decide(monkeypatch):
    """Only formats of one rank can tie; what one of a lower rank takes is its own."""
    known = {log.name: log for log in logs()}
    both = [
        msgspec.structs.replace(known[name], sniff=lambda head: True)
        for name in ("cef", "leef", "syslog_rfc3164")
    ]
    monkeypatch.setattr(plugin, "logs", lambda: (*both, known["text"]))
    with pytest.raises(FormatError, match="cef, leef") as refused:
        plugin.log_of(b"x")
    assert "syslog" not in str(refused.value)
    assert "--format" in refused.value.hint()
    monkeypatch.setattr(plugin, "logs", lambda: (*both[1:], known["text"]))
    assert plugin.log_of(b"x").name == "leef"


def test_every_format_has_a_title():
    assert all(log.title for log in logs())
    assert len({log.title for log in logs()}) == len(logs())
