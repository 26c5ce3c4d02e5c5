"""Windows DNS Server's debug log (`dns.log`; Microsoft, "DNS logging and diagnostics"): one line a packet, after some lines that explain them.

`11/20/2026 8:00:01 AM 0A4C PACKET  000001F6D7A1B2C0 UDP Rcv 10.0.0.5 4f2a   Q [0001   D   NOERROR] A      (4)evil(7)example(0)`

Times are local and written as the server's locale has it: `times.of_slashed` says how day and month are told apart. Names are written as lengths and
labels; they are put together as `question`. With details switched on, lines after a packet's are its contents, kept as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tocsin.clock import Micros
from tocsin.telemetry import times
from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import lower, mapped
from tocsin.telemetry.text_logs import Shape, Values, text_log
from tocsin.telemetry.times import Reference

_LABELS = re.compile(r"\(\d{1,3}\)")
_FIRST, _LABEL, _LAST = re.compile(rb" \(\d{1,3}\)"), re.compile(rb"\(\d{1,3}\)"), re.compile(rb"\(0\)")
_TIME = rb"(\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4} \d{1,2}:\d\d:\d\d(?: [AP]M)?)"
_CODES = {
    code: code
    for code in (
        "NOERROR",
        "FORMERR",
        "SERVFAIL",
        "NXDOMAIN",
        "NOTIMP",
        "REFUSED",
        "YXDOMAIN",
        "NOTAUTH",
        "NOTZONE",
    )
}


_FIELDS: Mapping[str, Target] = {
    "transport": lower("network.transport"),
    "question": "dns.question.name",
    "type": "dns.question.type",
    "rcode": mapped("dns.response_code", _CODES),
}


def _when(values: Values, reference: Reference | None) -> Micros | None:
    return times.of_slashed(values.get("time", "").replace("-", "/"), reference)


def _further(values: Values) -> list[tuple[str, str]]:
    name = values.get("name", "")
    question = ".".join(label for label in _LABELS.split(name) if label)
    return [("question", question)] if question else []


LOG = text_log(
    "dns_windows",
    title="Windows DNS debug log",
    shapes=(
        Shape(
            _TIME
            + rb" ([0-9A-Fa-f]{1,8}) PACKET +([0-9A-Fa-f]{8,16}) (UDP|TCP) (Rcv|Snd) ([0-9A-Fa-f.:]{2,45}) +([0-9A-Fa-f]{4}) ([R ]) ([A-Z?])"
            rb" \[([0-9A-Fa-f]{4}) ([A-Z ]{1,12}?) +([A-Z0-9]{1,16})\] ([A-Z0-9]{1,16}) +(\S{1,1024})[ \t]*+",
            (
                "time",
                "thread",
                "",
                "transport",
                "direction",
                "remote",
                "xid",
                "response",
                "opcode",
                "flags",
                "flag_letters",
                "rcode",
                "type",
                "name",
            ),
        ),
        Shape(
            _TIME + rb" ([0-9A-Fa-f]{1,8}) (?!PACKET )([A-Z_]{2,16}) (.*+)",
            ("time", "thread", "context", "message"),
        ),
        # titles, the explanation of the columns, details of a packet: whatever does not begin as a packet does
        Shape(rb"(?!\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4} \d)(.++)", ("message",), telling=False),
    ),
    when=_when,
    nothing=frozenset({"", " ", "-"}),
    further=_further,
    plain=lambda block: _LABEL.sub(b".", _FIRST.sub(b" ", _LAST.sub(b" ", block))),
    schema=Schema(
        {
            "": Kind("dns", {**_FIELDS, "remote": "destination.ip"}),
            "Rcv": Kind("dns", {**_FIELDS, "remote": "source.ip"}),
        },
        choose=lambda fields: fields.get("direction", ""),
    ),
)
