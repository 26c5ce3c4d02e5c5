"""Azure activity log: as a diagnostic setting exports it (`operationName`, `category`), or as the REST API answers (`eventTimestamp`).

Microsoft Learn, "Azure activity log event schema". Sign-ins have a module of their own.
"""

from __future__ import annotations

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import account, end

LOG = json_log(
    "azure_activity",
    title="Azure activity log",
    told_by=(
        ("operationName", "resourceId", "category"),
        ("operationName", "resourceId", "eventTimestamp"),
    ),
    when=("time", "eventTimestamp"),
    rank=11,  # a sign-in that was exported by a diagnostic setting has these, too
    schema=flat(
        "api",
        {
            **dict.fromkeys(("operationName", "operationName.value"), "event.action"),
            **dict.fromkeys(("resultType", "status.value"), "event.outcome"),
            **dict.fromkeys(("callerIpAddress", "httpRequest.clientIpAddress"), end("source")),
            "caller": account("user"),
            "identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": account("user"),
            "identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "user.name",
            "identity.authorization.evidence.principalId": "user.id",
            "httpRequest.method": "http.request.method",
            "httpRequest.uri": "url.full",
            "subscriptionId": "cloud.account.id",
            "location": "cloud.region",
        },
    ),
)
