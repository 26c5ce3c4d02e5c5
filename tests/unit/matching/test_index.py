from __future__ import annotations

import pytest

from tocsin.matching import Entry, Index, Indicator, scan, scan_text
from tocsin.matching.addresses import parse_ipv6
from tocsin.matching.suffixes import is_public_suffix
from tocsin.matching.values import classify, split_url


def _index(*texts):
    values = [classify(text) for text in texts]
    return Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(values))


def _values(index, positions):
    return [index.entries[position].value for position in positions]


@pytest.mark.parametrize("name", ["co.uk", "com", "duckdns.org", "github.io"])
def test_public_suffixes(name):
    assert is_public_suffix(name)


@pytest.mark.parametrize("name", ["evil.com", "a.co.uk", "www.ck", "city.kawasaki.jp", "evil.example"])
def test_names_that_are_none(name):
    assert not is_public_suffix(name)


def test_a_public_suffix_stands_for_itself_alone():
    index = _index("co.uk", "evil.co.uk")
    assert _values(index, index.name("co.uk")) == ["co.uk"]
    assert _values(index, index.name("www.evil.co.uk")) == ["evil.co.uk"]
    assert list(index.name("other.co.uk")) == []
    assert [index.is_suffix(position) for position in (*index.name("co.uk"), *index.name("evil.co.uk"))] == [
        True,
        False,
    ]


def test_names_at_label_boundaries():
    index = _index("evil.example", "www.evil.example")
    assert _values(index, index.name("a.www.evil.example")) == ["www.evil.example", "evil.example"]
    assert list(index.name("notevil.example")) == []
    assert list(index.name("evil.example.org")) == []


def test_only_the_end_of_an_overlong_name_is_looked_up():
    index = _index("evil.example")
    assert list(index.name("a." * 1_000_000 + "evil.example")) == [0]
    assert list(index.name("a" * 1_000_000 + "evil.example")) == []


def test_ranges_of_all_lengths():
    index = _index("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "2001:db8::/32")
    assert set(_values(index, index.ipv4("10.1.2.3"))) == {
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.2.0/24",
        "10.1.2.3",
    }
    assert set(_values(index, index.ipv4("10.1.255.255"))) == {"10.0.0.0/8", "10.1.0.0/16"}
    assert set(index.ipv4("11.0.0.0")) == set()
    assert _values(index, index.ipv6(parse_ipv6("2001:db8:ffff::1"))) == ["2001:db8::/32"]
    assert list(index.ipv6(parse_ipv6("2001:db9::"))) == []


def _entry(text):
    value = classify(text)
    return Entry(value.kind, value.text, Indicator(id=f"indicator--{text}"))


def test_what_is_added_is_found_beside_what_was_there():
    index = _index("evil.example", "1.2.3.4").changed(add=[_entry("bad.example"), _entry("198.51.0.0/16")])
    index = index.changed(add=[_entry("2001:db8::1")])
    text = "www.bad.example evil.example 198.51.7.7 2001:db8::1 1.2.3.4"
    assert [index.entries[found.entry].value for found in scan_text(text, index)] == [
        "bad.example",
        "evil.example",
        "198.51.0.0/16",
        "2001:db8::1",
        "1.2.3.4",
    ]
    assert [found.value for found in scan(f"quiet\n{text}".encode(), index)] == [
        "www.bad.example",
        "evil.example",
        "198.51.7.7",
        "2001:db8::1",
        "1.2.3.4",
    ]
    assert len(index) == 5


def test_what_is_removed_is_not_found_unless_another_says_it():
    index = _index("evil.example", "evil.example", "1.2.3.4")
    first, second = index.name("evil.example")
    address = index.ipv4("1.2.3.4")[0]
    index = index.changed(add=[_entry("bad.example")]).changed(remove=[first, address])
    assert [found.entry for found in scan_text("evil.example 1.2.3.4", index)] == [second]
    assert index.counts() == {"domain": 2}
    index = index.changed(remove=[second, *index.name("bad.example")])
    assert list(scan(b"evil.example 1.2.3.4 bad.example", index)) == []
    assert len(index) == 0


def test_only_entries_that_are_there_can_be_removed():
    with pytest.raises(IndexError):
        _index("evil.example").changed(remove=[1])


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


@pytest.mark.parametrize("room", ["", "y" * 80 + " "])
def test_what_may_be_in_a_text(room):
    index = _index("evil.example", "1.2.3.4")
    for text in (
        "www.evil.example",
        "1.2.3.4",
        "evil[.]example",
        "a\nevil.example",
        "\udcff evil.example",
        "\ud800 evil.example",
    ):
        assert index.may_hold_each([room + text, text + " " + room]) == [True, True]
    for text in ("", "quiet.example", "1.2.3.5", "evil.example.org", "notevil.example"):
        assert index.may_hold_each([room + text]) == [False]


@pytest.mark.parametrize("count", [0, 1, 7, 300])
def test_what_may_be_in_each_of_some_texts(count):
    index = _index("evil.example", "1.2.3.4")
    texts = [
        ("", "x evil.example", "quiet", "\ud8001.2.3.4", "y" * 200)[n % 5] + " " * (n % 3)
        for n in range(count)
    ]
    assert index.may_hold_each(texts) == [n % 5 in {1, 3} for n in range(count)]


def test_a_text_of_several_lines_is_one_text():
    index = _index("evil.example", "1.2.3.4")
    assert index.may_hold_each(["a\n\nb", "evil.example\n1.2.3.4\n", "", "\n", "x\n1.2.3.4"]) == [
        False,
        True,
        False,
        False,
        True,
    ]


def test_more_texts_than_the_pass_has_room_for():
    index = _index("evil.example")
    assert index.may_hold_each(["evil.example", "quiet.example"] * 3000) == [True, False] * 3000
