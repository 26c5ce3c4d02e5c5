"""W3C Extended Log File Format (WD-logfile-960323), as IIS writes it, and CloudFront: `#Fields:` names the columns, times are UTC.

IIS writes blanks within a value as `+` and CloudFront as `%20`; both are kept as they stand, but the user agent is also given with blanks.
"""

from __future__ import annotations

import re

from tocsin.clock import Micros
from tocsin.telemetry import times, urls
from tocsin.telemetry.column_logs import column_log
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import account
from tocsin.telemetry.text_logs import Values

_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?#(?:Software|Version|Fields|Date|Start-Date): ")
_FIELDS = b"#Fields:"
_MOST = 200


def _sniff(head: bytes) -> bool:
    return _HEAD.match(head) is not None and _FIELDS in head


def _header(line: bytes) -> tuple[str, ...] | None:
    line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.startswith(b"#"):
        return None
    if not line.startswith(_FIELDS):
        return ()
    return tuple(name.decode("utf-8", "replace") for name in line[len(_FIELDS) :].split()[:_MOST])


def _when(values: Values) -> Micros | None:
    return times.of_iso(f"{values.get('date', '')} {values.get('time', '')}")


def _further(values: Values) -> list[tuple[str, str]]:
    path, query = values.get("cs-uri-stem", ""), values.get("cs-uri-query")
    host = next((values[name] for name in ("cs-host", "cs(Host)", "x-host-header") if name in values), None)
    found = urls.requested("cs-host+uri", host, f"{path}?{query}" if query else path, values.get("s-port"))
    agent = values.get("cs(User-Agent)", "")
    return [*found, ("user_agent", agent.replace("+", " "))] if agent else found


LOG = column_log(
    "web_w3c",
    title="W3C extended log (IIS, CloudFront)",
    header=_header,
    sniff=_sniff,
    when=_when,
    mark=b"#",
    host="s-computername",
    further=_further,
    schema=flat(
        "web",
        {
            "c-ip": "source.ip",
            "c-port": "source.port",
            "cs-username": account("user"),
            "s-ip": "destination.ip",
            "s-port": "destination.port",
            "s-computername": "host.name",
            "cs-method": "http.request.method",
            "cs-uri-stem": "url.path",
            **dict.fromkeys(("cs-host", "cs(Host)", "x-host-header"), "url.domain"),
            "cs(Referer)": "http.request.referrer",
            "user_agent": "user_agent.original",
            "sc-status": "http.response.status_code",
            "cs-bytes": "source.bytes",
            "sc-bytes": "destination.bytes",
            "X-Forwarded-For": "related.ip",
        },
    ),
)
