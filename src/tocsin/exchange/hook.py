"""Sends to webhooks, signed as Standard Webhooks 1.0 says: `webhook-id`, `webhook-timestamp`, `webhook-signature`.

Where it may send to is the operator's word, not that of whoever made the hook: an origin that is not on the list is refused before a name is
looked up, redirects are not followed, and no proxy or credential of the environment is used. So a hook is no way into the network of the node.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
import time
from collections.abc import Sequence

import httpx
import msgspec

from tocsin import __version__
from tocsin.errors import ConfigError, ExchangeError, PolicyError
from tocsin.exchange.endpoint import Endpoint, check, origin
from tocsin.exchange.sockets import Budget, Transport
from tocsin.exchange.tls import context_for
from tocsin.sharing.release import Released

_SECONDS = 15.0
_ANSWER_BYTES = 4096
_PREFIX = "whsec_"


class Said(msgspec.Struct, frozen=True):
    """What a receiver answered: its status, 0 where there was no answer, and that in words."""

    status: int
    words: str

    @property
    def taken(self) -> bool:
        """The receiver has it."""
        return 200 <= self.status < 300


def require_allowed(url: str, allowed: Sequence[str]) -> str:
    """Return the address of a hook when the operator lets it be used.

    Raises:
        ExchangeError: its origin is not among those allowed, or it is no web address.
    """
    try:
        found = origin(url)
    except ConfigError as error:
        raise ExchangeError(str(error)[:300]) from None
    if found not in allowed:
        raise ExchangeError(
            f"webhooks may not be sent to {found[:200]}",
            hint="the operator lists origins in the setting webhook_origins",
        )
    if not url.isascii() or any(sign.isspace() or not sign.isprintable() for sign in url):
        raise ExchangeError("the address of a webhook is written in ASCII, without spaces")
    return url


def origins(text: str) -> tuple[str, ...]:
    """Return the origins that a setting lists.

    Raises:
        ConfigError: one is no web address, or is plain HTTP to another machine.
    """
    listed = [each.strip() for each in text.split(",") if each.strip()]
    for each in listed:
        check(Endpoint(name="webhook_origins", url=each))
    return tuple(origin(each) for each in listed)


def secret_text(secret: bytes) -> str:
    """Return a secret as receivers are given it."""
    return _PREFIX + base64.b64encode(secret).decode()


def signature(secrets: Sequence[bytes], identifier: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one `v1` signature for each secret, HMAC-SHA256 of id, seconds and body."""
    signed = b".".join((identifier.encode(), str(timestamp).encode(), body))
    macs = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs)


def send(
    endpoint: Endpoint,
    released: Released[bytes],
    secrets: Sequence[bytes],
    identifier: str,
    *,
    timestamp: int,
) -> Said:
    """Send what was released to the organisation that owns the hook, once; return what it said.

    Raises:
        PolicyError: it was released to somebody else.
    """
    if released.recipient != endpoint.organisation:
        raise PolicyError(
            f"the webhook belongs to {endpoint.organisation}, and this was released to {released.recipient}"
        )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"tocsin/{__version__}",
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secrets, identifier, timestamp, released.value),
    }
    budget = Budget(time.monotonic)
    budget.start(_SECONDS)
    try:
        with (
            httpx.Client(
                transport=Transport(context_for(endpoint), budget),
                timeout=httpx.Timeout(_SECONDS),
                trust_env=False,
                follow_redirects=False,
            ) as client,
            client.stream("POST", endpoint.url, content=released.value, headers=headers) as response,
        ):
            return Said(response.status_code, endpoint.redact(_words(response)))
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError) as error:
        return Said(0, endpoint.redact(f"{type(error).__name__}: {error}"))


def _words(response: httpx.Response) -> str:
    """Return the status, and the beginning of what is said with it; never more than a little of it is read."""
    said = b""
    for part in response.iter_raw(_ANSWER_BYTES):
        said += part
        break
    return f"{response.status_code} {said[:200].decode('utf-8', 'replace')}".strip()
