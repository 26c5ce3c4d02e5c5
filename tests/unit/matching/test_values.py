from __future__ import annotations

import pytest

from tocsin.errors import FormatError
from tocsin.matching.values import Value, classify, normalise, refang, view_of


@pytest.mark.parametrize(
    ("kind", "text", "normal"),
    [
        ("ipv4", " 1.2.3.4 ", "1.2.3.4"),
        ("ipv4", "1.2.3[.]4", "1.2.3.4"),
        ("ipv6", "2001:0DB8::0:1", "2001:db8::1"),
        ("ipv6", "[2001:db8::1]", "2001:db8::1"),
        ("ipv6", "fe80::1%eth0", "fe80::1"),
        ("ipv6", "::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("cidr", "198.51.100.77/25", "198.51.100.0/25"),
        ("cidr", "2001:db8:5::9/48", "2001:db8:5::/48"),
        ("domain", "WWW.Evil.Example.", "www.evil.example"),
        ("domain", "*.evil.example", "evil.example"),
        ("domain", "evil[.]example", "evil.example"),
        ("domain", "evil(dot)example", "evil.example"),
        ("domain", "Bücher.example", "xn--bcher-kva.example"),
        ("domain", "faß.de", "xn--fa-hia.de"),
        ("domain", "☃.net", "xn--n3h.net"),
        ("domain", "_dmarc.evil.example", "_dmarc.evil.example"),
        ("url", "hxxp://Evil[.]Example", "http://evil.example/"),
        ("url", "HTTPS://evil.example:443/a/./b/../c", "https://evil.example/a/c"),
        ("url", "http://evil.example:8080", "http://evil.example:8080/"),
        ("url", "http://evil.example/%7euser/%c3%a9#top", "http://evil.example/~user/%C3%A9"),
        ("url", "http://evil.example/é?q=a b", "http://evil.example/%C3%A9?q=a%20b"),
        ("url", "http://user:pw@evil.example/", "http://evil.example/"),
        ("url", "http://ev%69l.example/", "http://evil.example/"),
        ("url", "http://[2001:DB8:0::1]:80/x", "http://[2001:db8::1]/x"),
        ("url", "http://evil.example/a/../../b/..", "http://evil.example/"),
        ("url", "hxxps[://]evil.example/x", "https://evil.example/x"),
        ("email", "Bob[at]Evil[.]example", "bob@evil.example"),
        ("email", "mailto:o'neil@x.example", "o'neil@x.example"),
        ("md5", "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"),
    ],
)
def test_normal_spelling(kind, text, normal):
    assert normalise(kind, text) == normal
    assert normalise(kind, normal) == normal


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ipv4", "1.2.3"),
        ("ipv4", "01.2.3.4"),
        ("ipv4", "1.2.3.256"),
        ("ipv4", "\u0661.2.3.4"),
        ("ipv6", "1:2:3"),
        ("ipv6", "1::2::3"),
        ("ipv6", "1:2:3:4:5:6:7:8:9"),
        ("ipv6", "::1.2.3.4.5"),
        ("cidr", "1.2.3.0/33"),
        ("cidr", "1.2.3.0/+8"),
        ("cidr", "1.2.3.4"),
        ("domain", "evil..example"),
        ("domain", "-evil.example"),
        ("domain", "evil.example/x"),
        ("domain", "1.2.3.4"),
        ("domain", ""),
        ("domain", "a" * 64 + ".example"),
        ("domain", ".".join(["a" * 50] * 6)),
        ("url", "evil.example/x"),
        ("url", "http:///x"),
        ("url", "http://evil.example:99999/"),
        ("url", "http://[::1/"),
        ("url", "http://*.evil.example/"),
        ("email", "evil.example"),
        ("email", "a b@evil.example"),
        ("md5", "d41d8cd98f00b204e9800998ecf8427"),
        ("sha1", "d41d8cd98f00b204e9800998ecf8427e"),
        ("sha256", "g" * 64),
    ],
)
def test_what_is_none(kind, text):
    with pytest.raises(FormatError):
        normalise(kind, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hxxp://evil[.]example/x", Value("url", "http://evil.example/x")),
        ("198.51.100.0/25", Value("cidr", "198.51.100.0/25")),
        ("a" * 40, Value("sha1", "a" * 40)),
        ("evil.example", Value("domain", "evil.example")),
        ("bob@evil.example", Value("email", "bob@evil.example")),
    ],
)
def test_classify(text, value):
    assert classify(text) == value


def test_classify_says_no():
    with pytest.raises(FormatError, match="is no address"):
        classify("two words")


def test_refang_leaves_plain_text_alone():
    plain = "see (at the top) [x] evil.example (http) {a: 1}"
    assert refang(plain) == plain
    assert view_of(plain) is None


def test_view_finds_its_way_back():
    text = "x hxxp://evil[.]example(dot)org y"
    view = view_of(text)
    assert view is not None
    assert view.text == "x http://evil.example.org y"
    start = view.text.index("example")
    assert text[view.original(start) :].startswith("example(dot)org")
    assert view.original(len(view.text)) == len(text)
