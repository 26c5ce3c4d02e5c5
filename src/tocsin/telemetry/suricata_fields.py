"""What the fields of Suricata's EVE are (Suricata 7 user guide, section 15.1 "Eve JSON Output"), by `event_type`."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import answers, lower, mailboxes, url

_COMMON: Mapping[str, Target] = {
    "src_ip": "source.ip",
    "src_port": "source.port",
    "dest_ip": "destination.ip",
    "dest_port": "destination.port",
    "proto": lower("network.transport"),
    "app_proto": "network.protocol",
    "community_id": "network.community_id",
    "ether.src_mac": "source.mac",
    "ether.dest_mac": "destination.mac",
    "flow.bytes_toserver": "source.bytes",
    "flow.bytes_toclient": "destination.bytes",
    "flow.pkts_toserver": "source.packets",
    "flow.pkts_toclient": "destination.packets",
    "host": "host.name",
}
_HTTP: Mapping[str, Target] = {
    "http.hostname": "url.domain",
    "http.url": url,
    "http.http_method": "http.request.method",
    "http.http_user_agent": "user_agent.original",
    "http.http_refer": "http.request.referrer",
    "http.status": "http.response.status_code",
}
_DNS: Mapping[str, Target] = {
    "dns.rrname": "dns.question.name",
    "dns.rrtype": "dns.question.type",
    "dns.rcode": "dns.response_code",
    "dns.rdata": answers,
    "dns.answers.rdata": answers,
    "dns.grouped.A": "dns.resolved_ip",
    "dns.grouped.AAAA": "dns.resolved_ip",
    "dns.grouped.CNAME": "dns.answers.name",
    "dns.query.rrname": "dns.question.name",
    "dns.query.rrtype": "dns.question.type",
    "dns.queries.rrname": "dns.question.name",
    "dns.queries.rrtype": "dns.question.type",
}
_TLS: Mapping[str, Target] = {
    "tls.sni": "tls.client.server_name",
    "tls.subject": "tls.server.subject",
    "tls.issuerdn": "tls.server.issuer",
    "tls.serial": "tls.server.x509.serial_number",
    "tls.ja3.hash": "tls.client.ja3",
    "tls.ja3s.hash": "tls.server.ja3s",
    "tls.ja4": "tls.client.ja4",
    "tls.fingerprint": lambda value: [("tls.server.hash.sha1", value.replace(":", ""))],
}
_FILE: Mapping[str, Target] = {
    f"{name}.{key}": target
    for name in ("fileinfo", "files")
    for key, target in {
        "filename": "file.name",
        "md5": "file.hash.md5",
        "sha1": "file.hash.sha1",
        "sha256": "file.hash.sha256",
        "size": "file.size",
    }.items()
}
_MAIL: Mapping[str, Target] = {
    "smtp.mail_from": "email.from.address",
    "smtp.rcpt_to": "email.to.address",
    "email.from": mailboxes("email.from.address"),
    "email.to": mailboxes("email.to.address"),
    "email.subject": "email.subject",
}
_ALERT: Mapping[str, Target] = {
    "alert.signature_id": "rule.id",
    "alert.signature": "rule.name",
    "alert.action": "event.action",
}
_ALL: Mapping[str, Target] = {**_HTTP, **_DNS, **_TLS, **_FILE, **_MAIL, **_ALERT}

SCHEMA = Schema(
    {
        "": Kind("network", _ALL),
        "alert": Kind("intrusion_detection", _ALL),
        "dns": Kind("dns", _ALL),
        "http": Kind("web", _ALL),
        "fileinfo": Kind("file", _ALL),
        "smtp": Kind("email", _ALL),
    },
    choose=lambda fields: fields.get("event_type", ""),
    common=_COMMON,
)
"""Facts of EVE's events."""
