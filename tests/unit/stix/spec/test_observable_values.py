from __future__ import annotations

import pytest

from tocsin.stix.spec import observable_values as o

MAC = "00:1b:44:11:3a:b7"
CPE = "cpe:2.3:a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*"


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (o.ipv4, ["198.51.100.1", "0.0.0.0", "255.255.255.255/32", "10.0.0.0/8"]),
        (o.ipv6, ["::", "2001:db8::1", "2001:DB8::/32", "::ffff:198.51.100.1", "::/0"]),
        (o.mac, [MAC]),
        (o.cpe, [CPE, r"cpe:2.3:a:a\:b:c:-:*:*:*:*:*:*:*"]),
        (o.domain_name, ["example.com", "example.com.", "_dmarc.example.com", "bücher.example", "localhost"]),
        (o.email_address, ["a@example.com", '"a b"@example.com', "a+b@[192.0.2.1]"]),
        (o.url, ["https://example.com/a?b#c", "hxxp://example.com", "mailto:a@b.c", "urn:a:b"]),
        (o.charset, ["utf-8", "ISO-8859-1", "windows-1252", "ISO_8859-1:1987"]),
        (o.registry_key, [r"HKEY_LOCAL_MACHINE\System\Foo", r"hkey_users\a"]),
    ],
)
def test_right(check, values) -> None:
    for value in values:
        assert check(value) is None, value


@pytest.mark.parametrize(
    ("check", "rule", "values"),
    [
        (o.ipv4, "ipv4", ["", "256.1.1.1", "1.1.1", "1.1.1.1/33", "1.1.1.1 ", "1.1.1.1\n", "\u0661.1.1.1"]),
        (o.ipv6, "ipv6", ["", ":::", "::1/129", "::1/", "::1/-1", "fe80::1%eth0", "198.51.100.1"]),
        (o.mac, "mac", ["", "00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7", MAC + ":00", MAC + "\n"]),
        (o.cpe, "cpe", ["", "cpe:/a:b:c", CPE + ":*", CPE[:-2], CPE.replace("2.3", "2.4")]),
        (
            o.domain_name,
            "domain",
            ["", ".", "a..b", "a b", "a@b.c", "http://a.b", "a.b:80", "a" * 64, "a." * 130],
        ),
        (o.email_address, "email", ["", "a", "a@", "@b", "a@b@c", "A <a@example.com>", "a b@example.com"]),
        (o.url, "url", ["", "example.com", "//example.com", "http:", "http://a b", "1http://a"]),
        (o.charset, "charset", ["", "utf 8", "-", "ü", "a" * 61]),
        (o.registry_key, "hive", [r"HKLM\System", "hkcu", r"hkpd\a"]),
    ],
)
def test_wrong(check, rule, values) -> None:
    for value in values:
        assert [issue.rule for issue in check(value) or ()] == [rule], value


@pytest.mark.parametrize(
    "check", [o.ipv4, o.ipv6, o.mac, o.cpe, o.domain_name, o.email_address, o.url, o.charset]
)
@pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": 1}])
def test_no_text(check, value) -> None:
    assert [issue.rule for issue in check(value)] == ["type"]
