"""Windows events as JSON: of Winlogbeat, NXLog and Security-Datasets, `evtx_dump`, Microsoft Sentinel, and `Get-WinEvent | ConvertTo-Json`.

Sentinel's table `WindowsEvent` has the event's data as a text that is JSON; it is taken apart as if it were not one.
"""

from __future__ import annotations

from typing import Any

import orjson

from tocsin.telemetry import json_records, windows_events
from tocsin.telemetry.json_logs import at_path, json_log

_WHEN = (
    "Event.EventData.UtcTime",
    "Event.System.TimeCreated.#attributes.SystemTime",
    "UtcTime",
    "winlog.event_data.UtcTime",
    "@timestamp",
    "EventTime",
    "TimeCreated",
    "timestamp",
    "TimeGenerated",
)
_HOST = (
    "Event.System.Computer",
    "winlog.computer_name",
    "Hostname",
    "Computer",
    "MachineName",
    "host.name",
    "computer_name",
)


_DATA = ("Event.EventData", "winlog.event_data", "EventData", "event_data")


def _further(record: dict[str, Any]) -> list[tuple[str, str]]:
    inner = _inner(record)
    keys = [(name, text) for name, text in inner if name.rpartition(".")[2] in windows_events.KEYS]
    for name, data in (("", record), *((f"{path}.", at_path(record, path)) for path in _DATA)):
        if isinstance(data, dict):
            keys += [
                (name + key, text) for key in windows_events.KEYS if isinstance(text := data.get(key), str)
            ]
    return inner + windows_events.of_users(keys)


def _inner(record: dict[str, Any]) -> list[tuple[str, str]]:
    data = record.get("EventData")
    if not isinstance(data, str) or not data.startswith("{"):
        return []
    try:
        inner = orjson.loads(data)
    except orjson.JSONDecodeError:
        return []
    return json_records.flat({"EventData": inner})


LOG = json_log(
    "windows_json",
    title="Windows events as JSON",
    told_by=(
        ("Event.System.EventID",),
        ("winlog.event_id",),
        ("EventID", "Channel"),
        ("EventID", "SourceName"),
        ("Id", "ProviderName", "LogName"),
        ("event_id", "log_name", "event_data"),
    ),
    when=_WHEN,
    local=("EventTime",),  # NXLog
    host=_HOST,
    schema=windows_events.SCHEMA,
    further=_further,
    rank=9,  # Winlogbeat's events are ECS, too
)
