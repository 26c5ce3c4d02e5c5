"""Okta's System Log (`LogEvent`, System Log API reference)."""

from __future__ import annotations

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import account, end

_FIELDS: dict[str, Target] = {
    "eventType": "event.action",
    "outcome.result": "event.outcome",
    "actor.alternateId": account("user"),
    "actor.id": "user.id",
    "client.ipAddress": end("source"),
    "client.userAgent.rawUserAgent": "user_agent.original",
    "request.ipChain.ip": "related.ip",
    "debugContext.debugData.requestUri": "url.path",
    "securityContext.domain": "source.domain",
}

LOG = json_log(
    "okta",
    title="Okta System Log",
    told_by=(("eventType", "published", "actor", "outcome"), ("eventType", "published", "legacyEventType")),
    when=("published",),
    schema=Schema(
        {"": Kind("iam", _FIELDS), "sign-in": Kind("authentication", _FIELDS)},
        choose=lambda fields: (
            "sign-in"
            if fields.get("eventType", "").startswith(("user.session", "user.authentication"))
            else ""
        ),
    ),
)
