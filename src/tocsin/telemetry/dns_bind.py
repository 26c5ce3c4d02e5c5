"""BIND 9 query log (`querylog yes`, category `queries`; BIND 9 ARM, "Query Logging"), with or without a syslog header.

`20-Nov-2026 08:00:01.123 queries: info: client @0x7f.. 10.0.0.5#53124 (evil.example): query: evil.example IN A +E(0)K (10.0.0.53)`

A channel without `print-time yes` writes lines without a time.
"""

from __future__ import annotations

from tocsin.clock import Micros
from tocsin.telemetry import syslog_times, times
from tocsin.telemetry.schema import flat
from tocsin.telemetry.text_logs import Shape, Values, text_log
from tocsin.telemetry.times import Reference

_TIME = (
    rb"(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:\.\d{1,6})?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z?)"
)
_SYSLOG = syslog_times.PRIORITY + syslog_times.ANY_TIME + rb" ([^ \n]{1,255}) named(?:\[(\d{1,10})\])?: "
_QUERY = (
    rb"(?:queries: )?(?:info: )?client (?:@0x[0-9a-f]{1,16} )?([0-9A-Fa-f.:]{2,45})#(\d{1,5}) \([^)\n]{0,1024}\): (?:view ([^:\n]{1,64}): )?"
    rb"query: (\S{1,1024}+) (\S{1,16}) (\S{1,16}) (\S{1,32})(?: \(([0-9A-Fa-f.:]{2,45})(?:%\w{1,16})?\))?(?: .*+)?"
)
_NAMES = ("client", "client_port", "view", "query", "class", "type", "flags", "server")


def _when(values: Values, reference: Reference | None) -> Micros | None:
    text = values.get("timestamp", "")
    if text[:2].isdigit() and text[2:3] == "-":
        return times.of_day_month(text, reference)
    return syslog_times.when(values, reference)


LOG = text_log(
    "dns_bind",
    title="BIND query log",
    shapes=(
        Shape(_TIME + rb" " + _QUERY, ("timestamp", *_NAMES)),
        Shape(_SYSLOG + _QUERY, ("priority", "timestamp", "host", "pid", *_NAMES)),
        Shape(_QUERY, _NAMES),
        Shape(_TIME + rb" (.*+)", ("timestamp", "message"), telling=False),
        Shape(_SYSLOG + rb"(.*+)", ("priority", "timestamp", "host", "pid", "message"), telling=False),
    ),
    when=_when,
    host="host",
    schema=flat(
        "dns",
        {
            "client": "source.ip",
            "client_port": "source.port",
            "server": "destination.ip",
            "query": "dns.question.name",
            "type": "dns.question.type",
            "host": "host.name",
        },
    ),
)
