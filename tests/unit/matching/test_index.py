from __future__ import annotations

import pytest

from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.addresses import parse_ipv6
from tocsin.matching.suffixes import is_public_suffix
from tocsin.matching.values import classify, split_url


def _index(*texts):
    values = [classify(text) for text in texts]
    return Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(values))


@pytest.mark.parametrize("name", ["co.uk", "com", "duckdns.org", "github.io"])
def test_public_suffixes(name):
    assert is_public_suffix(name)


def test_a_public_suffix_stands_for_itself_alone():
    index = _index("co.uk", "evil.co.uk")
    assert list(index.name("co.uk")) == [0]
    assert list(index.name("www.evil.co.uk")) == [1]
    assert list(index.name("other.co.uk")) == []
    assert index.suffixes == {0}


def test_names_at_label_boundaries():
    index = _index("evil.example", "www.evil.example")
    assert list(index.name("a.www.evil.example")) == [1, 0]
    assert list(index.name("notevil.example")) == []
    assert list(index.name("evil.example.org")) == []


def test_only_the_end_of_an_overlong_name_is_looked_up():
    index = _index("evil.example")
    assert list(index.name("a." * 1_000_000 + "evil.example")) == [0]
    assert list(index.name("a" * 1_000_000 + "evil.example")) == []


def test_ranges_of_all_lengths():
    index = _index("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "2001:db8::/32")
    assert set(index.ipv4("10.1.2.3")) == {0, 1, 2, 3}
    assert set(index.ipv4("10.1.255.255")) == {0, 1}
    assert set(index.ipv4("11.0.0.0")) == set()
    assert list(index.ipv6(parse_ipv6("2001:db8:ffff::1"))) == [4]
    assert list(index.ipv6(parse_ipv6("2001:db9::"))) == []


def test_one_value_of_many_indicators():
    index = _index(*["1.2.3.4"] * 1000)
    assert list(index.ipv4("1.2.3.4")) == list(range(1000))
    assert len(index) == 1000
    assert index.counts() == {"ipv4": 1000}


@pytest.mark.parametrize(
    ("url", "host", "rest"),
    [
        ("http://evil.example/x", "evil.example", "evil.example/x"),
        ("http://evil.example:8080/x:y", "evil.example", "evil.example:8080/x:y"),
        ("http://[2001:db8::1]:8080/", "[2001:db8::1]", "[2001:db8::1]:8080/"),
    ],
)
def test_parts_of_urls(url, host, rest):
    found = split_url(url)
    assert (found.host, found.rest) == (host, rest)


def test_the_scheme_is_compared_where_the_log_tells_it():
    index = _index("https://evil.example/x")
    assert list(index.url("https://evil.example/x")) == [0]
    assert list(index.url("http://evil.example/x")) == []
    assert list(index.url_without_scheme("evil.example/x")) == [0]
    assert list(index.url_without_scheme("evil.example:443/x")) == [0]
    assert list(index.url_without_scheme("evil.example:80/x")) == [0]
    assert list(index.url_without_scheme("evil.example:8443/x")) == []
