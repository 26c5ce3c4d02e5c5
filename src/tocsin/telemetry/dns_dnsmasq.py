"""dnsmasq's query log (`log-queries`, `log-queries=extra`; dnsmasq(8)), in syslog or in a file of its own (`log-facility`).

`Nov 20 08:00:01 gw dnsmasq[412]: query[A] evil.example from 10.0.0.5`, `reply evil.example is 1.2.3.4`.
"""

from __future__ import annotations

from tocsin.telemetry import syslog_times
from tocsin.telemetry.schema import Kind, Schema
from tocsin.telemetry.splits import answers
from tocsin.telemetry.text_logs import Shape, text_log

_HEAD = (
    syslog_times.PRIORITY
    + syslog_times.ANY_TIME
    + rb" (?:(?!dnsmasq)([^ \n]{1,255}) )?dnsmasq(?:-dhcp|-tftp)?(?:\[(\d{1,10})\])?: "
)
_HEAD_NAMES = ("priority", "timestamp", "host", "pid")
_EXTRA = rb"(?:\d{1,10} ([0-9A-Fa-f.:]{2,45})/(\d{1,5}) )?"

LOG = text_log(
    "dns_dnsmasq",
    title="dnsmasq log",
    shapes=(
        Shape(
            _HEAD + _EXTRA + rb"query\[([\w=]{1,16})\] (\S{1,1024}+) from ([0-9A-Fa-f.:]{2,45})",
            (*_HEAD_NAMES, "extra_client", "client_port", "type", "query", "client"),
        ),
        Shape(
            _HEAD
            + _EXTRA
            + rb"(reply|cached|cached-stale|config|forwarded|/[^ \n]{1,255}) (?!error is )(\S{1,1024}+) (?:is|to) (.*+)",
            (*_HEAD_NAMES, "client", "client_port", "what", "query", "answer"),
        ),
        Shape(_HEAD + rb"(.*+)", (*_HEAD_NAMES, "message")),
    ),
    when=syslog_times.when,
    host="host",
    schema=Schema(
        {
            "": Kind(
                "dns",
                {
                    "client": "source.ip",
                    "extra_client": "source.ip",
                    "client_port": "source.port",
                    "query": "dns.question.name",
                    "type": "dns.question.type",
                },
            ),
            "answer": Kind("dns", {"client": "source.ip", "query": "dns.question.name", "answer": answers}),
            "forwarded": Kind(
                "dns", {"client": "source.ip", "query": "dns.question.name", "answer": "destination.ip"}
            ),
        },
        choose=lambda fields: (
            "forwarded" if fields.get("what") == "forwarded" else "answer" if "answer" in fields else ""
        ),
        common={"host": "host.name"},
    ),
)
