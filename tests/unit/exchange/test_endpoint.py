"""Addresses, origins and what is shown of them."""

from __future__ import annotations

import pytest

from tocsin.errors import ConfigError, ExchangeError
from tocsin.exchange.endpoint import Endpoint, check, is_name, origin


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://CTI.Example.org/taxii2/", "https://cti.example.org"),
        ("https://cti.example.org:443/", "https://cti.example.org"),
        ("https://cti.example.org:8443/x?y", "https://cti.example.org:8443"),
        ("https://cti.example.org./", "https://cti.example.org"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_origin(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cti.example.org",
        "ftp://cti.example.org/",
        "https://",
        "https://user:pw@cti.example.org/",
        "https://user@cti.example.org/",
        "https://cti.example.org:99999/",
        "https://cti.example.org:0/",
        "https://cti example.org/",
        "https://cti.example.org\\@evil.example/",
        "https://[::1/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ConfigError):
        origin(url)


def test_an_address_is_brought_into_normal_form() -> None:
    found = check(Endpoint("p", "https://CTI.example.org/taxii2", allowed=("https://CDN.example.org:443/x",)))
    assert found.url == "https://cti.example.org/taxii2/"
    assert found.allowed == ("https://cdn.example.org",)


@pytest.mark.parametrize("url", ["https://a.example/?q=1", "https://a.example/#top"])
def test_no_query_and_no_fragment(url: str) -> None:
    with pytest.raises(ConfigError, match="no query"):
        check(Endpoint("p", url))


@pytest.mark.parametrize(
    ("url", "allowed", "good"),
    [
        ("http://127.0.0.1:8420/taxii2/", (), True),
        ("http://localhost:8420/", (), True),
        ("http://[::1]:8420/", (), True),
        ("http://taxii:5000/", (), False),
        ("http://10.0.0.5/", (), False),
        ("http://127.0.0.1.evil.example/", (), False),
        ("http://taxii:5000/", ("http://taxii:5000",), True),
        ("http://taxii:5000/", ("http://taxii",), False),
    ],
)
def test_plain_http_leaves_the_machine_only_when_allowed(
    url: str, allowed: tuple[str, ...], good: bool
) -> None:
    endpoint = Endpoint("p", url, allowed=allowed)
    if good:
        assert check(endpoint).url == url
        return
    with pytest.raises(ConfigError, match="plain HTTP"):
        check(endpoint)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://a.example/other/", True),
        ("https://a.example:443/", True),
        ("https://b.example/", True),
        ("http://a.example/", False),
        ("https://a.example:444/", False),
        ("https://a.example.evil.example/", False),
        ("https://a.example@evil.example/", False),
        ("https://evil.example/#https://a.example/", False),
        ("file:///etc/passwd", False),
        ("//a.example/", False),
    ],
)
def test_guard(url: str, good: bool) -> None:
    endpoint = Endpoint("p", "https://a.example/taxii2/", allowed=("https://b.example",))
    if good:
        assert endpoint.guard(url) == url
        return
    with pytest.raises(ExchangeError):
        endpoint.guard(url)


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("idp.example", True),
        ("0x.example", True),
        ("10.example.org.", True),
        ("127.0.0.1", False),
        ("127.1", False),
        ("2130706433", False),
        ("0x7f000001", False),
        ("0177.0.0.1.", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("169.254.169.254", False),
        ("localhost", False),
        ("x.localhost.", False),
    ],
)
def test_a_name_is_neither_an_address_in_any_spelling_nor_this_machine(host: str, good: bool) -> None:
    assert is_name(host) is good


def test_authorization_and_redaction() -> None:
    bearer = Endpoint("p", "https://a.example/", secret="t0ken")
    basic = Endpoint("p", "https://a.example/", username="node", secret="t0ken")
    assert Endpoint("p", "https://a.example/").authorization() is None
    assert bearer.authorization() == "Bearer t0ken"
    assert basic.authorization() == "Basic bm9kZTp0MGtlbg=="
    assert basic.redact("you sent bm9kZTp0MGtlbg==, that is node:t0ken") == "you sent ***, that is node:***"
    assert bearer.redact("a\x1b[2Jb\nc") == "a [2Jb c"
    assert len(bearer.redact("x" * 10_000)) < 300
    assert "t0ken" not in repr(bearer)
