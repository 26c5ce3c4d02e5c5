"""Windows events: what each event id says, whichever way it was exported (EVTX, XML, JSON of several tools).

Sysmon 15 (its manifest's event ids 1 to 29), the Security log (Microsoft's "Events to monitor" and the audit policy reference), System, PowerShell,
the DNS client and Defender. Exports differ in what they wrap around an event's data; the schema leaves their prefixes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import account, answers, hashes, one_hash, registry_value, transport

_SOURCES = (
    ("sysmon", "sysmon"),
    ("security-auditing", "security"),
    ("security", "security"),
    ("powershell", "powershell"),
    ("dns-client", "dns-client"),
    ("dnsclient", "dns-client"),
    ("defender", "defender"),
    ("service control manager", "system"),
    ("system", "system"),
)
_REGISTRY_TYPES = {"key"}
_OWN, _CLASSES = "HKCU\\", "HKCU\\Software\\Classes\\"
KEYS = ("TargetObject", "ObjectName", "NewName")
"""Fields of an event's data that name keys of the registry."""
# S-1-5-21 are accounts of a machine or a domain, S-1-12-1 those of Entra ID
_OF_A_USER = re.compile(
    r"(?:HKU|HKEY_USERS|\\REGISTRY\\USER)\\S-1-(?:5-21|12-1)(?:-\d{1,10}){1,8}(_Classes)?\\(.+)",
    re.IGNORECASE | re.DOTALL,
)

_IMAGE: Mapping[str, Target] = {
    "Image": "process.executable",
    "ProcessId": "process.pid",
    "ProcessGuid": "process.entity_id",
    "User": account("user"),
    "RuleName": "rule.name",
}
_FILE: Mapping[str, Target] = {**_IMAGE, "TargetFilename": "file.path", "Hashes": hashes("file")}
_REGISTRY: Mapping[str, Target] = {
    **_IMAGE,
    "TargetObject": "registry.path",
}
_REGISTRY_VALUE: Mapping[str, Target] = {
    **_REGISTRY,
    "TargetObject": registry_value,
    "Details": "registry.data.strings",
}
_TWO_PROCESSES: Mapping[str, Target] = {
    "SourceImage": "process.executable",
    "SourceProcessId": "process.pid",
    "SourceProcessGuid": "process.entity_id",
    "SourceProcessGUID": "process.entity_id",
    "SourceUser": account("user"),
    "TargetImage": "process.target.executable",
    "TargetProcessId": "process.target.pid",
    "TargetProcessGuid": "process.target.entity_id",
    "TargetProcessGUID": "process.target.entity_id",
    "TargetUser": account("user.target"),
    "RuleName": "rule.name",
}
_PIPE: Mapping[str, Target] = {**_IMAGE, "PipeName": "pipe.name"}
_WMI: Mapping[str, Target] = {
    "User": account("user"),
    "Name": "event.action",
    "Destination": "process.command_line",
}

SYSMON: Mapping[str, Kind] = {
    "1": Kind(
        "process",
        {
            **_IMAGE,
            "CommandLine": "process.command_line",
            "CurrentDirectory": "process.working_directory",
            "Hashes": hashes("process"),
            "OriginalFileName": "process.pe.original_file_name",
            "ParentImage": "process.parent.executable",
            "ParentProcessId": "process.parent.pid",
            "ParentProcessGuid": "process.parent.entity_id",
            "ParentCommandLine": "process.parent.command_line",
        },
    ),
    "2": Kind("file", _FILE),
    "3": Kind(
        "network",
        {
            **_IMAGE,
            "Protocol": transport,
            "SourceIp": "source.ip",
            "SourcePort": "source.port",
            "SourceHostname": "source.domain",
            "DestinationIp": "destination.ip",
            "DestinationPort": "destination.port",
            "DestinationHostname": "destination.domain",
        },
    ),
    "5": Kind("process", _IMAGE),
    "6": Kind("driver", {"ImageLoaded": "dll.path", "Hashes": hashes("dll"), "RuleName": "rule.name"}),
    "7": Kind(
        "library",
        {
            **_IMAGE,
            "ImageLoaded": "dll.path",
            "Hashes": hashes("dll"),
            "OriginalFileName": "dll.pe.original_file_name",
        },
    ),
    "8": Kind("process", _TWO_PROCESSES),
    "9": Kind("file", {**_IMAGE, "Device": "file.path"}),
    "10": Kind("process", _TWO_PROCESSES),
    "11": Kind("file", _FILE),
    "12": Kind("registry", _REGISTRY),
    "13": Kind("registry", _REGISTRY_VALUE),
    "14": Kind("registry", {**_REGISTRY, "NewName": "registry.path"}),
    "15": Kind("file", {**_FILE, "Hash": hashes("file")}),
    "17": Kind("pipe", _PIPE),
    "18": Kind("pipe", _PIPE),
    "19": Kind("configuration", _WMI),
    "20": Kind("configuration", _WMI),
    "21": Kind("configuration", _WMI),
    "22": Kind(
        "dns",
        {
            **_IMAGE,
            "QueryName": "dns.question.name",
            "QueryStatus": "dns.response_code",
            "QueryResults": answers,
        },
    ),
    "23": Kind("file", _FILE),
    "24": Kind("process", {**_IMAGE, "Hashes": hashes("file")}),
    "25": Kind("process", _IMAGE),
    "26": Kind("file", _FILE),
    "27": Kind("file", _FILE),
    "28": Kind("file", _FILE),
    "29": Kind("file", _FILE),
}
"""Sysmon's events by id; 4, 16 and 255 (the service itself) hold no observables."""

