"""BSD syslog (RFC 3164), and the files that rsyslog and syslog-ng write with it: `<PRI>`, time, host, tag, message.

A file may have times after RFC 3339 in place of the short ones (rsyslog's default since 8). For years and zones see `syslog_times`.
"""

from __future__ import annotations

from tocsin.telemetry.schema import flat
from tocsin.telemetry.syslog_times import ANY_TIME, PRIORITY, TAG, when
from tocsin.telemetry.text_logs import Shape, text_log

_HEAD = PRIORITY + ANY_TIME + rb" ([^ \n]{1,255}) "

LOG = text_log(
    "syslog_rfc3164",
    title="syslog (RFC 3164)",
    shapes=(
        Shape(_HEAD + TAG + rb" ?(.*+)", ("priority", "timestamp", "host", "program", "pid", "message")),
        Shape(_HEAD + rb"(.*+)", ("priority", "timestamp", "host", "message")),
        Shape(rb"<(\d{1,3})>(.*+)", ("priority", "message"), telling=False),
    ),
    when=when,
    host="host",
    rank=40,  # what is sent through syslog is told first
    schema=flat("host", {"host": "host.name", "program": "process.name", "pid": "process.pid"}),
)
