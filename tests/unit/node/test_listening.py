from __future__ import annotations

import pytest

from tocsin.node.listening import Formats, lines_of

EVE = b'{"timestamp":"2026-11-20T08:00:00.1+0000","flow_id":1,"event_type":"dns","src_ip":"192.0.2.7","dns":{"rrname":"a"}}'
SYSLOG = b"<34>1 2026-11-20T08:00:00Z web01 app - - - evil.example"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", [b""]),
        (b"one", [b"one"]),
        (b'{"a": 1}\n{"b": 2}\r\n\n', [b'{"a": 1}', b'{"b": 2}']),
        (b'{\n "a": 1,\n "b": {}\n}\n', [b'{  "a": 1,  "b": {} } ']),
        (b"<1>a\n<2>b", [b"<1>a", b"<2>b"]),
        (b"error\n  at x\n  at y", [b"error   at x   at y"]),
        (b"\n\n", [b"  "]),
    ],
)
def test_records_of_a_message(message: bytes, expected: list[bytes]) -> None:
    assert lines_of(message) == expected


def test_messages_of_one_shape_are_of_one_format(monkeypatch: pytest.MonkeyPatch) -> None:
    formats = Formats()
    assert [formats.name_of(each) for each in (EVE, SYSLOG, b"plain", b"", b"\xff\0{")] == [
        "suricata_eve", "syslog_rfc5424", "text", "text", "text",
    ]  # fmt: skip
    monkeypatch.setattr("tocsin.node.listening._log_name", lambda message: "asked")
    assert formats.name_of(EVE.replace(b"08:00", b"09:15").replace(b"192.0.2.7", b"::1")) == "suricata_eve"
    assert formats.name_of(SYSLOG.replace(b"<34>1", b"<165>1").replace(b"2026", b"2031")) == "syslog_rfc5424"
    assert formats.name_of(SYSLOG.replace(b"<34>1 ", b"<34>")) == "asked"
    assert formats.name_of(b'{"other": 1}') == "asked"
