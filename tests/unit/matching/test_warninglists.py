from __future__ import annotations

import pytest

from tocsin.matching.warninglists import Listed, Warninglists

IPS = ("ip-src", "ip-dst", "domain|ip")
NAMES = ("hostname", "domain", "url")
LISTS = Warninglists(
    [
        Listed("resolvers", "cidr", IPS, ("8.8.8.8", "9.9.9.0/24", "2001:4860:4860::8888", "nonsense")),
        Listed("top sites", "hostname", NAMES, ("google.example", ".shop.example")),
        Listed("empty hashes", "string", ("md5", "sha1"), ("D41D8CD98F00B204E9800998ECF8427E",)),
        Listed("dynamic", "substring", NAMES, (".dyn.",)),
        Listed("numbers", "regex", ("email-src",), (r"(?i)^[0-9]+@", "(")),
        Listed("everything", "string", (), ("any.example",)),
        Listed("new kind", "fuzzy", (), ("x",)),
    ]
)


@pytest.mark.parametrize(
    ("kind", "value", "names"),
    [
        ("ipv4", "8.8.8.8", ("resolvers",)),
        ("ipv4", "8.8.4.4", ()),
        ("ipv4", "9.9.9.77", ("resolvers",)),
        ("ipv6", "2001:4860:4860::8888", ("resolvers",)),
        ("cidr", "9.9.9.128/25", ("resolvers",)),
        ("cidr", "9.9.0.0/16", ()),
        ("url", "http://8.8.8.8/x", ()),
        ("domain", "google.example", ("top sites",)),
        ("domain", "www.google.example", ("top sites",)),
        ("domain", "notgoogle.example", ()),
        ("domain", "a.shop.example", ("top sites",)),
        ("url", "http://www.google.example:8080/x", ("top sites",)),
        ("domain", "x.dyn.example", ("dynamic",)),
        ("md5", "d41d8cd98f00b204e9800998ecf8427e", ("empty hashes",)),
        ("sha256", "d41d8cd98f00b204e9800998ecf8427e", ()),
        ("email", "123@x.example", ("numbers",)),
        ("email", "a123@x.example", ()),
        ("domain", "any.example", ("everything",)),
    ],
)
def test_names(kind, value, names):
    assert LISTS.names(kind, value) == names


def test_what_cannot_be_read_is_counted():
    assert LISTS.unreadable == 3


@pytest.mark.parametrize(
    ("kind", "value", "listed"),
    [
        ("domain", "duckdns.org", ("most used",)),
        ("domain", "evil.duckdns.org", ()),
        ("domain", "api.evil.duckdns.org", ()),
        ("url", "https://evil.duckdns.org/up", ()),
        ("domain", "x.execute-api.us-east-1.amazonaws.com", ()),
        ("domain", "console.amazonaws.com", ("most used",)),
        ("domain", "dyn.example", ("List of known dynamic DNS domains",)),
        ("domain", "evil.dyn.example", ()),
    ],
)
def test_names_that_belong_to_others_are_not_harmless_with_the_name_above_them(kind, value, listed):
    lists = Warninglists(
        (
            Listed("most used", "hostname", (), ("duckdns.org", "amazonaws.com")),
            Listed("List of known dynamic DNS domains", "hostname", (), ("dyn.example",)),
        )
    )
    assert lists.names(kind, value) == listed


def test_what_is_inside_a_range_or_below_a_name():
    lists = Warninglists(
        [
            Listed("resolvers", "cidr", (), ("8.8.8.8/32", "9.0.0.0/8", "2001:4860:4860::8888/128")),
            Listed("texts", "string", (), ("1.1.1.1", "a.b.example.net")),
            Listed("popular", "hostname", ("hostname", "domain"), ("www.example.com",)),
            Listed("mail", "hostname", ("email",), ("mail.example.org",)),
        ]
    )
    assert lists.within("cidr", "8.8.0.0/16") == ("resolvers",)
    assert lists.within("cidr", "1.1.1.0/24") == ("texts",)
    assert lists.within("cidr", "2001:4860::/32") == ("resolvers",)
    assert lists.within("cidr", "8.8.9.0/24") == ()
    assert lists.within("cidr", "9.1.0.0/16") == ()
    assert lists.names("cidr", "9.1.0.0/16") == ("resolvers",)
    assert lists.within("domain", "example.com") == ("popular",)
    assert lists.within("domain", "example.net") == ("texts",)
    assert lists.within("domain", "www.example.com") == ()
    assert lists.within("domain", "example.org") == ()
    assert lists.within("domain", "com") == ()
    assert lists.within("url", "http://example.com/") == ()


def test_parts_are_found_wherever_they_stand_in_a_value():
    parts = ("ab", "b", "abcd", "bcde", "xabcdef")
    lists = Warninglists(Listed(each, "substring", (), (each.upper(),)) for each in parts)
    for value in (
        "ab",
        "b.example",
        "zabcdz.example",
        "abcde.example",
        "xabcde",
        "xabcdef.example",
        "a",
        "c-d",
    ):
        assert lists.names("domain", value) == tuple(sorted(each for each in parts if each in value)), value