_SUBJECT: Mapping[str, Target] = {
    "SubjectUserName": "user.name",
    "SubjectDomainName": "user.domain",
    "SubjectUserSid": "user.id",
}
_LOGON: Mapping[str, Target] = {
    "TargetUserName": account("user"),
    "TargetDomainName": "user.domain",
    "TargetUserSid": "user.id",
    "TargetSid": "user.id",
    "IpAddress": "source.ip",
    "IpPort": "source.port",
    "WorkstationName": "source.domain",
    "Workstation": "source.domain",
    "ProcessName": "process.executable",
    "ProcessId": "process.pid",
    "ServiceName": "service.name",
    "Status": "event.outcome",
}
_OBJECT: Mapping[str, Target] = {
    **_SUBJECT,
    "ObjectName": "file.path",
    "ProcessName": "process.executable",
    "ProcessId": "process.pid",
}
_REGISTRY_OBJECT: Mapping[str, Target] = {
    **_OBJECT,
    "ObjectName": "registry.path",
    "ObjectValueName": "registry.value",
    "NewValue": "registry.data.strings",
}
_FIREWALL: Mapping[str, Target] = {
    "Application": "process.executable",
    "ProcessID": "process.pid",
    "ProcessId": "process.pid",
    "Protocol": transport,
    "SourceAddress": "source.ip",
    "SourcePort": "source.port",
    "DestAddress": "destination.ip",
    "DestPort": "destination.port",
}
_MANAGED: Mapping[str, Target] = {
    **_SUBJECT,
    "TargetUserName": "user.target.name",
    "TargetDomainName": "user.target.domain",
    "TargetSid": "user.target.id",
}
_SHARE: Mapping[str, Target] = {
    **_SUBJECT,
    "IpAddress": "source.ip",
    "IpPort": "source.port",
    "RelativeTargetName": "file.path",
}
_SERVICE: Mapping[str, Target] = {
    **_SUBJECT,
    "ServiceName": "service.name",
    "ServiceFileName": "process.command_line",
    "ImagePath": "process.command_line",
    "TaskName": "service.name",
}

