from __future__ import annotations

import pytest

from tocsin.telemetry import splits


@pytest.mark.parametrize(
    ("split", "value", "found"),
    [
        (splits.end("source"), "1.2.3.4:80", [("source.ip", "1.2.3.4"), ("source.port", "80")]),
        (splits.end("source"), "[2001:db8::1]:80", [("source.ip", "2001:db8::1"), ("source.port", "80")]),
        (splits.end("source"), "2001:db8::1", [("source.ip", "2001:db8::1")]),
        (splits.end("source"), "host.example:8", [("source.ip", "host.example"), ("source.domain", "host.example"), ("source.port", "8")]),
        (splits.account("user"), "CORP\\jane", [("user.domain", "CORP"), ("user.name", "jane")]),
        (splits.account("user"), "a@b.example", [("user.name", "a@b.example"), ("user.email", "a@b.example")]),
        (splits.transport, "17", [("network.transport", "udp")]),
        (splits.transport, "TCP", [("network.transport", "tcp")]),
        (splits.answers, "1.2.3.4", [("dns.resolved_ip", "1.2.3.4")]),
        (splits.answers, "type:  5 a.example;::ffff:1.2.3.4;", [("dns.answers.name", "a.example"), ("dns.resolved_ip", "::ffff:1.2.3.4")]),
        (splits.url, "https://u:p@a.example:8443/x?y", [("url.full", "https://u:p@a.example:8443/x?y"), ("url.domain", "a.example")]),
        (splits.request, "GET /x y HTTP/1.1", [("http.request.method", "GET"), ("url.path", "/x y")]),
        (splits.request, "\\x16\\x03", []),
        (splits.one_hash("file"), "a" * 64, [("file.hash.sha256", "a" * 64)]),
        (splits.one_hash("file"), "a" * 63, []),
        (splits.mailboxes("email.to.address"), '"B" <b@c.example>, d@e.example', [("email.to.address", "b@c.example"), ("email.to.address", "d@e.example")]),
        (splits.registry_value, "HKLM\\a\\b", [("registry.path", "HKLM\\a\\b"), ("registry.value", "b")]),
        (splits.mapped("event.outcome", {"x": "y"}), "x", [("event.outcome", "y")]),
        (splits.mapped("event.outcome", {"x": "y"}), "z", []),
    ],
)  # fmt: skip
def test_splits(split, value, found):
    assert list(split(value)) == found


def test_hashes_by_name():
    value = f"SHA-256={'B' * 64}, md5:{'a' * 32}; IMPHASH={'c' * 32},SHA1=short"
    assert dict(splits.hashes("dll")(value)) == {
        "dll.hash.sha256": "B" * 64,
        "dll.hash.md5": "a" * 32,
        "dll.pe.imphash": "c" * 32,
    }
