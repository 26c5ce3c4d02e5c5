"""BSD syslog (RFC 3164), and the files that rsyslog and syslog-ng write with it: `<PRI>`, time, host, tag, message.

A file may have times after RFC 3339 in place of the short ones (rsyslog's default since 8). For years and zones see `syslog_times`.
"""

from __future__ import annotations

from tocsin.telemetry.schema import flat
from tocsin.telemetry.syslog_times import ANY_TIME, BSD_TIME, ISO_TIME, PRIORITY, TAG, when
from tocsin.telemetry.text_logs import Shape, text_log

# applications write `TIME LEVEL component: message`, which is no header
_HOST = rb" ((?!(?i:trace|debug|info|notice|warn|warning|error|fatal|critical)\b)[0-9A-Za-z_\[:][\w.:%\[\]-]{0,254}) "
_NAMES = ("priority", "timestamp", "host")

LOG = text_log(
    "syslog_rfc3164",
    title="syslog (RFC 3164)",
    shapes=(
        Shape(PRIORITY + ANY_TIME + _HOST + TAG + rb" ?(.*+)", (*_NAMES, "program", "pid", "message")),
        Shape(PRIORITY + BSD_TIME + _HOST + rb"(.*+)", (*_NAMES, "message")),
        Shape(PRIORITY + ISO_TIME + _HOST + rb"(.*+)", (*_NAMES, "message"), telling=False),
        Shape(rb"<(\d{1,3})>(.*+)", ("priority", "message"), telling=False),
    ),
    when=when,
    host="host",
    rank=40,  # what is sent through syslog is told first
    schema=flat("host", {"host": "host.name", "program": "process.name", "pid": "process.pid"}),
)
