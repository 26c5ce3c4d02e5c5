"""Amazon VPC flow logs as text files (VPC User Guide, "Flow log records"), versions 2 to 8: the default columns, or those that a header names."""

from __future__ import annotations

import re

from tocsin.clock import Micros
from tocsin.telemetry import times
from tocsin.telemetry.column_logs import column_log
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import lower, transport
from tocsin.telemetry.text_logs import Values

DEFAULT = (
    "version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end",
    "action", "log-status",
)  # fmt: skip
"""The columns of version 2."""

_ROW = re.compile(
    rb"2 (?:\d{12}|unknown) eni-[0-9a-f]{1,20} (?:\S{1,45} ){9}(?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)\r?"
)
_NAMES = re.compile(rb"[a-z][a-z0-9-]{1,40}(?: [a-z][a-z0-9-]{1,40}){3,60}")


def _sniff(head: bytes) -> bool:
    first = head.split(b"\n", 1)[0].rstrip(b"\r")
    return _header(first) is not None or _ROW.fullmatch(first) is not None


def _header(line: bytes) -> tuple[str, ...] | None:
    if _NAMES.fullmatch(line) is None:
        return None
    names = tuple(line.decode("ascii").split(" "))
    # a row may consist of words as well; a header names an address and an interface, an account or an action
    return names if {"srcaddr", "dstaddr"} & set(names) and len(set(names)) == len(names) else None


def _when(values: Values) -> Micros | None:
    return times.of_seconds(values.get("start", ""))


LOG = column_log(
    "aws_vpcflow",
    title="Amazon VPC flow log",
    header=_header,
    sniff=_sniff,
    when=_when,
    default=DEFAULT,
    schema=flat(
        "network",
        {
            "srcaddr": "source.ip",
            "dstaddr": "destination.ip",
            "pkt-srcaddr": "related.ip",
            "pkt-dstaddr": "related.ip",
            "srcport": "source.port",
            "dstport": "destination.port",
            "protocol": transport,
            "packets": "source.packets",
            "bytes": "source.bytes",
            "action": lower("event.action"),
            "account-id": "cloud.account.id",
            "region": "cloud.region",
            "instance-id": "cloud.instance.id",
        },
    ),
)
