"""Elastic Common Schema, nested or dotted (ECS 8.17): its names are those of the vocabulary, so they stand for themselves."""

from __future__ import annotations

from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import answers
from tocsin.telemetry.vocabulary import TYPES

_FIELDS: dict[str, Target] = {
    **{name: name for name in TYPES if name != "dns.answers.name"},
    "client.ip": "source.ip",
    "client.port": "source.port",
    "client.domain": "source.domain",
    "server.ip": "destination.ip",
    "server.port": "destination.port",
    "server.domain": "destination.domain",
    "dns.answers.data": answers,
    "source.address": "source.ip",
    "destination.address": "destination.ip",
    "url.original": "url.full",
    "registry.key": "registry.path",
    "host.hostname": "host.name",
    "tls.client.x509.serial_number": "tls.server.x509.serial_number",
    "message_id": "email.message_id",
}
_CATEGORIES = (
    "authentication", "process", "file", "registry", "dns", "network", "web", "email", "iam", "malware", "intrusion_detection",
    "library", "driver", "configuration", "api",
)  # fmt: skip

LOG = json_log(
    "ecs",
    title="Elastic Common Schema",
    told_by=(
        ("@timestamp", "ecs.version"),
        ("@timestamp", "event.category"),
        ("@timestamp", "event.kind"),
        ("@timestamp", "event.dataset"),
        ("@timestamp", "event.action"),
    ),
    when=("event.start", "@timestamp", "event.created"),
    host=("host.name", "host.hostname", "observer.name", "agent.name"),
    rank=12,  # what an agent of Elastic ships of another format has that format's fields, too
    schema=Schema(
        {"": Kind("", _FIELDS), **{name: Kind(name, _FIELDS) for name in _CATEGORIES}},
        choose=lambda fields: fields.get("event.category", ""),
    ),
)
