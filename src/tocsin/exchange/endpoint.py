"""Where a peer is, how we prove who we are to it, and which origins (RFC 6454) we speak to on its behalf.

The guard against server-side request forgery is here: a peer may name URLs (API roots, redirects), and each is
refused unless its origin is the one the operator configured, or another that the operator allowed by name.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

import msgspec

from tocsin.errors import ConfigError, ExchangeError

_PORTS = {"http": 80, "https": 443}
_SHOWN = 200
_NUMBER = re.compile("[0-9]+|0x[0-9a-f]*", re.IGNORECASE)


class Endpoint(msgspec.Struct, frozen=True):
    """One peer as the wire sees it.

    Attributes:
        name: what the operator calls it; used in messages.
        url: its TAXII discovery or API root address.
        organisation: id of the organisation that runs it; only what was released to it may be sent.
        username: set for Basic authentication (RFC 7617); `secret` is then the password.
        secret: bearer token (RFC 6750), or password. Never shown: neither in `repr` nor in messages.
        ca: PEM file of the only authorities trusted for this peer; None trusts the system's.
        certificate: PEM file with our client certificate chain.
        key: PEM file with its key, when it is not in `certificate`.
        pin: `sha256/BASE64` of the server's public key (SPKI), or `sha256:HEX` of its certificate; several
            separated by commas.
        allowed: further origins, such as `https://cdn.example.org` or `http://taxii.internal:8080`, that the
            operator lets the peer send us to. Credentials go to them as well.
    """

    name: str
    url: str
    organisation: str = ""
    username: str | None = None
    secret: str | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    pin: str | None = None
    allowed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Name and address; never the secret."""
        return f"Endpoint(name={self.name!r}, url={self.url!r})"

    def authorization(self) -> str | None:
        """Return the value of the `Authorization` header, or None."""
        if self.secret is None:
            return None
        if self.username is None:
            return f"Bearer {self.secret}"
        pair = f"{self.username}:{self.secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def redact(self, text: str) -> str:
        """Return what a peer said, fit to be shown: no secret it may echo, no control characters, not long."""
        for secret in self._secrets():
            text = text.replace(secret, "***")
        line = "".join(c if c.isprintable() else " " for c in text).strip()
        return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"

    def _secrets(self) -> list[str]:
        if not self.secret:
            return []
        shown = [self.secret]
        if self.username is not None:
            shown.append((self.authorization() or "").removeprefix("Basic "))
        return shown

    def guard(self, url: str) -> str:
        """Return `url` when we may ask it for this peer.

        Raises:
            ExchangeError: it is of another origin, or no HTTP address at all.
        """
        try:
            found = origin(url)
        except ConfigError as error:
            raise ExchangeError(
                f"{self.name}: the peer sends us to what is no web address: {self.redact(url)}"
            ) from error
        if found != origin(self.url) and found not in {origin(a) for a in self.allowed}:
            raise ExchangeError(
                f"{self.name}: the peer sends us to {self.redact(found)}, which is not its own origin",
                hint=f"if that is right, allow it: tocsin peer change {self.name} --allow {self.redact(found)}",
            )
        return url


def check(endpoint: Endpoint) -> Endpoint:
    """Return `endpoint` with its address in normal form (scheme, host, trailing slash).

    Raises:
        ConfigError: the address cannot be used, or would carry credentials in the clear to another machine.
    """
    parts = _split(endpoint.url)
    if parts.query or parts.fragment:
        raise ConfigError(f"{endpoint.url}: the address of a peer has no query and no fragment")
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    url = urlunsplit((parts.scheme, parts.netloc.lower(), path, "", ""))
    allowed = tuple(origin(a) for a in endpoint.allowed)
    if parts.scheme == "http" and not _loopback(parts.hostname or "") and origin(url) not in allowed:
        raise ConfigError(
            f"{url}: plain HTTP to another machine shows the token and everything else to whoever listens",
            hint=f"use https://; where the network itself is private, say so: --allow {origin(url)}",
        )
    return msgspec.structs.replace(endpoint, url=url, allowed=allowed)


def origin(url: str) -> str:
    """Return the origin of `url`: scheme, host in lower case, and the port unless it is the scheme's own.

    Raises:
        ConfigError: it is no http(s) address, or has a user name or password in it.
    """
    parts = _split(url)
    host = (parts.hostname or "").rstrip(".")
    shown = f"[{host}]" if ":" in host else host
    port = parts.port or _PORTS[parts.scheme]
    return f"{parts.scheme}://{shown}" + ("" if port == _PORTS[parts.scheme] else f":{port}")


def is_name(host: str) -> bool:
    """Return whether a host is a name: no address in any spelling that resolvers take for one (`127.1`, `0x7f000001`), and not this machine.

    Source: URL standard, "ends in a number checker".
    """
    last = host.rstrip(".").rpartition(".")[2]
    return not (":" in host or _loopback(host.rstrip(".")) or _NUMBER.fullmatch(last))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ConfigError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or not port_is_number:
        raise ConfigError(f"{url!r} is no web address", hint="such as https://cti.example.org/taxii2/")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "an address with a user name or password in it is not taken: it would end up in logs",
            hint="use --user and type the password when asked, or --token-file",
        )
    if any(c.isspace() or not c.isprintable() for c in url) or "\\" in url:
        raise ConfigError(f"{url!r} has characters that no address has")
    return parts


def _loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
