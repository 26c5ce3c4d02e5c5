"""Patterns as forms carry them: what is kept, what is made coarser, and what takes the whole pattern with it."""

from __future__ import annotations

import pytest

from tocsin.sharing.redaction.patterns import pattern

MD5, SHA1, SHA256, SHA512 = "a" * 32, "b" * 40, "c" * 64, "D" * 128
KEPT = [
    "[domain-name:value = 'evil.example.com']",
    "[url:value = 'http://evil.example.com/']",
    f"[file:hashes.MD5 = '{MD5}']",
    f"[file:hashes.'SHA-1' = '{SHA1}']",
    f"[file:hashes.'SHA-256' = '{SHA256}']",
    f"[file:hashes.'SHA-512' = '{SHA512}']",
    "[ipv4-addr:value ISSUBSET '8.8.0.0/16']",
    "[ipv6-addr:value ISSUBSET '2001:db9::/32']",
    "[domain-name:value IN ('a.example.com', 'b.example.com')]",
    "[network-traffic:dst_port = 443]",
    "[network-traffic:src_port IN (0, 65535)]",
    "[autonomous-system:number = 0]",
    "[autonomous-system:number = 4294967295]",
    f"[x509-certificate:hashes.'SHA-256' = '{SHA256}']",
    f"[x509-certificate:hashes.'SHA-256' IN ('{SHA256}')]",
    "[domain-name:value = 'a.example.com'] REPEATS 5 TIMES",
    "[domain-name:value = 'a.example.com'] REPEATS 5 TIMES WITHIN 30 SECONDS",
]
"""Without a value of a person: every form carries them as they are."""
COARSE = [
    (
        "[ipv4-addr:value = '8.8.8.8']",
        "[ipv4-addr:value = '8.8.8.8']",
        "[ipv4-addr:value ISSUBSET '8.8.8.0/24']",
    ),
    (
        "[ipv4-addr:value = '8.8.8.0/22']",
        "[ipv4-addr:value = '8.8.8.0/22']",
        "[ipv4-addr:value ISSUBSET '8.8.8.0/22']",
    ),
    (
        "[ipv6-addr:value = '2001:db9::1']",
        "[ipv6-addr:value = '2001:db9::1']",
        "[ipv6-addr:value ISSUBSET '2001:db9::/48']",
    ),
    (
        "[url:value = 'http://evil.example.com/a?u=bob']",
        "[url:value LIKE 'http://evil.example.com/a%']",
        "[url:value LIKE 'http://evil.example.com/%']",
    ),
    (
        "[url:value = 'http://evil.example.com/a']",
        "[url:value = 'http://evil.example.com/a']",
        "[url:value LIKE 'http://evil.example.com/%']",
    ),
    (
        "[email-addr:value = 'bob@evil.example.com']",
        "[email-addr:value = 'bob@evil.example.com']",
        "[email-addr:value LIKE '%@evil.example.com']",
    ),
    ("[ipv4-addr:value IN ('8.8.8.8', '9.9.9.9')]", "[ipv4-addr:value IN ('8.8.8.8', '9.9.9.9')]", None),
    (
        "[ipv4-addr:value IN ('8.8.8.8')]",
        "[ipv4-addr:value IN ('8.8.8.8')]",
        "[ipv4-addr:value ISSUBSET '8.8.8.0/24']",
    ),
    (
        "[ipv4-addr:value ISSUBSET '8.8.8.8/32']",
        "[ipv4-addr:value ISSUBSET '8.8.8.8/32']",
        "[ipv4-addr:value ISSUBSET '8.8.8.0/24']",
    ),
    (
        "[url:value IN ('http://a.example.com/x')]",
        "[url:value IN ('http://a.example.com/x')]",
        "[url:value LIKE 'http://a.example.com/%']",
    ),
    (
        "[url:value IN ('http://a.example.com/x', 'http://b.example.com/x')]",
        "[url:value IN ('http://a.example.com/x', 'http://b.example.com/x')]",
        None,
    ),
    (
        "[email-addr:value IN ('bob@a.example.com')]",
        "[email-addr:value IN ('bob@a.example.com')]",
        "[email-addr:value LIKE '%@a.example.com']",
    ),
    (
        "[email-addr:value IN ('bob@a.example.com', 'ann@a.example.com')]",
        "[email-addr:value IN ('bob@a.example.com', 'ann@a.example.com')]",
        None,
    ),
    (
        "[ipv4-addr:value = '8.8.8.8' OR domain-name:value = 'a.example.com']",
        "[ipv4-addr:value = '8.8.8.8' OR domain-name:value = 'a.example.com']",
        "[ipv4-addr:value ISSUBSET '8.8.8.0/24' OR domain-name:value = 'a.example.com']",
    ),
    (
        "[ipv4-addr:value = '8.8.8.8'] AND [domain-name:value = 'a.example.com']",
        "[ipv4-addr:value = '8.8.8.8'] AND [domain-name:value = 'a.example.com']",
        "[ipv4-addr:value ISSUBSET '8.8.8.0/24'] AND [domain-name:value = 'a.example.com']",
    ),
    (
        "[ipv4-addr:value = '8.8.8.8'] OR [domain-name:value = 'a.example.com']",
        "[ipv4-addr:value = '8.8.8.8'] OR [domain-name:value = 'a.example.com']",
        "[ipv4-addr:value ISSUBSET '8.8.8.0/24'] OR [domain-name:value = 'a.example.com']",
    ),
    (
        "[ipv4-addr:value = '8.8.8.8'] FOLLOWEDBY [domain-name:value = 'a.example.com']",
        "[ipv4-addr:value = '8.8.8.8'] FOLLOWEDBY [domain-name:value = 'a.example.com']",
        "[ipv4-addr:value ISSUBSET '8.8.8.0/24'] FOLLOWEDBY [domain-name:value = 'a.example.com']",
    ),
    (
        "([domain-name:value = 'a.example.com'] AND [ipv4-addr:value = '8.8.8.8']) WITHIN 30 SECONDS",
        "([domain-name:value = 'a.example.com'] AND [ipv4-addr:value = '8.8.8.8']) WITHIN 30 SECONDS",
        "([domain-name:value = 'a.example.com'] AND [ipv4-addr:value ISSUBSET '8.8.8.0/24']) WITHIN 30 SECONDS",
    ),
    ("[url:value = 'http://a.example.com/it\\'s']", None, "[url:value LIKE 'http://a.example.com/%']"),
    ("[url:value = 'http://a.example.com/b\\\\c']", None, "[url:value LIKE 'http://a.example.com/%']"),
    ("[email-addr:value = 'a\\\\b@a.example.com']", None, "[email-addr:value LIKE '%@a.example.com']"),
]
"""A pattern, what a form carries of it, and what one without personal data does."""
GONE = [
    "[ipv4-addr:value = '10.0.0.1']",
    "[ipv4-addr:value = '2001:db9::1']",
    "[ipv6-addr:value = '8.8.8.8']",
    "[ipv6-addr:value = 'fe80::1']",
    "[ipv6-addr:value = 'fe80::1%x']",
    "[ipv6-addr:value = '2003::1%Zwiebelfisch']",
    "[url:value = 'http://[2003::1%25Zwiebelfisch]/']",
    "[domain-name:value = 'pc1.corp']",
    "[domain-name:value = 'no domain']",
    "[url:value = 'ldap://evil.example.com/']",
    "[email-addr:value = 'bob']",
    f"[file:hashes.MD5 = '{SHA1}']",
    f"[domain-name:hashes.MD5 = '{MD5}']",
    "[file:value = 'x.example.com']",
    "[ipv4-addr:value IN ('8.8.8.8', '10.0.0.1')]",
    "[ipv4-addr:value ISSUPERSET '8.8.8.8/32']",
    "[domain-name:value ISSUBSET 'a.example.com']",
    "[ipv4-addr:value NOT = '8.8.8.8']",
    "[ipv4-addr:value != '8.8.8.8']",
    "[ipv4-addr:value NOT IN ('8.8.8.8')]",
    "[domain-name:value LIKE '%.example.com']",
    "[domain-name:value MATCHES 'a']",
    "[domain-name:value > 'a.example.com']",
    "[domain-name:value IN ('a.example.com', 'pc1.corp')]",
    "[network-traffic:dst_port = 65536]",
    "[network-traffic:dst_port = -1]",
    "[network-traffic:dst_port = '443']",
    "[network-traffic:dst_port = true]",
    "[network-traffic:src_byte_count = 443]",
    "[network-traffic:dst_port > 443]",
    "[autonomous-system:number = 4294967296]",
    "[autonomous-system:number = '5']",
    "[autonomous-system:number = 5.5]",
    "[autonomous-system:name = 'x']",
    f"[file:hashes.MD5 IN ('{MD5}', '{SHA1}')]",
    "[file:hashes.MD5 = 5]",
    "[x509-certificate:subject = 'CN=Bob']",
    "[file:name = 'bob.exe']",
    f"[artifact:hashes.MD5 = '{MD5}']",
    "[domain-name:value = 5]",
    "[ipv4-addr:value = 5]",
    "[url:value = 5]",
    "[email-addr:value = 5]",
    "[ipv4-addr:value = '8.8.8.8' AND network-traffic:dst_port = 443]",
    "[ipv4-addr:value = '8.8.8.8' AND user-account:user_id = 'bob']",
    "[ipv4-addr:value = '8.8.8.8'] FOLLOWEDBY [file:name = 'bob']",
    "[domain-name:value = 'a.example.com'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'",
    "not a pattern",
    "[domain-name:value = 'a.example.com'",
    "EXISTS x",
    "[email-addr:value = 'o\\'brien@a.example.com']",
    "[EXISTS domain-name:value]",
    "[domain-name:resolves_to_refs[*].value = '8.8.8.8']",
    "[ipv4-addr:value = 't\\'x']",
]
"""Of other things, of inside a network, wrong, or such that a dropped part would change what they mean."""


@pytest.mark.parametrize("text", KEPT)
def test_what_is_kept(text: str) -> None:
    assert pattern(text, coarse=False) == text
    assert pattern(text, coarse=True) == text


@pytest.mark.parametrize(("text", "redacted", "minimised"), COARSE)
def test_what_is_made_coarser(text: str, redacted: str | None, minimised: str | None) -> None:
    assert pattern(text, coarse=False) == redacted
    assert pattern(text, coarse=True) == minimised


@pytest.mark.parametrize("text", GONE)
def test_what_goes(text: str) -> None:
    assert pattern(text, coarse=False) is None
    assert pattern(text, coarse=True) is None


def _either(length: int) -> str:
    """A pattern of that many characters."""
    begun = "[domain-name:value = 'a.example.com'"
    more = " OR domain-name:value = 'b.example.com'"
    text = begun + more * ((length - len(begun) - 1) // len(more)) + "]"
    return text.replace("'a.", f"'{'a' * (length - len(text) + 1)}.", 1)


def test_one_that_is_too_long_is_not_read() -> None:
    longest = _either(20_000)
    assert len(longest) == 20_000
    assert pattern(longest, coarse=True) == longest
    assert pattern(_either(20_001), coarse=True) is None
