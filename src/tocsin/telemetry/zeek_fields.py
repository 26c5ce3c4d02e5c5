"""What the fields of Zeek's logs are (Zeek 7, "Zeek log formats and inspection"), told by `_path` or by the fields that are there."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import account, answers, mailboxes, transport

_CONNECTION: Mapping[str, Target] = {
    "id.orig_h": "source.ip",
    "id.orig_p": "source.port",
    "id.resp_h": "destination.ip",
    "id.resp_p": "destination.port",
    "proto": transport,
    "service": "network.protocol",
    "community_id": "network.community_id",
    "orig_bytes": "source.bytes",
    "resp_bytes": "destination.bytes",
    "orig_pkts": "source.packets",
    "resp_pkts": "destination.packets",
    "orig_l2_addr": "source.mac",
    "resp_l2_addr": "destination.mac",
}
_FILE: Mapping[str, Target] = {
    "md5": "file.hash.md5",
    "sha1": "file.hash.sha1",
    "sha256": "file.hash.sha256",
    "filename": "file.name",
    "tx_hosts": "source.ip",
    "rx_hosts": "destination.ip",
    "total_bytes": "file.size",
}
_KINDS: Mapping[str, Kind] = {
    "conn": Kind("network", {}),
    "dns": Kind(
        "dns",
        {
            "query": "dns.question.name",
            "qtype_name": "dns.question.type",
            "rcode_name": "dns.response_code",
            "answers": answers,
        },
    ),
    "http": Kind(
        "web",
        {
            "method": "http.request.method",
            "host": "url.domain",
            "uri": "url.path",
            "referrer": "http.request.referrer",
            "user_agent": "user_agent.original",
            "status_code": "http.response.status_code",
            "username": "user.name",
        },
    ),
    "ssl": Kind(
        "network",
        {
            "server_name": "tls.client.server_name",
            "ja3": "tls.client.ja3",
            "ja3s": "tls.server.ja3s",
            "ja4": "tls.client.ja4",
            "subject": "tls.server.subject",
            "issuer": "tls.server.issuer",
        },
    ),
    "x509": Kind(
        "network",
        {
            "certificate.serial": "tls.server.x509.serial_number",
            "certificate.subject": "tls.server.subject",
            "certificate.issuer": "tls.server.issuer",
            "fingerprint": "tls.server.hash.sha256",
        },
    ),
    "files": Kind("file", _FILE),
    "pe": Kind("file", {}),
    "smb_files": Kind("file", {"path": "file.path", "name": "file.name"}),
    "smtp": Kind(
        "email",
        {
            "mailfrom": "email.from.address",
            "rcptto": "email.to.address",
            "from": mailboxes("email.from.address"),
            "to": mailboxes("email.to.address"),
            "subject": "email.subject",
            "msg_id": "email.message_id",
            "x_originating_ip": "related.ip",
            "path": "related.ip",
            "user_agent": "user_agent.original",
        },
    ),
    "ssh": Kind("authentication", {"auth_success": "event.outcome"}),
    "kerberos": Kind("authentication", {"client": "user.name", "service": "service.name"}),
    "ntlm": Kind("authentication", {"username": account("user"), "domainname": "user.domain", "hostname": "source.domain"}),
    "ftp": Kind("network", {"user": "user.name", "command": "event.action"}),
    "rdp": Kind("network", {"cookie": "user.name"}),
    "notice": Kind("intrusion_detection", {"note": "rule.name", "msg": "finding.title", "src": "source.ip", "dst": "destination.ip"}),
    "intel": Kind("intrusion_detection", {"seen.indicator": "finding.title"}),
    "dhcp": Kind("network", {"mac": "source.mac", "assigned_addr": "source.ip", "host_name": "source.domain"}),
    **dict.fromkeys(("known_hosts", "known_services"), Kind("host", {"host": "related.ip"})),
    "known_certs": Kind(
        "host",
        {
            "host": "related.ip",
            "subject": "tls.server.subject",
            "issuer_subject": "tls.server.issuer",
            "serial": "tls.server.x509.serial_number",
        },
    ),
    "ocsp": Kind("network", {"serialNumber": "tls.server.x509.serial_number"}),
    "software": Kind("host", {"host": "related.ip", "name": "service.name"}),
}  # fmt: skip
# Where no path is told (TSV gives it in a header, JSON of the plain writer nowhere), the fields that only one log has do it
_TELLING = (
    ("query", "dns"),
    ("qtype", "dns"),
    ("uri", "http"),
    ("method", "http"),
    ("server_name", "ssl"),
    ("cipher", "ssl"),
    ("certificate.serial", "x509"),
    ("fuid", "files"),
    ("helo", "smtp"),
    ("mailfrom", "smtp"),
    ("note", "notice"),
    ("auth_attempts", "ssh"),
    ("request_type", "kerberos"),
    ("domainname", "ntlm"),
    ("assigned_addr", "dhcp"),
    ("conn_state", "conn"),
)


def _choose(fields: Mapping[str, str]) -> str:
    path = fields.get("_path", "")
    if path in _KINDS:
        return path
    return next((kind for name, kind in _TELLING if name in fields), "conn" if "proto" in fields else "")


SCHEMA = Schema({"": Kind("network", {}), **_KINDS}, choose=_choose, common=_CONNECTION)
"""Facts of Zeek's logs."""
