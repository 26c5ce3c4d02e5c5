r"""ArcSight Common Event Format, with or without a syslog header (Micro Focus, "Implementing ArcSight CEF", version 26).

`CEF:0|vendor|product|version|signature id|name|severity|extension`. A pipe in a header is written `\|`, an equals sign in a value `\=`.
Fields `cs1` to `cs6`, `cn1` and so on are given once more under the name that their label gives them.
"""

from __future__ import annotations

import re

from tocsin.clock import Micros
from tocsin.telemetry import pairs, syslog_times
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import account, one_hash, transport, url
from tocsin.telemetry.text_logs import Shape, Values, text_log
from tocsin.telemetry.times import Reference

_SYSLOG = syslog_times.PRIORITY + rb"(?:1 )?(?:" + syslog_times.ANY_TIME + rb" ([^ \n]{1,255}) )?"
_PART = rb"((?:[^|\\\n]|\\.){0,1024}+)\|"
_HEADERS = ("device_vendor", "device_product", "device_version", "signature_id", "name", "severity")
_WHEN = ("rt", "start", "end", "deviceReceiptTime", "timestamp")
_EXTENSION = "extension"
_LABELLED = re.compile(r"(?:cs|cn|cfp|c6a|deviceCustomDate|flexString|flexNumber|flexDate)\d{1,2}")


def _further(values: Values) -> list[tuple[str, str]]:
    found = pairs.spaced(values.get(_EXTENSION, ""))
    named = dict(found)
    labels = [
        (label, value)
        for key, value in found
        if _LABELLED.fullmatch(key) and (label := named.get(f"{key}Label"))
    ]
    return [(key or _EXTENSION, value) for key, value in found] + labels


def _when(values: Values, reference: Reference | None) -> Micros | None:
    return pairs.first_time(values, _WHEN, reference)


LOG = text_log(
    "cef",
    title="ArcSight CEF",
    shapes=(
        Shape(
            _SYSLOG + rb"(?:[^|\n]{0,255}? )?CEF: ?(\d{1,3}(?:\.\d)?)\|" + _PART * 6 + rb"(.*+)",
            ("priority", "timestamp", "host", "cef_version", *_HEADERS, _EXTENSION),
        ),
    ),
    when=_when,
    host="host",
    further=_further,
    taken_apart=_EXTENSION,
    schema=flat(
        "intrusion_detection",
        {
            "src": "source.ip",
            "spt": "source.port",
            "shost": "source.domain",
            "smac": "source.mac",
            "c6a2": "source.ip",
            "sourceTranslatedAddress": "related.ip",
            "dst": "destination.ip",
            "dpt": "destination.port",
            "dhost": "destination.domain",
            "dmac": "destination.mac",
            "c6a3": "destination.ip",
            "destinationDnsDomain": "dns.question.name",
            "proto": transport,
            "app": "network.protocol",
            "out": "source.bytes",
            "in": "destination.bytes",
            "request": url,
            "requestMethod": "http.request.method",
            "requestClientApplication": "user_agent.original",
            "requestContext": "http.request.referrer",
            "suser": account("user"),
            "suid": "user.id",
            "sntdom": "user.domain",
            "duser": account("user.target"),
            "duid": "user.target.id",
            "sproc": "process.executable",
            "spid": "process.pid",
            "dproc": "process.target.executable",
            "dpid": "process.target.pid",
            "fname": "file.name",
            "filePath": "file.path",
            "fsize": "file.size",
            "fileHash": one_hash("file"),
            "dvchost": "host.name",
            "dvc": "host.ip",
            "host": "host.name",
            "act": "event.action",
            "outcome": "event.outcome",
            "signature_id": "rule.id",
            "name": "rule.name",
            "msg": "finding.title",
        },
    ),
)
