"""Google Cloud audit logs: `LogEntry` with an `AuditLog` as its payload (Cloud Logging, "Understand audit logs")."""

from __future__ import annotations

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import account, end

LOG = json_log(
    "gcp_audit",
    title="Google Cloud audit logs",
    told_by=(("protoPayload.methodName", "protoPayload.serviceName"),),
    when=("timestamp", "receiveTimestamp"),
    schema=flat(
        "api",
        {
            "protoPayload.methodName": "event.action",
            "protoPayload.serviceName": "service.name",
            "protoPayload.status.code": "event.outcome",
            "protoPayload.authenticationInfo.principalEmail": account("user"),
            "protoPayload.authenticationInfo.principalSubject": "user.id",
            "protoPayload.requestMetadata.callerIp": end("source"),
            "protoPayload.requestMetadata.callerSuppliedUserAgent": "user_agent.original",
            "resource.labels.project_id": "cloud.account.id",
            "resource.labels.instance_id": "cloud.instance.id",
            "resource.labels.zone": "cloud.region",
        },
    ),
)
