"""Windows events as JSON: of Winlogbeat, NXLog and Security-Datasets, `evtx_dump`, and PowerShell's `Get-WinEvent | ConvertTo-Json`."""

from __future__ import annotations

from tocsin.telemetry import windows_events
from tocsin.telemetry.json_logs import json_log

_WHEN = (
    "Event.EventData.UtcTime",
    "Event.System.TimeCreated.#attributes.SystemTime",
    "UtcTime",
    "winlog.event_data.UtcTime",
    "@timestamp",
    "EventTime",
    "TimeCreated",
    "timestamp",
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
    rank=9,  # Winlogbeat's events are ECS, too
)
