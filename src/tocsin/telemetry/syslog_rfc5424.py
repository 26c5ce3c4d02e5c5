r"""Syslog after RFC 5424 (section 6): version, time, host, application, process, message id, structured data, message.

Structured data (section 6.3) become fields `<SD-ID>.<PARAM-NAME>`, with `\"`, `\\` and `\]` unescaped. Octet counts before lines (RFC 6587) are taken off.
"""

from __future__ import annotations

import re

from tocsin.telemetry.schema import flat
from tocsin.telemetry.syslog_times import ISO_TIME, when
from tocsin.telemetry.text_logs import Shape, Values, text_log

_MOST = 1_000
_WORD = rb"([!-~]{1,255})"
_DATA = rb"(-|(?:\[(?:[^\]\"\\\n]|\\.|\"(?:[^\"\\\n]|\\.)*+\")*+\]){1,50}+)"
_ELEMENT = re.compile(r"\[([^\s=\]\"]{1,32})((?:\s+[^\s=\]\"]{1,32}=\"(?:[^\"\\]|\\.)*+\")*+)\s*\]")
_PARAM = re.compile(r"([^\s=\]\"]{1,32})=\"((?:[^\"\\]|\\.)*+)\"")
_ESCAPE = re.compile(r"\\([\"\\\]])")


def _further(values: Values) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for element in _ELEMENT.finditer(values.get("structured_data", "")):
        for param in _PARAM.finditer(element[2]):
            if len(found) < _MOST:
                found.append((f"{element[1]}.{param[1]}", _ESCAPE.sub(r"\1", param[2])))
    return found


LOG = text_log(
    "syslog_rfc5424",
    title="syslog (RFC 5424)",
    shapes=(
        Shape(
            rb"(?:\d{1,7} )?<(\d{1,3})>1 (?:-|"
            + ISO_TIME
            + rb") "
            + (_WORD + rb" ") * 4
            + _DATA
            + rb"(?: (?:\xef\xbb\xbf)?(.*+))?",
            ("priority", "timestamp", "host", "program", "pid", "message_id", "structured_data", "message"),
        ),
    ),
    when=when,
    host="host",
    rank=38,  # after what is sent through syslog, before what any line with a priority could be
    further=_further,
    schema=flat(
        "host",
        {"host": "host.name", "program": "process.name", "pid": "process.pid", "message_id": "event.code"},
    ),
)
