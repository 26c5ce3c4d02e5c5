"""IBM Log Event Extended Format 1.0 and 2.0, with or without a syslog header (IBM QRadar, "LEEF event components").

`LEEF:1.0|vendor|product|version|event id|key=value<tab>key=value`; 2.0 names the delimiter after the event id, as a character or as `x5E` or `0x5E`.
"""

from __future__ import annotations

import re

from tocsin.clock import Micros
from tocsin.telemetry import pairs, syslog_times
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import account, one_hash, transport, url
from tocsin.telemetry.text_logs import Shape, Values, text_log
from tocsin.telemetry.times import Reference

_SYSLOG = (
    syslog_times.PRIORITY
    + rb"(?:1 )?(?:"
    + syslog_times.ANY_TIME
    + rb" ([^ \n]{1,255}) )?(?:[^|\n]{0,255}? )?"
)
_PART = rb"([^|\n]{0,1024}+)\|"
_SYSLOG_NAMES = ("priority", "timestamp", "host")
_HEADERS = ("device_vendor", "device_product", "device_version", "event_id")
_ATTRIBUTES = "attributes"
_HEX = re.compile(r"0?x([0-9A-Fa-f]{1,4})")
_WHEN = ("devTime", "eventTime", "timestamp")


def _further(values: Values) -> list[tuple[str, str]]:
    found = pairs.delimited(values.get(_ATTRIBUTES, ""), _delimiter(values.get("delimiter", "")))
    return [(key or _ATTRIBUTES, value) for key, value in found]


def _delimiter(text: str) -> str:
    found = _HEX.fullmatch(text)
    if found is not None:
        return chr(int(found[1], 16)) if int(found[1], 16) else "\t"
    return text[:1] or "\t"


def _when(values: Values, reference: Reference | None) -> Micros | None:
    return pairs.first_time(values, _WHEN, reference)


LOG = text_log(
    "leef",
    title="IBM LEEF",
    shapes=(
        Shape(
            _SYSLOG + rb"LEEF:2\.0\|" + _PART * 4 + rb"(\S|0?x[0-9A-Fa-f]{1,4}|)\|(.*+)",
            (*_SYSLOG_NAMES, *_HEADERS, "delimiter", _ATTRIBUTES),
        ),
        Shape(
            _SYSLOG + rb"LEEF:[12]\.0\|" + _PART * 4 + rb"(.*+)", (*_SYSLOG_NAMES, *_HEADERS, "attributes")
        ),
    ),
    when=_when,
    host="host",
    further=_further,
    taken_apart=_ATTRIBUTES,
    schema=flat(
        "intrusion_detection",
        {
            "src": "source.ip",
            "srcPort": "source.port",
            "srcMAC": "source.mac",
            "srcBytes": "source.bytes",
            "srcPackets": "source.packets",
            "dst": "destination.ip",
            "dstPort": "destination.port",
            "dstMAC": "destination.mac",
            "dstBytes": "destination.bytes",
            "dstPackets": "destination.packets",
            "proto": transport,
            "usrName": account("user"),
            "accountName": account("user"),
            "domain": "user.domain",
            "identHostName": "source.domain",
            "identSrc": "source.ip",
            "url": url,
            "userAgent": "user_agent.original",
            "policy": "rule.name",
            "fileName": "file.name",
            "filePath": "file.path",
            "fileHash": one_hash("file"),
            "host": "host.name",
            "event_id": "rule.id",
            "action": "event.action",
        },
    ),
)
