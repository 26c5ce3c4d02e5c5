"""Cookies of sign-in over HTTPS, and behind a proxy that ends it: only this host, only over HTTPS, out of reach of scripts."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving import Node
from signing_in import invite, node_of
from tocsin.store.embedded import Embedded

_FORM = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    more = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    made = subprocess.run([*command, *more, "-out", chain, "-keyout", key], check=False, capture_output=True)
    assert made.returncode == 0, made.stderr
    return chain, key


@pytest.fixture(scope="module")
def node(
    pg: Embedded, certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    chain, key = map(str, certificate)
    home = tmp_path_factory.mktemp("home")
    with node_of(pg, home, "sign_in_https", tls_certificate=chain, tls_key=key) as served:
        yield served


def cookies_of(answer: httpx.Response) -> dict[str, set[str]]:
    """Return the attributes of each cookie that an answer sets, by its name."""
    found = {}
    for value in answer.headers.get_list("set-cookie"):
        name, *attributes = value.split("; ")
        found[name.partition("=")[0]] = set(attributes)
    return found


def test_over_https_cookies_are_of_this_host_and_of_https_alone(
    node: Node, certificate: tuple[Path, Path]
) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    with httpx.Client(base_url=node.url, headers=_FORM, verify=trusted) as browser:
        begun = browser.post("/sign-in/passkey/options")
        answer = browser.post("/sign-in/link", data={"code": invite(node, "friend")})
        assert answer.status_code == 303
        assert answer.headers["strict-transport-security"]
        set_ = cookies_of(begun) | {"session": cookies_of(answer)["__Host-tocsin"]}
        assert set(set_) == {"__Host-tocsin-step", "session"}
        for attributes in set_.values():
            assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} <= attributes
            assert not any(each.startswith("Domain") for each in attributes)
        secret = browser.cookies["__Host-tocsin"]
        assert browser.get("/account").status_code == 200
    with httpx.Client(base_url=node.url, headers=_FORM, verify=trusted) as thief:
        # the name without the prefix could have been planted over plain HTTP: it is not looked at
        thief.cookies.set("tocsin", secret)
        assert thief.get("/account").status_code == 303


def test_behind_a_proxy_the_public_address_says_that_it_is_https(
    pg: Embedded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    with (
        node_of(pg, home, "sign_in_proxy", public_url="https://cti.example.org/") as node,
        httpx.Client(base_url=node.url, headers=_FORM | {"Host": "cti.example.org"}) as proxied,
    ):
        answer = proxied.post("/sign-in/link", data={"code": invite(node, "friend")})
        assert {"Secure", "HttpOnly"} <= cookies_of(answer)["__Host-tocsin"]
        asked = proxied.post("/sign-in/passkey/options").json()
        assert asked["rpId"] == "cti.example.org"
        leaving = proxied.post("/sign-out")
        assert "Secure" in cookies_of(leaving).get("__Host-tocsin", {"Secure"})


def test_over_plain_http_nothing_claims_to_be_more(
    pg: Embedded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        node_of(pg, tmp_path_factory.mktemp("home"), "sign_in_plain") as node,
        httpx.Client(base_url=node.url, headers=_FORM) as browser,
    ):
        answer = browser.post("/sign-in/link", data={"code": invite(node, "friend")})
        found = cookies_of(answer)
        assert {"HttpOnly", "SameSite=Lax"} <= found["tocsin"]
        assert "Secure" not in found["tocsin"]
