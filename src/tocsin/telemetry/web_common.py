r"""Access logs of web servers as lines: Common Log Format, Combined, and both after the name of a virtual host.

Apache 2.4, mod_log_config ("Common Log Format", "Combined Log Format", `%v:%p`); nginx's `combined` is the same, and lighttpd's has the virtual host for the ident. Quotes within fields are written `\"`,
other bytes `\xhh`. What follows the known fields (times taken, forwarded addresses) is kept as `rest`.
"""

from __future__ import annotations

import re

from tocsin.clock import Micros
from tocsin.telemetry import times, urls
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import end, request
from tocsin.telemetry.text_logs import Shape, Values, text_log
from tocsin.telemetry.times import Reference

_QUOTED = rb"\"((?:[^\"\\\n]|\\.)*+)\""
_COMMON = (
    rb"([0-9A-Za-z.:_\[\]-]{1,255}) (\S{1,255}+) ((?:[^\[\n]){1,255}?) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    + _QUOTED
    + rb" (\d{3}|-) (\d{1,20}|-)"
)
_HOST = re.compile(r"(?:[0-9A-Za-z_-]{1,63}\.){1,32}[0-9A-Za-z-]{1,63}\.?(?::\d{1,5})?")
_NAMES = ("client", "ident", "user", "time", "request", "status", "bytes")
_VHOST = rb"([0-9A-Za-z._-]{1,253}(?::\d{1,5})?) (?=[0-9A-Za-z_-]*[.:])"
_AGENT = rb" " + _QUOTED + rb" " + _QUOTED + rb"(?: (.*+))?"
_COMBINED = (*_NAMES, "referrer", "user_agent", "rest")


def _when(values: Values, reference: Reference | None) -> Micros | None:
    return times.of_day_month(values.get("time", ""), reference)


def _named(values: Values) -> str:
    """Return the host that lighttpd writes where others have the user of RFC 1413, of whom nobody is told any more."""
    return ident if _HOST.fullmatch(ident := values.get("ident", "")) else ""


def _further(values: Values) -> list[tuple[str, str]]:
    parts = values.get("request", "").split(" ")
    host, _, port = (values.get("vhost") or _named(values)).partition(":")
    return urls.requested("vhost+path", host, parts[1], port) if len(parts) > 1 else []


LOG = text_log(
    "web_common",
    title="Web access log (common, combined, vhost)",
    # what could be read as a client and an ident is a virtual host and a client if the second looks like an address
    shapes=(
        Shape(_VHOST + _COMMON + _AGENT, ("vhost", *_COMBINED)),
        Shape(_COMMON + _AGENT, _COMBINED),
        Shape(_VHOST + _COMMON + rb"(?: (.*+))?", ("vhost", *_NAMES, "rest")),
        Shape(_COMMON + rb"(?: (.*+))?", (*_NAMES, "rest")),
    ),
    when=_when,
    host="vhost",
    further=_further,
    schema=flat(
        "web",
        {
            "client": end("source"),
            "user": "user.name",
            "vhost": lambda value: [("url.domain", value.partition(":")[0])],
            "ident": lambda value: (
                [("url.domain", value.partition(":")[0])] if _HOST.fullmatch(value) else []
            ),
            "request": request,
            "status": "http.response.status_code",
            "bytes": "destination.bytes",
            "referrer": "http.request.referrer",
            "user_agent": "user_agent.original",
        },
    ),
)
