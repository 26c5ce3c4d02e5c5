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
