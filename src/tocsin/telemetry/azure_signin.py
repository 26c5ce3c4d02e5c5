"""Microsoft Entra ID (Azure AD) sign-ins: as a diagnostic setting exports them (`properties`), or as Microsoft Graph answers.

Microsoft Graph reference, resource type `signIn`.
"""

from __future__ import annotations

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import account, end

LOG = json_log(
    "azure_signin",
    title="Microsoft Entra sign-ins",
    told_by=(
        ("properties.userPrincipalName", "properties.appId"),
        ("userPrincipalName", "appId", "createdDateTime"),
        ("properties.servicePrincipalId", "properties.appId", "callerIpAddress"),
    ),
    when=("properties.createdDateTime", "createdDateTime", "time"),
    schema=flat(
        "authentication",
        {
            **dict.fromkeys(("operationName",), "event.action"),
            **dict.fromkeys(
                ("properties.status.errorCode", "status.errorCode", "resultType"), "event.outcome"
            ),
            **dict.fromkeys(("properties.ipAddress", "ipAddress", "callerIpAddress"), end("source")),
            **dict.fromkeys(("properties.userPrincipalName", "userPrincipalName"), account("user")),
            **dict.fromkeys(("properties.userId", "userId"), "user.id"),
            **dict.fromkeys(("properties.userAgent", "userAgent"), "user_agent.original"),
            **dict.fromkeys(
                ("properties.deviceDetail.displayName", "deviceDetail.displayName"), "source.domain"
            ),
            **dict.fromkeys(("properties.appDisplayName", "appDisplayName"), "service.name"),
            "tenantId": "cloud.account.id",
        },
    ),
)
