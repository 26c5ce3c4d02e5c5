from __future__ import annotations

import pytest

from tocsin.telemetry import log_of, logs


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
        (b"\x00\x01\x02", "text"),
        (b"", "text"),
    ],
)
def test_the_format_is_told_by_content(head, name):
    assert log_of(head).name == name


def test_text_comes_last():
    assert logs()[-1].name == "text"
