"""Microsoft 365 unified audit log (Office 365 Management Activity API schema): common fields, Entra, Exchange, SharePoint, Defender."""

from __future__ import annotations

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import account, end

_FIELDS: dict[str, Target] = {
    "Operation": "event.action",
    "ResultStatus": "event.outcome",
    "UserId": account("user"),
    "UserKey": "user.id",
    **dict.fromkeys(("ClientIP", "ClientIPAddress", "ActorIpAddress", "SenderIp"), end("source")),
    "UserAgent": "user_agent.original",
    "Workload": "service.name",
    "OrganizationId": "cloud.account.id",
    "ObjectId": "url.full",
    "SourceFileName": "file.name",
    "P1Sender": "email.from.address",
    "SenderAddress": "email.from.address",
    "Recipients": "email.to.address",
    "Subject": "email.subject",
    "InternetMessageId": "email.message_id",
    "Url": "url.full",
    "AttachmentData.FileName": "file.name",
    "AttachmentData.SHA256": "file.hash.sha256",
}

LOG = json_log(
    "m365_audit",
    title="Microsoft 365 unified audit log",
    told_by=(
        ("CreationTime", "Operation", "Workload"),
        ("CreationTime", "Operation", "RecordType", "UserId"),
    ),
    when=("CreationTime",),
    schema=Schema(
        {"": Kind("api", _FIELDS), "sign-in": Kind("authentication", _FIELDS)},
        choose=lambda fields: "sign-in" if fields.get("Operation", "").startswith("UserLog") else "",
    ),
)
