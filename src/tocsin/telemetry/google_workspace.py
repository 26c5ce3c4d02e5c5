"""Google Workspace audit (Admin SDK Reports API, resource `Activity`): an activity a line, or an answer with `items`.

Parameters of an event are a list of name and value; each also becomes a field `events.parameters:<name>`.
"""

from __future__ import annotations

from typing import Any

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import account, end

_MOST = 500


def _further(record: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    events = record.get("events")
    for event in events if isinstance(events, list) else ():
        parameters = event.get("parameters") if isinstance(event, dict) else None
        for parameter in parameters if isinstance(parameters, list) else ():
            if not isinstance(parameter, dict) or len(found) >= _MOST:
                continue
            name, value = parameter.get("name"), parameter.get("value")
            if isinstance(name, str) and isinstance(value, str):
                found.append((f"events.parameters:{name}", value))
    return found


_FIELDS: dict[str, Target] = {
    "events.name": "event.action",
    "id.applicationName": "service.name",
    "actor.email": account("user"),
    "actor.profileId": "user.id",
    "ipAddress": end("source"),
    "events.parameters:doc_title": "file.name",
    "events.parameters:user_agent": "user_agent.original",
    "events.parameters:USER_EMAIL": "user.target.email",
    "events.parameters:target_user": "user.target.email",
}

LOG = json_log(
    "google_workspace",
    title="Google Workspace audit",
    told_by=(("id.applicationName", "actor", "events"),),
    when=("id.time",),
    schema=Schema(
        {"": Kind("api", _FIELDS), "login": Kind("authentication", _FIELDS)},
        choose=lambda fields: "login" if fields.get("id.applicationName") == "login" else "",
    ),
    further=_further,
)
