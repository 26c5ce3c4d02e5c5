"""Suricata's EVE: a JSON event a line, or exports of such events as an array (Suricata manual, section 15.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tocsin.telemetry import json_records, suricata_fields, times, urls
from tocsin.telemetry.json_records import Facts
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference


def _sniff(head: bytes) -> bool:
    record = json_records.first_record(head)
    return record is not None and "event_type" in record and "timestamp" in record


def _facts(record: dict[str, Any]) -> Facts:
    host = record.get("host")
    http = record.get("http")
    further = []
    if isinstance(http, dict):
        port = http.get("http_port", record.get("dest_port"))
        further = urls.requested("http.hostname+url", http.get("hostname"), http.get("url"), port)
    return times.of_value(record.get("timestamp")), host if isinstance(host, str) else None, further


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
    name="suricata_eve",
    sniff=_sniff,
    read=_read,
    escapes="json",
    rank=10,
    schema=suricata_fields.SCHEMA,
    title="Suricata EVE",
)
