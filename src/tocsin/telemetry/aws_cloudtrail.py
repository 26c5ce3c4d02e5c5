"""AWS CloudTrail: files of `{"Records": [...]}`, or its events one a line (CloudTrail User Guide, "CloudTrail record contents")."""

from __future__ import annotations

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import end

_FIELDS: dict[str, Target] = {
    "eventName": "event.action",
    "errorCode": "event.outcome",
    "sourceIPAddress": end("source"),
    "userAgent": "user_agent.original",
    "userIdentity.userName": "user.name",
    "userIdentity.arn": "user.id",
    "userIdentity.accountId": "cloud.account.id",
    "awsRegion": "cloud.region",
    "recipientAccountId": "cloud.account.id",
    "requestParameters.userName": "user.target.name",
    "requestParameters.instanceId": "cloud.instance.id",
    "responseElements.instancesSet.items.instanceId": "cloud.instance.id",
    "requestParameters.ipPermissions.items.ipRanges.items.cidrIp": "related.ip",
    "tlsDetails.clientProvidedHostHeader": "tls.client.server_name",
}
_SIGN_IN = {
    "ConsoleLogin",
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "GetSessionToken",
}

LOG = json_log(
    "aws_cloudtrail",
    title="AWS CloudTrail",
    told_by=(("eventVersion", "eventSource", "eventName"),),
    when=("eventTime",),
    schema=Schema(
        {"": Kind("api", _FIELDS), "sign-in": Kind("authentication", _FIELDS)},
        choose=lambda fields: "sign-in" if fields.get("eventName") in _SIGN_IN else "",
    ),
)
