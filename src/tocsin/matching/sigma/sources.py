"""Logs that are no Windows events: which log sources of Sigma they belong to, and where they keep the fields that rules name.

Cloud logs are asked under the names that their vendors gave them, which are those that rules use. All others are asked under their own names first and
then under those of the Elastic Common Schema, which the readers of `telemetry` bring every format to. So one table serves all web servers, and one all
name servers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from tocsin.matching.sigma.kinds import Kind, offer
from tocsin.matching.sigma.records import Record, found

_WEB: Final = {
    "c-ip": ("c-ip", "source.ip"),
    "src_ip": ("src_ip", "source.ip"),
    "dst_ip": ("dst_ip", "destination.ip"),
    "c-uri": ("c-uri", "cs-uri", "url.full", "url.original"),
    "cs-uri": ("cs-uri", "url.full", "url.original"),
    "c-uri-stem": ("c-uri-stem", "cs-uri-stem", "url.stem"),
    "cs-uri-stem": ("cs-uri-stem", "url.stem"),
    "c-uri-query": ("c-uri-query", "cs-uri-query", "url.query"),
    "cs-uri-query": ("cs-uri-query", "url.query"),
    "c-uri-extension": ("c-uri-extension", "url.extension"),
    "c-useragent": ("c-useragent", "cs(User-Agent)", "user_agent.original"),
    "cs-user-agent": ("cs-user-agent", "cs(User-Agent)", "user_agent.original"),
    "cs-cookie": ("cs-cookie", "cs(Cookie)"),
    "cs-host": ("cs-host", "cs(Host)", "url.domain"),
    "r-dns": ("r-dns", "cs-host", "cs(Host)", "url.domain"),
    "cs-method": ("cs-method", "http.request.method"),
    "cs-referer": ("cs-referer", "cs(Referer)", "http.request.referrer"),
    "cs-referrer": ("cs-referrer", "cs(Referer)", "http.request.referrer"),
    "cs-username": ("cs-username", "user.name"),
    "sc-status": ("sc-status", "http.response.status_code"),
    "cs-bytes": ("cs-bytes", "source.bytes"),
    "sc-bytes": ("sc-bytes", "destination.bytes"),
}
_DNS: Final = {
    "query": ("query", "dns.question.name"),
    "record_type": ("record_type", "qtype_name", "dns.question.type"),
    "answer": ("answer", "answers", "dns.answers.name", "dns.resolved_ip"),
    "dns.response.code": ("dns.response.code", "dns.response_code"),
    "dns.answers.data": ("dns.answers.data", "dns.resolved_ip", "dns.answers.name"),
}
_FLOW: Final = {
    "src_ip": ("src_ip", "source.ip"),
    "src_port": ("src_port", "source.port"),
    "dst_ip": ("dst_ip", "destination.ip"),
    "dst_port": ("dst_port", "destination.port"),
    "username": ("username", "user.name"),
    "action": ("action", "event.action"),
}
_ZEEK: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "http": {**_WEB, "c-uri": ("c-uri", "uri"), "c-useragent": ("c-useragent", "user_agent")},
    "dns": {"query": ("query", "dns.question.name"), "answers": ("answers", "dns.answers.name")},
}
_HOST: Final = {
    "Image": ("Image", "process.executable"),
    "CommandLine": ("CommandLine", "process.command_line"),
    "CurrentDirectory": ("CurrentDirectory", "process.working_directory"),
    "OriginalFileName": ("OriginalFileName", "process.pe.original_file_name"),
    "ParentImage": ("ParentImage", "process.parent.executable"),
    "ParentCommandLine": ("ParentCommandLine", "process.parent.command_line"),
    "ProcessId": ("ProcessId", "process.pid"),
    "User": ("User", "user.name"),
    "TargetFilename": ("TargetFilename", "file.path"),
    "ImageLoaded": ("ImageLoaded", "dll.path"),
    "TargetObject": ("TargetObject", "registry.path"),
    "Details": ("Details", "registry.data.strings"),
    "PipeName": ("PipeName", "pipe.name"),
    "QueryName": ("QueryName", "dns.question.name"),
    "SourceIp": ("SourceIp", "source.ip"),
    "SourcePort": ("SourcePort", "source.port"),
    "DestinationIp": ("DestinationIp", "destination.ip"),
    "DestinationPort": ("DestinationPort", "destination.port"),
    "DestinationHostname": ("DestinationHostname", "destination.domain"),
}
_HOST_CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "process": ("process_creation",),
    "file": ("file_event",),
    "library": ("image_load",),
    "driver": ("driver_load",),
    "registry": ("registry_event", "registry_set"),
    "pipe": ("pipe_created",),
    "network": ("network_connection",),
    "dns": ("dns_query",),
}
_PRODUCTS: Final = {"linux": "linux", "windows": "windows", "macos": "macos", "darwin": "macos"}
_SYSTEM: Final = ("host.os.type", "host.os.family", "host.os.platform", "device.os.type", "device.os.name")
_PROGRAMS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("sshd", "sshd-session"), ("sshd", "auth")),
    "sudo": ("sudo", "auth"),
    "su": ("auth",),
    "login": ("auth",),
    "cron": ("cron",),
    "crond": ("cron",),
    "clamd": ("clamav",),
    "freshclam": ("clamav",),
    "vsftpd": ("vsftpd",),
    "guacd": ("guacamole",),
    "audispd": ("auditd",),
    "auditd": ("auditd",),
    "kernel": (),
}
_AZURE: Final = {
    "OperationNameValue": ("OperationNameValue", "operationNameValue", "operationName.value", "operationName"),
    "CategoryValue": ("CategoryValue", "categoryValue", "category.value", "category"),
    "ResourceProviderValue": ("ResourceProviderValue", "resourceProviderValue", "resourceProviderName.value"),
    "ResourceId": ("ResourceId", "resourceId"),
    "OperationName": ("OperationName", "operationName", "properties.activityDisplayName"),
    "ActivityDisplayName": ("ActivityDisplayName", "activityDisplayName", "properties.activityDisplayName"),
    "Category": ("Category", "category", "properties.category"),
    "Status": ("Status", "status", "properties.status", "resultType"),
    "ResultType": ("ResultType", "resultType", "status.errorCode", "properties.status.errorCode"),
    "ResultDescription": ("ResultDescription", "resultDescription", "status.failureReason", "properties.status.failureReason"),
    "RiskState": ("RiskState", "riskState", "properties.riskState"),
    "riskEventType": ("riskEventType", "properties.riskEventType", "riskEventTypes", "properties.riskEventTypes"),
    "userAgent": ("userAgent", "properties.userAgent"),
    "AuthenticationRequirement": ("AuthenticationRequirement", "authenticationRequirement", "properties.authenticationRequirement"),
    "conditionalAccessStatus": ("conditionalAccessStatus", "properties.conditionalAccessStatus"),
    "ResourceDisplayName": ("ResourceDisplayName", "resourceDisplayName", "properties.resourceDisplayName"),
    "Username": ("Username", "userPrincipalName", "properties.userPrincipalName"),
    "DeviceDetail.trusttype": ("DeviceDetail.trusttype", "deviceDetail.trustType", "properties.deviceDetail.trustType"),
    "DeviceDetail.deviceId": ("DeviceDetail.deviceId", "deviceDetail.deviceId", "properties.deviceDetail.deviceId"),
    "LoggedByService": ("LoggedByService", "loggedByService", "properties.loggedByService"),
    "TargetResources.ModifiedProperties.NewValue": ("TargetResources.ModifiedProperties.NewValue", "targetResources.modifiedProperties.newValue", "properties.targetResources.modifiedProperties.newValue"),
    "TargetResources.ModifiedProperties.DisplayName": ("TargetResources.ModifiedProperties.DisplayName", "targetResources.modifiedProperties.displayName", "properties.targetResources.modifiedProperties.displayName"),
}  # fmt: skip
_GCP: Final = {
    "gcp.audit.method_name": ("gcp.audit.method_name", "protoPayload.methodName"),
    **{
        f"data.{name}": (f"data.{name}", name)
        for name in (
            "protoPayload.authorizationInfo.permission",
            "protoPayload.authorizationInfo.granted",
            "protoPayload.serviceName",
            "protoPayload.resource.type",
            "protoPayload.logName",
            "protoPayload.methodName",
        )
    },
}
_GOOGLE: Final = {
    "eventService": ("eventService", "protoPayload.serviceName", "id.applicationName"),
    "eventName": ("eventName", "events.name"),
    "protoPayload.metadata.event.eventName": ("protoPayload.metadata.event.eventName", "events.name"),
}
_M365: Final = {
    "eventSource": ("eventSource", "Workload"),
    "eventName": ("eventName", "Name", "Operation"),
    "status": ("status", "ResultStatus", "Status"),
    "Payload": ("Payload", "Data"),
}
_M365_SERVICES = ("audit", "exchange", "threat_management", "threat_detection")
CLOUD: Final[Mapping[str, Kind]] = {
    "aws_cloudtrail": Kind((offer("aws", "", "cloudtrail"),)),
    "azure_activity": Kind(
        tuple(offer("azure", "", each, _AZURE) for each in ("activitylogs", "auditlogs", "riskdetection", "pim"))
    ),
    "azure_signin": Kind(tuple(offer("azure", "", each, _AZURE) for each in ("signinlogs", "riskdetection"))),
    "gcp_audit": Kind((offer("gcp", "", "gcp.audit", _GCP), offer("gcp", "", "google_workspace.login", _GOOGLE), offer("gcp", "", "google_workspace.admin", _GOOGLE))),
    "google_workspace": Kind(tuple(offer("gcp", "", f"google_workspace.{each}", _GOOGLE) for each in ("admin", "login"))),
    "okta": Kind((offer("okta", "", "okta"),)),
    "m365_audit": Kind(tuple(offer("m365", "", each, _M365) for each in _M365_SERVICES)),
}  # fmt: skip
"""Formats whose records are asked as they are."""

_AUDIT = re.compile(r"(?:^|[\s\]:])(?=type=[A-Z_]{3,40} msg=audit\()")
_PAIR = re.compile(r"([A-Za-z0-9_-]{1,64})=(\"[^\"]*\"|'[^']*'|\S+)")


def kind(form: str, record: Record, category: str) -> Kind:
    """Return the kind of a record that is no Windows event and not of `CLOUD`.

    Args:
        form: name of its format.
        record: its fields, under its own names and those of the Elastic Common Schema.
        category: what the schema of its format calls it (`event.category`).
    """
    if form.startswith("zeek"):
        return _network(category, "zeek", _word(record, "_path") or category, "")
    if form.startswith("syslog") or form == "text":
        return _syslog(_word(record, "program").lower(), audit="type" in record)
    system = next((text for name in _SYSTEM if (text := _word(record, name))), "")
    product = _PRODUCTS.get(system.lower().split(" ")[0], "")
    return _network(category, product, "", "webserver" if form.startswith("web_") else "")


@lru_cache(maxsize=1_024)
def _network(category: str, product: str, service: str, only: str) -> Kind:
    offers = []
    if product == "zeek":
        offers.append(offer("zeek", "", service, _ZEEK.get(service, {})))
    elif product and category in _HOST_CATEGORIES:
        offers += [offer(product, each, "", _HOST) for each in _HOST_CATEGORIES[category]]
    if category == "web":
        offers += [offer("", "webserver", "", _WEB), offer("", "proxy", "", _WEB)]
    elif category == "dns":
        offers += [offer("", "dns", "", _DNS), offer("", "network", "dns", _DNS)]
    elif category == "network":
        offers += [
            offer("", "firewall", "", _FLOW),
            offer("", "network", "connection"),
            offer("", "", "netflow"),
        ]
    elif category == "malware":
        offers.append(
            offer(
                "",
                "antivirus",
                "",
                {"Filename": ("Filename", "file.path"), "Signature": ("Signature", "finding.title")},
            )
        )
    elif only:
        offers.append(offer("", only, "", _WEB))
    return Kind(tuple(offers))


@lru_cache(maxsize=1_024)
def _of_program(program: str, audit: bool) -> Kind:
    services = {*_PROGRAMS.get(program, ()), "syslog", *(("auditd",) if audit else ())}
    return Kind(tuple(offer("linux", "", each) for each in sorted(services)))


def _syslog(program: str, *, audit: bool) -> Kind:
    return _of_program(program if program in _PROGRAMS else "", audit)


def _word(record: Record, name: str) -> str:
    texts = found(record, name)
    return texts[0] or "" if texts else ""


def with_parts(record: dict[str, Any], line: str) -> dict[str, Any]:
    """Return a record with the parts of what it holds as one: of a URL (stem, query, extension), of a line of the Linux audit log."""
    target = (
        _word(record, "uri") or _word(record, "http.url") or _requested(record) or _word(record, "url.path")
    )
    if target:
        path, _, query = target.partition("?")
        last = path.rpartition("/")[2]
        parts = {
            "url.original": target,
            "url.stem": path,
            "url.query": query,
            "url.extension": last.rpartition(".")[2] if "." in last else "",
        }
        record = {**{name: value for name, value in parts.items() if value}, **record}
    if "msg=audit(" in line and (start := _AUDIT.search(line)) is not None:
        pairs = {name: value.strip("\"'") for name, value in _PAIR.findall(line[start.end() :])}
        record = {**record, **pairs}
    return record


def _requested(record: Record) -> str:
    parts = _word(record, "request").split(" ")
    return parts[1] if len(parts) > 1 else ""
