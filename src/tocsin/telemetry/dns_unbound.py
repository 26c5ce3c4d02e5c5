"""Unbound's log of queries and replies (`log-queries`, `log-replies`; unbound.conf(5)), in a file of its own or in syslog.

`[1795161600] unbound[812:0] info: 10.0.0.5 evil.example. A IN`; a reply adds `NOERROR 0.034 0 45`, and `log-tag-queryreply` a word before the address.
A file may have times in words (`log-time-ascii`) or after ISO 8601 (`log-time-iso`); what `log-local-actions` adds names the local zone and what was done.
"""

from __future__ import annotations

from tocsin.clock import Micros
from tocsin.telemetry import syslog_times, times
from tocsin.telemetry.schema import flat
from tocsin.telemetry.text_logs import Shape, Values, text_log
from tocsin.telemetry.times import Reference

_OWN = (
    rb"(?:\[(?=\d{9}))?(\d{9,11}(?:\.\d{1,9})?(?=\])|"
    + syslog_times.ANY_TIME[1:-1]
    + rb")\]? unbound\[(\d{1,10}):[0-9a-f]{1,4}\] "
)
_SYSLOG = (
    syslog_times.PRIORITY
    + syslog_times.ANY_TIME
    + rb" ([^ \n]{1,255}) unbound(?:\[(\d{1,10})(?::[0-9a-f]{1,4})?\])?: (?:\[\d{1,10}:[0-9a-f]{1,4}\] )?"
)
_QUERY = rb"(?:info|query|reply): (?:(?:query|reply): )?([0-9A-Fa-f.:]{2,45})(?:@(\d{1,5}))? (\S{1,1024}+) ([A-Z0-9]{1,16}) (IN|CH|HS|ANY|CLASS\d{1,5})"
_LOCAL = rb"info: (\S{1,1024}+) ([a-z_]{1,32}) ([0-9A-Fa-f.:]{2,45})@(\d{1,5}) (\S{1,1024}+) ([A-Z0-9]{1,16}) (IN|CH|HS|ANY|CLASS\d{1,5})"
_REPLY = rb" ([A-Z]{1,16}) ([\d.]{1,20}) (\d) (\d{1,10})(?: .*+)?"
_NAMES = ("client", "client_port", "query", "type", "class")
_OF_LOCAL = ("zone", "action", *_NAMES)
_OF_REPLY = ("rcode", "seconds", "cached", "size")


def _when(values: Values, reference: Reference | None) -> Micros | None:
    text = values.get("timestamp", "")
    return times.of_seconds(text) if text.replace(".", "").isdigit() else syslog_times.when(values, reference)


LOG = text_log(
    "dns_unbound",
    title="Unbound log",
    shapes=(
        Shape(_OWN + _QUERY + _REPLY, ("timestamp", "pid", *_NAMES, *_OF_REPLY)),
        Shape(_OWN + _QUERY, ("timestamp", "pid", *_NAMES)),
        Shape(_SYSLOG + _QUERY + _REPLY, ("priority", "timestamp", "host", "pid", *_NAMES, *_OF_REPLY)),
        Shape(_SYSLOG + _QUERY, ("priority", "timestamp", "host", "pid", *_NAMES)),
        Shape(_OWN + _LOCAL, ("timestamp", "pid", *_OF_LOCAL)),
        Shape(_SYSLOG + _LOCAL, ("priority", "timestamp", "host", "pid", *_OF_LOCAL)),
        Shape(_OWN + rb"(.*+)", ("timestamp", "pid", "message")),
        Shape(_SYSLOG + rb"(.*+)", ("priority", "timestamp", "host", "pid", "message")),
    ),
    when=_when,
    host="host",
    schema=flat(
        "dns",
        {
            "client": "source.ip",
            "client_port": "source.port",
            "query": "dns.question.name",
            "type": "dns.question.type",
            "rcode": "dns.response_code",
            "host": "host.name",
        },
    ),
)
