"""Any other log of JSON objects, one a line or in an array: exports of Windows events, ECS, cloud audit logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tocsin.clock import Micros
from tocsin.telemetry import json_records, times
from tocsin.telemetry.json_records import Facts
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference

_TIMES = (
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "UtcTime",
    "EventTime",
    "TimeCreated",
    "eventTime",
    "date",
    "__REALTIME_TIMESTAMP",
)
_COUNTS = (13, 16)  # digits of milliseconds and of microseconds (journald's) since 1970; others may be dates
_HOSTS = ("host", "hostname", "Hostname", "computer", "Computer", "_HOSTNAME")


def _sniff(head: bytes) -> bool:
    return json_records.first_record(head) is not None


def _facts(record: dict[str, Any], reference: Reference | None) -> Facts:
    at = next((moment for key in _TIMES if (moment := _time(record.get(key), reference)) is not None), None)
    return at, next((name for key in _HOSTS if (name := _name(record.get(key)))), None), []


def _time(value: Any, reference: Reference | None) -> Micros | None:
    if not isinstance(value, str):
        return times.of_value(value)
    if (at := times.of_local(value, reference)) is not None:
        return at
    counted = value.isascii() and value.isdigit() and len(value) in _COUNTS
    at = times.of_value(int(value) if counted else value)
    return times.of_day_month(value.removeprefix("["), reference) if at is None else at


def _name(host: Any) -> str | None:
    if isinstance(host, dict):  # ECS: {"host": {"name": ...}}
        host = host.get("name")
    return host if isinstance(host, str) else None


def _read(
    stream: Iterable[bytes],
    where: str,  # noqa: ARG001 - what is wrong is yielded
    *,
    look: Look | None = None,
    tally: Tally | None = None,
    reference: Reference | None = None,
) -> Iterator[Observation | MalformedLine]:
    return json_records.read(stream, look=look, tally=tally, facts=lambda record: _facts(record, reference))


LOG = Log(
    name="json_lines", sniff=_sniff, read=_read, escapes="json", rank=50, title="Any other JSON objects"
)
