"""Zeek logs as JSON lines (`LogAscii::use_json`, or the JSON streaming writer with `_path` and `_write_ts`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tocsin.telemetry import json_records, times, urls, zeek_fields
from tocsin.telemetry.json_records import Facts
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference


def _sniff(head: bytes) -> bool:
    record = json_records.first_record(head)
    return record is not None and (
        "_path" in record or ("ts" in record and ("uid" in record or "id.orig_h" in record))
    )


def _facts(record: dict[str, Any]) -> Facts:
    host = record.get("_system_name")
    return (
        times.of_value(record.get("ts")),
        host if isinstance(host, str) else None,
        urls.requested("host+uri", record.get("host"), record.get("uri"), record.get("id.resp_p")),
    )


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
    name="zeek_json",
    sniff=_sniff,
    read=_read,
    escapes="json",
    rank=10,
    schema=zeek_fields.SCHEMA,
    title="Zeek, JSON",
)
