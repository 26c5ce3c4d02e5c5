"""Open Cybersecurity Schema Framework 1.x: what its classes say (schema.ocsf.io).

Covered are the classes of network, DNS, HTTP, process, file, registry, module, authentication, account change, e-mail, API, detection and the
older security finding. The class is told by `class_uid`; attributes of objects have the same names in every class.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import account, answers, lower, one_hash, url


def _endpoint(name: str, slot: str) -> dict[str, Target]:
    ends: dict[str, Target] = {"ip": f"{slot}.ip", "port": f"{slot}.port", "mac": f"{slot}.mac"}
    return {f"{name}.{key}": target for key, target in ends.items()} | {
        f"{name}.hostname": f"{slot}.domain",
        f"{name}.domain": f"{slot}.domain",
    }


def _file(name: str, slot: str, *, path: str = "path") -> dict[str, Target]:
    return {
        f"{name}.path": f"{slot}.{path}",
        f"{name}.name": f"{slot}.name",
        f"{name}.hashes.value": one_hash(slot),
        f"{name}.fingerprints.value": one_hash(slot),
    }


def _process(name: str, slot: str) -> dict[str, Target]:
    return {
        f"{name}.name": f"{slot}.name",
        f"{name}.pid": f"{slot}.pid",
        f"{name}.uid": f"{slot}.entity_id",
        f"{name}.cmd_line": f"{slot}.command_line",
        **_file(f"{name}.file", slot, path="executable"),
    }


def _user(name: str, slot: str) -> dict[str, Target]:
    return {
        f"{name}.name": account(slot),
        f"{name}.uid": f"{slot}.id",
        f"{name}.domain": f"{slot}.domain",
        f"{name}.email_addr": f"{slot}.email",
    }


_COMMON: Mapping[str, Target] = {
    "activity_name": "event.action",
    "class_uid": "event.code",
    "status": "event.outcome",
    "device.hostname": "host.name",
    "device.ip": "host.ip",
    "cloud.account.uid": "cloud.account.id",
    "cloud.region": "cloud.region",
    **_endpoint("src_endpoint", "source"),
    **_endpoint("dst_endpoint", "destination"),
    **_process("actor.process", "process"),
    **_process("actor.process.parent_process", "process.parent"),
    **_user("actor.user", "user"),
}
_NETWORK: Mapping[str, Target] = {
    "connection_info.protocol_name": lower("network.transport"),
    "connection_info.community_uid": "network.community_id",
    "app_name": lower("network.protocol"),
    "traffic.bytes_out": "source.bytes",
    "traffic.bytes_in": "destination.bytes",
    "traffic.packets_out": "source.packets",
    "traffic.packets_in": "destination.packets",
    "tls.sni": "tls.client.server_name",
    "tls.ja3_hash.value": "tls.client.ja3",
    "tls.ja3s_hash.value": "tls.server.ja3s",
    "tls.certificate.serial_number": "tls.server.x509.serial_number",
    "tls.certificate.subject": "tls.server.subject",
    "tls.certificate.issuer": "tls.server.issuer",
}
_DNS: Mapping[str, Target] = {
    **_NETWORK,
    "query.hostname": "dns.question.name",
    "query.type": "dns.question.type",
    "rcode": "dns.response_code",
    "answers.rdata": answers,
}
_HTTP: Mapping[str, Target] = {
    **_NETWORK,
    "http_request.http_method": "http.request.method",
    "http_request.user_agent": "user_agent.original",
    "http_request.referrer": "http.request.referrer",
    "http_request.url.url_string": url,
    "http_request.url.hostname": "url.domain",
    "http_request.url.path": "url.path",
    "http_response.code": "http.response.status_code",
}
_PROCESS: Mapping[str, Target] = {
    **_process("process", "process"),
    **_process("process.parent_process", "process.parent"),
    **_process("actor.process", "process.parent"),
    "process.user.name": account("user"),
}
_FINDING: Mapping[str, Target] = {
    "finding_info.title": "finding.title",
    "finding_info.uid": "finding.id",
    "finding.title": "finding.title",
    "finding.uid": "finding.id",
    "finding_info.analytic.name": "rule.name",
    "malware.name": "rule.name",
    **_endpoint("evidences.src_endpoint", "source"),
    **_endpoint("evidences.dst_endpoint", "destination"),
    **_process("evidences.process", "process"),
    **_file("evidences.file", "file"),
    "evidences.query.hostname": "dns.question.name",
    "evidences.url.url_string": url,
    "observables.value": url,
}
_REGISTRY: Mapping[str, Target] = {
    "reg_key.path": "registry.path",
    "reg_value.path": "registry.path",
    "reg_value.name": "registry.value",
    "reg_value.data": "registry.data.strings",
    "prev_reg_key.path": "registry.path",
}
_AUTHENTICATION: Mapping[str, Target] = {
    **_user("user", "user"),
    "auth_protocol": "network.protocol",
    "logon_process.name": "process.name",
    "service.name": "service.name",
    "http_request.user_agent": "user_agent.original",
}
_EMAIL: Mapping[str, Target] = {
    "email.from": "email.from.address",
    "email.to": "email.to.address",
    "email.subject": "email.subject",
    "email.message_uid": "email.message_id",
    "url.url_string": url,
    **_file("email.files", "file"),
    **_file("file", "file"),
}
_API: Mapping[str, Target] = {
    "api.operation": "event.action",
    "api.service.name": "service.name",
    "http_request.user_agent": "user_agent.original",
}

KINDS: Mapping[str, Kind] = {
    "1001": Kind("file", {**_file("file", "file"), "file.size": "file.size"}),
    "1005": Kind("library", _file("module.file", "dll")),
    "1007": Kind("process", _PROCESS),
    "201001": Kind("registry", _REGISTRY),
    "201002": Kind("registry", _REGISTRY),
    "2001": Kind("intrusion_detection", {**_FINDING, **_process("process", "process")}),
    "2002": Kind("vulnerability", _FINDING),
    "2004": Kind("intrusion_detection", _FINDING),
    "2005": Kind("intrusion_detection", _FINDING),
    "2006": Kind("intrusion_detection", _FINDING),
    "3001": Kind("iam", _user("user", "user.target")),
    "3002": Kind("authentication", _AUTHENTICATION),
    "4001": Kind("network", {**_NETWORK, "url.url_string": url}),
    "4002": Kind("web", _HTTP),
    "4003": Kind("dns", _DNS),
    "4009": Kind("email", _EMAIL),
    "4010": Kind("network", {**_NETWORK, **_file("file", "file")}),
    "4012": Kind("email", _EMAIL),
    "6003": Kind("api", _API),
}
"""OCSF's classes by `class_uid`."""

LOG = json_log(
    "ocsf",
    title="Open Cybersecurity Schema Framework",
    told_by=(("class_uid", "category_uid", "metadata"), ("class_uid", "metadata.version")),
    when=("time", "start_time", "time_dt"),
    host=("device.hostname", "device.name", "src_endpoint.hostname"),
    schema=Schema(
        {"": Kind("", {}), **KINDS}, choose=lambda fields: fields.get("class_uid", ""), common=_COMMON
    ),
)
