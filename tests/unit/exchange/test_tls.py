"""Pins: what they look like, and finding the key in a certificate."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tocsin.errors import ConfigError
from tocsin.exchange.endpoint import Endpoint
from tocsin.exchange.tls import context_for, parse_pins, pins_of, public_key

TLS = Path(__file__).resolve().parents[2] / "vectors" / "exchange" / "tls"
DER = ssl.PEM_cert_to_DER_cert((TLS / "server.pem").read_text())


def test_the_pin_is_what_openssl_says() -> None:
    assert pins_of(DER)[0] == f"sha256/{(TLS / 'server.spki').read_text().strip()}"


def test_pins_are_read_as_they_are_written() -> None:
    key, certificate = pins_of(DER)
    digest = bytes.fromhex(certificate.removeprefix("sha256:"))
    coloned = "sha256:" + ":".join(f"{b:02X}" for b in digest)
    curl = key.replace("sha256/", "sha256//")
    assert parse_pins(coloned) == parse_pins(certificate) == {("certificate", digest)}
    assert parse_pins(curl) == parse_pins(key)
    assert len(parse_pins(f"{key}, {certificate}")) == 2


@pytest.mark.parametrize(
    "pin", ["", "sha256/", "sha256/AAAA", "sha256:abcd", "sha1:00", "sha256/***", "plain"]
)
def test_what_is_no_pin(pin: str) -> None:
    with pytest.raises(ConfigError):
        parse_pins(pin)


@pytest.mark.parametrize("raw", [b"", b"\x30", b"\x30\x82\xff\xff\x00", DER[:100], DER[:40] + b"\xff" * 10])
def test_what_is_no_certificate(raw: bytes) -> None:
    with pytest.raises(ValueError, match="DER"):
        public_key(raw)


def test_verification_is_never_off() -> None:
    for endpoint in (
        Endpoint("p", "https://a.example/"),
        Endpoint("p", "https://a.example/", ca=str(TLS / "ca.pem")),
        Endpoint("p", "https://a.example/", pin=pins_of(DER)[0]),
        Endpoint("p", "http://a.example/", allowed=("https://b.example",)),
        Endpoint("p", "http://a.example/"),
    ):
        context = context_for(endpoint)
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname
    assert (
        context_for(Endpoint("p", "https://a.example/", ca=str(TLS / "ca.pem"))).cert_store_stats()["x509_ca"]
        == 1
    )
