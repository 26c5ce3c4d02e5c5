from __future__ import annotations

import pytest

from tocsin.matching import Entry, Indicator, Passed, entries_of
from tocsin.matching.entries import observable_entries, passed_over

SHA256 = "5d1b9c3fbb7e4a9f3c2f6c0b1d8e7a6f4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e"


def _of(pattern, **more):
    return [
        (each.kind, each.value) if isinstance(each, Entry) else each.rule
        for each in entries_of(Indicator(id="indicator--1", pattern=pattern, **more))
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[domain-name:value = 'Evil.Example']", [("domain", "evil.example")]),
        ("[ipv4-addr:value = '1.2.3.4']", [("ipv4", "1.2.3.4")]),
        ("[ipv4-addr:value = '198.51.100.0/24']", [("cidr", "198.51.100.0/24")]),
        ("[ipv4-addr:value ISSUBSET '198.51.100.0/25']", [("cidr", "198.51.100.0/25")]),
        ("[ipv4-addr:value ISSUBSET '1.2.3.4/32']", [("ipv4", "1.2.3.4")]),
        ("[ipv6-addr:value = '2001:db8::1/128']", [("ipv6", "2001:db8::1")]),
        ("[ipv6-addr:value = '::FFFF:1.2.3.4']", [("ipv4", "1.2.3.4")]),
        ("[ipv4-addr:value IN ('1.2.3.4', '5.6.7.8')]", [("ipv4", "1.2.3.4"), ("ipv4", "5.6.7.8")]),
        ("[url:value = 'hxxp://evil[.]example/x']", [("url", "http://evil.example/x")]),
        (f"[file:hashes.'SHA-256' = '{SHA256}']", [("sha256", SHA256)]),
        (f"[artifact:hashes.'SHA-256' = '{SHA256}']", [("sha256", SHA256)]),
        ("[email-message:from_ref.value = 'a@b.example']", [("email", "a@b.example")]),
        ("[network-traffic:dst_ref.value = '1.2.3.4']", [("ipv4", "1.2.3.4")]),
        ("[network-traffic:dst_ref.value = 'evil.example']", [("domain", "evil.example")]),
        (
            "[domain-name:value = 'a.example'] OR [ipv4-addr:value = '1.2.3.4']",
            [("domain", "a.example"), ("ipv4", "1.2.3.4")],
        ),
        ("[ipv4-addr:value = '1.2.3.4'] AND [domain-name:value = 'a.example']", ["pattern-needs-evaluation"]),
        ("[ipv4-addr:value != '1.2.3.4']", ["pattern-needs-evaluation"]),
        ("[domain-name:value = 'a.example'] REPEATS 5 TIMES", ["pattern-needs-evaluation"]),
        ("[process:name = 'x.exe']", ["kind"]),
        ("[file:size = 7]", ["kind"]),
        ("[file:hashes.SSDEEP = '3:a:b']", ["kind"]),
        ("[domain-name:value = 'not a name']", ["value"]),
        ("[domain-name:value = 'com']", ["single-label"]),
        ("[domain-name:value = '.']", ["value"]),
        ("[ipv4-addr:value ISSUBSET '0.0.0.0/0']", ["wide-range"]),
        ("[ipv6-addr:value ISSUBSET '2000::/3']", ["wide-range"]),
        ("[ipv4-addr:value = '127.0.0.1']", ["no-host"]),
        ("[ipv4-addr:value = '0.0.0.0']", ["no-host"]),
        ("[ipv4-addr:value = '255.255.255.255/32']", ["no-host"]),
        ("[ipv4-addr:value ISSUBSET '239.0.0.0/8']", ["no-host"]),
        ("[ipv6-addr:value = '::1']", ["no-host"]),
        ("[ipv6-addr:value = '::ffff:127.0.0.1']", ["no-host"]),
        ("[ipv6-addr:value = 'ff02::fb']", ["no-host"]),
        ("[ipv6-addr:value = '::ffff:0:0/96']", ["wide-range"]),
        ("[ipv6-addr:value = '::ffff:198.51.100.0/120']", [("cidr", "198.51.100.0/24")]),
        ("[url:value = 'http://127.0.0.1:8080/x']", ["no-host"]),
        ("[url:value = 'http://localhost/x']", ["no-host"]),
        ("[url:value = 'http://[::1]/x']", ["no-host"]),
        (
            "[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']",
            ["empty-file"],
        ),
        ("[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", ["empty-file"]),
        ("[ipv4-addr:value = '128.0.0.1']", [("ipv4", "128.0.0.1")]),
        ("[ipv4-addr:value = '10.0.0.1']", [("ipv4", "10.0.0.1")]),
        ("[file:hashes.MD5 = ", ["pattern"]),
    ],
)
def test_entries(pattern, expected):
    assert _of(pattern) == expected


def test_other_languages_are_passed_over():
    assert _of("rule x { condition: true }", pattern_type="yara") == ["pattern-type"]


def test_reasons_name_the_indicator():
    passed = next(iter(entries_of(Indicator(id="indicator--7", pattern="[domain-name:value = 'com']"))))
    assert isinstance(passed, Passed)
    assert passed.indicator == "indicator--7"
    assert "ordinary words" in passed.reason


def test_validity_ends_at_valid_until():
    entry = Entry("domain", "a.example", Indicator(id="indicator--1", valid_from=10, valid_until=20))
    assert [entry.valid_at(at) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert Entry("domain", "a.example", Indicator(id="indicator--1")).valid_at(0)


def test_observables():
    indicator = Indicator(id="file--1", observable=True)
    data = {"type": "file", "hashes": {"SHA-256": SHA256, "SSDEEP": "3:a:b"}}
    found = list(observable_entries(indicator, data))
    assert [type(each) for each in found] == [Entry, Passed]
    assert found[0].value == SHA256
    assert [
        e.value for e in observable_entries(indicator, {"type": "domain-name", "value": "A.example"})
    ] == ["a.example"]
    assert list(observable_entries(indicator, {"type": "mutex", "name": "x"})) == []


@pytest.mark.parametrize(
    ("pattern", "rules"),
    [
        ("[ipv4-addr:value = '0.0.0.0/0']", ["wide-range"]),
        ("[ipv4-addr:value = '0.0.0.0/0' OR ipv4-addr:value = '1.2.3.4']", []),
        ("[process:name = 'x.exe']", []),
        ("[domain-name:value = 'com'] OR [ipv4-addr:value = '127.0.0.1']", ["single-label", "no-host"]),
        ("[file:hashes.MD5 = ", ["pattern"]),
    ],
)
def test_an_indicator_that_nothing_is_looked_for_says_why(pattern, rules):
    assert [each.rule for each in passed_over(Indicator(id="indicator--1", pattern=pattern))] == rules
    assert passed_over(Indicator(id="indicator--1", pattern="rule x {}", pattern_type="yara")) == []