SECURITY: Mapping[str, Kind] = {
    **dict.fromkeys(("4624", "4625", "4634", "4647", "4768", "4769", "4770", "4771", "4776", "4778", "4779"), Kind("authentication", _LOGON)),
    "4648": Kind("authentication", {**_LOGON, **_SUBJECT, "TargetUserName": "user.target.name", "TargetDomainName": "user.target.domain", "TargetServerName": "destination.domain"}),
    "4672": Kind("authentication", _SUBJECT),
    "4627": Kind("authentication", _LOGON),
    "5379": Kind("authentication", {**_SUBJECT, "ClientProcessId": "process.pid"}),
    **dict.fromkeys(("4673", "4674", "4661"), Kind("process", _OBJECT)),
    "4690": Kind("process", {**_SUBJECT, "SourceProcessId": "process.pid", "TargetProcessId": "process.target.pid"}),
    "4703": Kind("process", {**_MANAGED, "ProcessName": "process.executable", "ProcessId": "process.pid"}),
    **dict.fromkeys(
        ("4798", "4799"),
        Kind("iam", {**_MANAGED, "CallerProcessName": "process.executable", "CallerProcessId": "process.pid"}),
    ),
    **dict.fromkeys(("1102", "4719", "4912"), Kind("configuration", _SUBJECT)),
    "4688": Kind(
        "process",
        {
            **_SUBJECT,
            "NewProcessName": "process.executable",
            "NewProcessId": "process.pid",
            "CommandLine": "process.command_line",
            "ParentProcessName": "process.parent.executable",
            "ProcessId": "process.parent.pid",
            "TargetUserName": "user.target.name",
            "TargetDomainName": "user.target.domain",
        },
    ),
    "4689": Kind("process", {**_SUBJECT, "ProcessName": "process.executable", "ProcessId": "process.pid"}),
    **dict.fromkeys(("4656", "4658", "4660", "4663", "4670"), Kind("file", _OBJECT)),
    **{f"{number}/key": Kind("registry", _REGISTRY_OBJECT) for number in ("4656", "4658", "4660", "4663", "4670")},
    "4657": Kind("registry", _REGISTRY_OBJECT),
    **dict.fromkeys(("5152", "5154", "5156", "5157", "5158", "5159"), Kind("network", _FIREWALL)),
    **dict.fromkeys(("5140", "5145"), Kind("file", _SHARE)),
    **dict.fromkeys(("4697", "4698", "4699", "4702"), Kind("configuration", _SERVICE)),
    **dict.fromkeys(("4720", "4722", "4723", "4724", "4725", "4726", "4738", "4740", "4767", "4781"), Kind("iam", _MANAGED)),
}  # fmt: skip
"""The Security log's events by id."""

_OTHERS: Mapping[str, Kind] = {
    "system/7045": Kind("configuration", _SERVICE),
    "system/7036": Kind("configuration", {"param1": "service.name"}),
    "powershell/4104": Kind("process", {"Path": "file.path", "ScriptBlockText": "powershell.file.script_block_text"}),
    "powershell/4103": Kind("process", {"Payload": "powershell.command.invocation_details"}),
    "dns-client/3008": Kind("dns", {"QueryName": "dns.question.name", "QueryStatus": "dns.response_code", "QueryResults": answers}),
    "dns-client/3006": Kind("dns", {"QueryName": "dns.question.name"}),
    "defender/1116": Kind("malware", {"Threat Name": "finding.title", "Path": "file.path", "Process Name": "process.executable", "SHA256": one_hash("file")}),
    "defender/1117": Kind("malware", {"Threat Name": "finding.title", "Path": "file.path", "Process Name": "process.executable"}),
}  # fmt: skip


def of_users(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return fields for keys below the hive of a user, as that user sees them (below HKCU): logs write the SID, and whoever warns of a key cannot know it.

    They are called after those that they are made of: `TargetObject|HKCU`.
    """
    found = ((name, _OF_A_USER.fullmatch(text)) for name, text in fields)
    return [
        (f"{name}|HKCU", (_CLASSES if key[1] else _OWN) + key[2]) for name, key in found if key is not None
    ]


def _choose(fields: Mapping[str, str]) -> str:
    number = _first(
        fields, "EventID", "event_id", "EventID.#text", "Id", "EventId", "winlog.event_id", "event.code"
    )
    names = [
        _first(fields, "Channel", "channel", "LogName", "log_name"),
        _first(fields, "Provider.#attributes.Name", "Provider_Name", "provider_name", "SourceName", "ProviderName", "Provider.Name", "source_name"),
    ]  # fmt: skip
    source = next((short for name in names for word, short in _SOURCES if word in name.lower()), "")
    if source == "security" and fields.get("ObjectType", "").lower() in _REGISTRY_TYPES and number != "4657":
        number += "/key"
    return f"{source}/{number}"


def _first(fields: Mapping[str, str], *names: str) -> str:
    return next((fields[name] for name in names if name in fields), "")


SCHEMA = Schema(
    kinds={
        **{f"sysmon/{number}": kind for number, kind in SYSMON.items()},
        **{f"security/{number}": kind for number, kind in SECURITY.items()},
        **_OTHERS,
    },
    choose=_choose,
    common={
        **dict.fromkeys(("Computer", "Hostname", "computer_name", "MachineName", "host.name"), "host.name"),
        **dict.fromkeys(("EventID", "event_id", "EventID.#text", "Id"), "event.code"),
    },
    strip=(
        "Event.EventData.",
        "Event.UserData.",
        "Event.System.",
        "winlog.event_data.",
        "winlog.user_data.",
        "winlog.",
        "EventData.",
        "event_data.",
    ),
)
"""Facts of Windows events."""
