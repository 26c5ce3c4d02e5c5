"""TLS as the server speaks it (TAXII 2.1 section 8.2.2): 1.2 with forward secrecy and AEAD only, 1.3, never 0-RTT."""

from __future__ import annotations

import ssl

from tocsin.config import Settings
from tocsin.errors import ConfigError

# everything else that TLS 1.2 has is on the list of RFC 7540, Appendix A
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context that the settings ask for, or None for plain HTTP.

    Raises:
        ConfigError: a certificate or key cannot be used, or one is set without the other.
    """
    if not settings.tls_certificate:
        if settings.tls_key or settings.tls_client_ca:
            raise ConfigError(
                "TLS is half set up", hint="set tls_certificate and tls_key, or none of the tls_* settings"
            )
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # OpenSSL servers take early data only when told to
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_CIPHERS)
    made.set_alpn_protocols(["http/1.1"])
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        made.load_cert_chain(settings.tls_certificate, settings.tls_key or None, password=_no_password)
        if settings.tls_client_ca:
            made.load_verify_locations(settings.tls_client_ca)
            made.verify_mode = ssl.CERT_REQUIRED
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigError(
            f"TLS cannot be set up: {error}", hint="look at tls_certificate, tls_key and tls_client_ca"
        ) from error
    return made


def _no_password() -> str:
    raise ValueError("the private key is locked with a password, and a server has nobody to ask")
