"""Windows events: which log sources of Sigma they belong to (Sigma taxonomy appendix 2.1.0), however they were exported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from tocsin.matching.sigma.expressions import tests_of
from tocsin.matching.sigma.kinds import Kind, Offer, offer
from tocsin.matching.sigma.records import Record, text_of
from tocsin.matching.sigma.rules import Rule
from tocsin.matching.sigma.tests import Like

_SYSMON = "microsoft-windows-sysmon/operational"
_POWERSHELL = ("microsoft-windows-powershell/operational", "powershellcore/operational")
_CLASSIC = "windows powershell"

_SYSMON_CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "1": ("process_creation",),
    "2": ("file_change",),
    "3": ("network_connection",),
    "4": ("sysmon_status",),
    "5": ("process_termination",),
    "6": ("driver_load",),
    "7": ("image_load",),
    "8": ("create_remote_thread",),
    "9": ("raw_access_thread",),
    "10": ("process_access",),
    "11": ("file_event",),
    "12": ("registry_event", "registry_add", "registry_delete"),
    "13": ("registry_event", "registry_set"),
    "14": ("registry_event", "registry_rename"),
    "15": ("create_stream_hash",),
    "16": ("sysmon_status",),
    "17": ("pipe_created",),
    "18": ("pipe_created",),
    "19": ("wmi_event",),
    "20": ("wmi_event",),
    "21": ("wmi_event",),
    "22": ("dns_query",),
    "23": ("file_delete",),
    "24": ("clipboard_capture",),
    "25": ("process_tampering",),
    "26": ("file_delete_detected",),
    "27": ("file_block_executable",),
    "28": ("file_block_shredding",),
    "29": ("file_executable_detected",),
    "255": ("sysmon_error",),
}
_SERVICES: Final[Mapping[str, tuple[str, ...]]] = {
    "application": ("application",),
    "application-experience": ("microsoft-windows-application-experience/program-telemetry", "microsoft-windows-application-experience/program-compatibility-assistant"),
    "applocker": ("microsoft-windows-applocker/msi and script", "microsoft-windows-applocker/exe and dll", "microsoft-windows-applocker/packaged app-deployment", "microsoft-windows-applocker/packaged app-execution"),
    "appmodel-runtime": ("microsoft-windows-appmodel-runtime/admin",),
    "appxdeployment-server": ("microsoft-windows-appxdeploymentserver/operational",),
    "appxpackaging-om": ("microsoft-windows-appxpackaging/operational",),
    "bitlocker": ("microsoft-windows-bitlocker/bitlocker management",),
    "bits-client": ("microsoft-windows-bits-client/operational",),
    "capi2": ("microsoft-windows-capi2/operational",),
    "certificateservicesclient-lifecycle-system": ("microsoft-windows-certificateservicesclient-lifecycle-system/operational",),
    "codeintegrity-operational": ("microsoft-windows-codeintegrity/operational",),
    "dhcp": ("microsoft-windows-dhcp-server/operational",),
    "diagnosis-scripted": ("microsoft-windows-diagnosis-scripted/operational",),
    "dns-client": ("microsoft-windows-dns client events/operational", "microsoft-windows-dns-client/operational"),
    "dns-server": ("dns server",),
    "dns-server-analytic": ("microsoft-windows-dns-server/analytical",),
    "dns-server-audit": ("microsoft-windows-dns-server/audit",),
    "driver-framework": ("microsoft-windows-driverframeworks-usermode/operational",),
    "firewall-as": ("microsoft-windows-windows firewall with advanced security/firewall",),
    "hyper-v-worker": ("microsoft-windows-hyper-v-worker", "microsoft-windows-hyper-v-worker-admin"),
    "iis-configuration": ("microsoft-iis-configuration/operational",),
    "kernel-event-tracing": ("microsoft-windows-kernel-eventtracing", "microsoft-windows-kernel-eventtracing/admin"),
    "kernel-shimengine": ("microsoft-windows-kernel-shimengine/operational", "microsoft-windows-kernel-shimengine/diagnostic"),
    "ldap": ("microsoft-windows-ldap-client/debug",),
    "lsa-server": ("microsoft-windows-lsa/operational",),
    "microsoft-servicebus-client": ("microsoft-servicebus-client",),
    "msexchange-management": ("msexchange management",),
    "ntfs": ("microsoft-windows-ntfs/operational",),
    "ntlm": ("microsoft-windows-ntlm/operational",),
    "openssh": ("openssh/operational",),
    "powershell": _POWERSHELL,
    "powershell-classic": (_CLASSIC,),
    "printservice-admin": ("microsoft-windows-printservice/admin",),
    "printservice-operational": ("microsoft-windows-printservice/operational",),
    "security": ("security",),
    "security-mitigations": ("microsoft-windows-security-mitigations/kernel mode", "microsoft-windows-security-mitigations/user mode"),
    "sense": ("microsoft-windows-sense/operational",),
    "servicebus-client": ("microsoft-servicebus-client/operational", "microsoft-servicebus-client/admin"),
    "shell-core": ("microsoft-windows-shell-core/operational",),
    "smbclient-connectivity": ("microsoft-windows-smbclient/connectivity",),
    "smbclient-security": ("microsoft-windows-smbclient/security",),
    "smbserver-connectivity": ("microsoft-windows-smbserver/connectivity",),
    "sysmon": (_SYSMON,),
    "system": ("system",),
    "taskscheduler": ("microsoft-windows-taskscheduler/operational",),
    "terminalservices-localsessionmanager": ("microsoft-windows-terminalservices-localsessionmanager/operational",),
    "vhdmp": ("microsoft-windows-vhdmp/operational",),
    "windefend": ("microsoft-windows-windows defender/operational",),
    "wmi": ("microsoft-windows-wmi-activity/operational",),
}  # fmt: skip
_SERVICE_OF: Final = {channel: service for service, channels in _SERVICES.items() for channel in channels}
_POWERSHELL_CATEGORIES: Final = {
    **{(channel, "4103"): "ps_module" for channel in _POWERSHELL},
    **{(channel, "4104"): "ps_script" for channel in _POWERSHELL},
    (_CLASSIC, "400"): "ps_classic_start",
    (_CLASSIC, "600"): "ps_classic_provider_start",
    (_CLASSIC, "800"): "ps_classic_script",
}
_Names = Mapping[str, str | tuple[str, ...]]
_EVERY: Final[_Names] = {
    "Provider_Name": ("Provider_Name", "SourceName", "ProviderName", "Provider"),
    "Computer": ("Computer", "Hostname", "ComputerName"),
}
_PROCESS: Final[_Names] = {
    **_EVERY,
    "Image": "NewProcessName",
    "ParentImage": "ParentProcessName",
    "CommandLine": ("CommandLine", "ProcessCommandLine"),
    "User": "SubjectUserName",
    "LogonId": "SubjectLogonId",
    "ProcessId": "NewProcessId",
    "ParentProcessId": "ProcessId",
}
"""A process in event 4688, under the names that Sysmon has for it."""
_REGISTRY: Final[_Names] = {
    **_EVERY,
    "Image": "ProcessName",
    "TargetObject": "ObjectName",
    "Details": "NewValue",
    "User": "SubjectUserName",
}
"""A value of the registry in event 4657."""
_REGISTRY_CATEGORIES: Final = {
    "%%1904": "registry_add",
    "%%1905": "registry_set",
    "%%1906": "registry_delete",
}
_LONGEST_NAME = 200


@lru_cache(maxsize=4_096)
def kind(channel: str, event: str, operation: str = "") -> Kind:
    """Return the kind of an event by its channel (in lower case), its number and, for 4657, what was done (`%%1904` and the like)."""
    service = _SERVICE_OF.get(channel, "")
    offers: list[Offer] = []
    if channel == _SYSMON:
        offers += [offer("windows", each, service, _EVERY) for each in _SYSMON_CATEGORIES.get(event, ())]
    if category := _POWERSHELL_CATEGORIES.get((channel, event)):
        offers.append(offer("windows", category, service, _EVERY))
    if channel == "security" and event == "4688":
        offers.append(offer("windows", "process_creation", "", _PROCESS))
    if channel == "security" and event == "4657":
        offers.append(offer("windows", "registry_event", "", _REGISTRY))
        if category := _REGISTRY_CATEGORIES.get(operation):
            offers.append(offer("windows", category, "", _REGISTRY))
    if not offers or channel == "security":
        offers.append(offer("windows", "", service, _EVERY))
    known = {"Channel": channel} if channel else {}
    return Kind(tuple(offers), {**known, "EventID": event} if event else known)


def record_and_kind(record: Record, events: frozenset[str]) -> tuple[Record, Kind]:
    """Return an event's fields under the names that rules have for them, and its kind.

    Args:
        record: an event as JSON, of any of the exports that `telemetry.windows_json` reads.
        events: numbers that rules ask for; others are one kind, so that a log of made-up numbers makes no kinds without end.
    """
    flat = _flat(record)
    event, channel = flat.get("EventID"), flat.get("Channel")
    number = text_of(event) if event is not None else ""
    name = channel.lower() if isinstance(channel, str) and len(channel) <= _LONGEST_NAME else ""
    if name not in _SERVICE_OF:
        return flat, kind("", number if number in events else "")
    operation = flat.get("OperationType", "") if number == "4657" else ""
    return flat, kind(
        name, number if number in events else "", operation if operation in _REGISTRY_CATEGORIES else ""
    )


def _flat(record: Record) -> Record:
    """Return the fields of an event in one map."""
    if "winlog" in record and isinstance(winlog := record["winlog"], Mapping):
        return {
            "EventID": winlog.get("event_id"),
            "Channel": winlog.get("channel"),
            "Provider_Name": winlog.get("provider_name"),
            "Computer": winlog.get("computer_name"),
            "Message": record.get("message"),
            **_data(winlog.get("event_data")),
            **_data(winlog.get("user_data")),
        }
    if "Event" in record and isinstance(event := record["Event"], Mapping):
        return _of_xml(event)
    if "event_data" in record and isinstance(record["event_data"], Mapping):
        return {
            "EventID": record.get("event_id"),
            "Channel": record.get("log_name"),
            "Provider_Name": record.get("source_name"),
            "Computer": record.get("computer_name"),
            **record["event_data"],
        }
    if "EventData" in record:
        return {**record, **_data(record["EventData"])}
    if "EventID" not in record and "Id" in record:  # Get-WinEvent | ConvertTo-Json
        return {**record, "EventID": record["Id"], "Channel": record.get("LogName")}
    return record


def _of_xml(event: Mapping[str, Any]) -> Record:
    system = event.get("System")
    flat: dict[str, Any] = {}
    if isinstance(system, Mapping):
        number = system.get("EventID")
        provider = system.get("Provider")
        attributes = provider.get("#attributes") if isinstance(provider, Mapping) else None
        flat |= {
            "EventID": number.get("#text") if isinstance(number, Mapping) else number,
            "Channel": system.get("Channel"),
            "Provider_Name": attributes.get("Name") if isinstance(attributes, Mapping) else None,
            "Computer": system.get("Computer"),
            "Level": system.get("Level"),
        }
    flat |= _data(event.get("EventData"))
    inner = event.get("UserData")
    if isinstance(inner, Mapping):
        for each in inner.values():
            flat |= _data(each)
    return flat


def _data(data: Any) -> dict[str, Any]:
    if isinstance(data, str) and data.startswith("{"):  # Microsoft Sentinel
        try:
            data = orjson.loads(data)
        except orjson.JSONDecodeError:
            return {}
    if not isinstance(data, Mapping):
        return {}
    plain = {name: value for name, value in data.items() if name != "#attributes"}
    nameless = plain.get("Data")
    if isinstance(nameless, Mapping) and "#text" in nameless:
        plain["Data"] = nameless["#text"]
    return plain


def numbers_of(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the numbers of events that rules ask for, or that a log source is told by."""
    asked = {
        "".join(map(str, match.test.parts))
        for rule in rules
        for match in tests_of(rule.condition)
        if match.field == "EventID" and isinstance(match.test, Like)
    }
    told = {number for _, number in _POWERSHELL_CATEGORIES} | {"4688", "4657"}
    return frozenset(
        number for number in asked | told | set(_SYSMON_CATEGORIES) if number.isdigit() and len(number) <= 6
    )
