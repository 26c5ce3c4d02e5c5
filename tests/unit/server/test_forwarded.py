from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from tocsin.server.forwarded import client_of, networks

TRUSTED = networks("127.0.0.1, 10.0.0.0/24, 2001:db8::/32")


def _client(*values: str, peer: str = "127.0.0.1", header: str = "x-forwarded-for") -> str:
    headers = Headers(raw=[(header.encode(), each.encode()) for each in values])
    return client_of(peer, headers, TRUSTED, header)


@pytest.mark.parametrize(
    ("values", "client"),
    [
        ((), "127.0.0.1"),
        (("",), "127.0.0.1"),
        (("203.0.113.7",), "203.0.113.7"),
        (("203.0.113.7:4711",), "203.0.113.7"),
        (("[2001:4860::7]:4711",), "2001:4860::7"),
        (("::ffff:203.0.113.7",), "203.0.113.7"),
        (("198.51.100.1, 203.0.113.7",), "203.0.113.7"),  # the left one may be anybody's invention
        (("198.51.100.1, 203.0.113.7, 10.0.0.9",), "203.0.113.7"),
        (
            ("198.51.100.1", "203.0.113.7, 10.0.0.9"),
            "203.0.113.7",
        ),  # several lines are one list (RFC 9110 5.3)
        (("10.0.0.9",), "10.0.0.9"),  # a client in the proxies' own network
        (("203.0.113.7, nonsense",), "127.0.0.1"),
        (("203.0.113.7, nonsense, 10.0.0.9",), "10.0.0.9"),
        (("127.0.0.1, 203.0.113.7",), "203.0.113.7"),
        ((",".join(["10.0.0.9"] * 200),), "10.0.0.9"),
    ],
)
def test_the_client_is_the_rightmost_that_is_no_proxy(values: tuple[str, ...], client: str) -> None:
    assert _client(*values) == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ('for="[2001:4860::7]:4711";proto=https;by=10.0.0.9', "2001:4860::7"),
        ('for=198.51.100.1, FOR="203.0.113.7:99"; host="a,for=1.2.3.4"', "203.0.113.7"),
        ("for=203.0.113.7, for=unknown", "127.0.0.1"),
        ("for=203.0.113.7, for=_hidden", "127.0.0.1"),
        ("for=203.0.113.7, proto=https", "127.0.0.1"),
        ('for="203.0.113.7', "127.0.0.1"),
    ],
)
def test_forwarded_is_read_as_rfc_7239_says(value: str, client: str) -> None:
    assert _client(value, header="forwarded") == client


def test_nobody_else_is_believed() -> None:
    assert _client("203.0.113.7", peer="198.51.100.9") == "198.51.100.9"
    assert _client("203.0.113.7", peer="?") == "?"
    headers = Headers({"x-forwarded-for": "203.0.113.7", "forwarded": "for=198.51.100.1"})
    assert client_of("127.0.0.1", headers, (), "x-forwarded-for") == "127.0.0.1"
    assert client_of("127.0.0.1", headers, TRUSTED, "forwarded") == "198.51.100.1"


def test_what_is_no_network_is_refused() -> None:
    for wrong in ("10.0.0.1/24", "example.org", "*"):
        with pytest.raises(ValueError, match=r"network|host bits"):
            networks(wrong)
