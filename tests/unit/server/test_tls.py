"""TLS as TAXII 2.1 section 8.2.2 wants it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tocsin.config import Settings
from tocsin.errors import ConfigError
from tocsin.server import tls

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "exchange" / "tls"


def settings(**names: str) -> Settings:
    return Settings(home=Path("/x"), **{k: str(VECTORS / v) for k, v in names.items()})


def test_without_certificate_there_is_none() -> None:
    assert tls.context(Settings(home=Path("/x"))) is None


def test_old_versions_and_weak_ciphers_are_not_spoken() -> None:
    made = tls.context(settings(tls_certificate="server.pem", tls_key="server.key"))
    assert made is not None
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2
    assert made.maximum_version in {ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MAXIMUM_SUPPORTED}
    old = [c for c in made.get_ciphers() if c["protocol"] != "TLSv1.3"]
    assert old
    # the list of RFC 7540, Appendix A, leaves only ephemeral key exchange with authenticated encryption
    assert all("ECDHE" in c["name"] and ("GCM" in c["name"] or "POLY1305" in c["name"]) for c in old)
    assert made.verify_mode == ssl.CERT_NONE


def test_clients_must_show_a_certificate_when_an_authority_is_named() -> None:
    made = tls.context(settings(tls_certificate="server.pem", tls_key="server.key", tls_client_ca="ca.pem"))
    assert made is not None
    assert made.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    "names",
    [
        {"tls_key": "server.key"},
        {"tls_client_ca": "ca.pem"},
        {"tls_certificate": "absent.pem", "tls_key": "server.key"},
        {"tls_certificate": "server.pem", "tls_key": "client.key"},
        {"tls_certificate": "server.pem", "tls_key": "locked.key"},
        {"tls_certificate": "server.pem"},
        {"tls_certificate": "server.pem", "tls_key": "server.key", "tls_client_ca": "server.key"},
    ],
    ids=lambda n: "+".join(n.values()),
)
def test_half_a_set_up_is_refused_with_what_to_look_at(names: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        tls.context(settings(**names))
    assert "tls_" in caught.value.hint()
