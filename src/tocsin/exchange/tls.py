"""TLS to a peer: certificates are always verified, and pinned when the operator says so.

A pin is checked as part of the handshake, so that nothing (no token above all) was sent to a server that fails it.
`sha256/BASE64` pins the public key (SubjectPublicKeyInfo, as RFC 7469 section 2.4 and `curl --pinnedpubkey` do) and
survives renewals that keep the key; `sha256:HEX` pins one certificate.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
from collections.abc import Callable

import httpx

from tocsin.errors import ConfigError
from tocsin.exchange.endpoint import Endpoint

_HEX = re.compile(r"^sha256:((?:[0-9a-fA-F]{2}:?){32})$")
_VERSION = 0xA0  # context tag 0 of TBSCertificate; absent in version 1


def context_for(endpoint: Endpoint) -> ssl.SSLContext:
    """Return the TLS settings for a peer.

    Raises:
        ConfigError: a certificate, key or pin cannot be used.
    """
    if not any(url.startswith("https:") for url in (endpoint.url, *endpoint.allowed)):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; the system's list takes a while to read
    if endpoint.ca:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(endpoint.ca, lambda: context.load_verify_locations(cafile=endpoint.ca))
    else:
        context = httpx.create_ssl_context(
            trust_env=False
        )  # Mozilla's list, also on machines without one of their own
        context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if endpoint.certificate:
        chain, key = endpoint.certificate, endpoint.key
        _load(chain, lambda: context.load_cert_chain(chain, key, password=_no_password))
    if endpoint.pin:
        context.sslsocket_class = _pinned(parse_pins(endpoint.pin))
    return context


def _no_password() -> str:
    raise ConfigError(
        "the client key is locked with a password", hint="give a key without one, readable by the node only"
    )


def _load(file: str, load: Callable[[], None]) -> None:
    try:
        load()
    except ConfigError:
        raise
    except ssl.SSLError as error:
        raise ConfigError(
            f"{file}: {error.reason or error}", hint="certificates and keys are PEM files"
        ) from error
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}") from error


def parse_pins(text: str) -> frozenset[tuple[str, bytes]]:
    """Return the pins in `text` as ("key" or "certificate", SHA-256 digest).

    Raises:
        ConfigError: one of them is not a pin.
    """
    pins = set()
    for item in filter(None, (part.strip() for part in text.split(","))):
        if found := _HEX.match(item):
            pins.add(("certificate", bytes.fromhex(found[1].replace(":", ""))))
            continue
        try:
            digest = base64.b64decode(item.removeprefix("sha256/").lstrip("/"), validate=True)
        except binascii.Error:
            digest = b""
        if not item.startswith("sha256/") or len(digest) != 32:
            raise ConfigError(
                f"{item!r} is no pin",
                hint="sha256/BASE64 of the public key, or sha256:HEX of the certificate",
            )
        pins.add(("key", digest))
    if not pins:
        raise ConfigError("the pin is empty")
    return frozenset(pins)


def pins_of(certificate: bytes) -> tuple[str, str]:
    """Return both pins of a DER certificate: of its key and of itself."""
    key = base64.b64encode(hashlib.sha256(public_key(certificate)).digest()).decode()
    return f"sha256/{key}", f"sha256:{hashlib.sha256(certificate).hexdigest()}"


def _pinned(pins: frozenset[tuple[str, bytes]]) -> type[ssl.SSLSocket]:
    class Pinned(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            certificate = self.getpeercert(binary_form=True) or b""
            shown = {("certificate", hashlib.sha256(certificate).digest())}
            try:
                shown.add(("key", hashlib.sha256(public_key(certificate)).digest()))
            except ValueError:
                shown = set()
            if not pins & shown:
                raise ssl.SSLCertVerificationError("the server's certificate is not the pinned one")

    return Pinned


def public_key(certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a DER certificate (RFC 5280 section 4.1), with its own header.

    Raises:
        ValueError: this is no certificate.
    """
    _, body, _ = _element(certificate, 0)
    _, at, _ = _element(certificate, body)
    tag, _, end = _element(certificate, at)
    if tag == _VERSION:
        at = end
    for _ in ("serial number", "signature", "issuer", "validity", "subject"):
        at = _element(certificate, at)[2]
    return certificate[at : _element(certificate, at)[2]]


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, start and end of the contents of the DER element at `at`."""
    if at + 2 > len(data):
        raise ValueError("DER ends early")
    tag, length = data[at], data[at + 1]
    start = at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > len(data):
        raise ValueError("DER ends early")
    return tag, start, start + length
