"""Who this node is to browsers, authenticators and providers: its origin, and the name that passkeys are bound to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request

from tocsin.config import Settings


class Party(msgspec.Struct, frozen=True):
    """The node as its readers address it: `origin` such as `https://cti.example.org`, and the host name in it."""

    origin: str
    host: str

    @property
    def secure(self) -> bool:
        """Readers come over HTTPS."""
        return self.origin.startswith("https:")

    @property
    def takes_passkeys(self) -> bool:
        """Browsers have passkeys for names over HTTPS and for this machine, never for bare addresses (WebAuthn level 3, section 5.1)."""
        if not (self.secure or self.host == "localhost" or self.host.endswith(".localhost")):
            return False
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return True
        return False


def party(settings: Settings, request: Request) -> Party:
    """Return who this node is: the setting `public_url`, else as the request addresses it.

    The request's own word does no harm: what an authenticator signs names the origin that the browser was really at.
    """
    url = settings.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return Party("", "")
    return Party(f"{parts.scheme}://{parts.netloc.lower()}", host)
