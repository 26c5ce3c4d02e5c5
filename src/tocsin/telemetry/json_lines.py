"""Any other log of JSON objects, one a line or in an array: exports of Windows events, ECS, cloud audit logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tocsin.telemetry import json_records, times
from tocsin.telemetry.json_records import Facts
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference

_TIMES = ("@timestamp", "timestamp", "time", "ts", "UtcTime", "EventTime", "TimeCreated", "eventTime", "date")
_HOSTS = ("host", "hostname", "Hostname", "computer", "Computer")


def _sniff(head: bytes) -> bool:
    return json_records.first_record(head) is not None


def _facts(record: dict[str, Any]) -> Facts:
    at = next((moment for key in _TIMES if (moment := times.of_value(record.get(key))) is not None), None)
    return at, next((name for key in _HOSTS if (name := _name(record.get(key)))), None), []


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
    reference: Reference | None = None,  # noqa: ARG001 - its times say all
) -> Iterator[Observation | MalformedLine]:
    return json_records.read(stream, look=look, tally=tally, facts=_facts)


LOG = Log(
    name="json_lines", sniff=_sniff, read=_read, escapes="json", rank=50, title="Any other JSON objects"
)
