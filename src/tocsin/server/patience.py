"""Patience with an address whose credentials fail: twenty times a minute, then it waits.

Tokens have 256 bits, so this is no defence against guessing; it keeps noise out of the database and the log. Who has
shown credentials that hold is let through even so: behind one proxy, one misconfigured client must not lock the others out.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from tocsin.server.problems import RequestError

_ALLOWED = 20
_WINDOW = 60.0  # seconds
_ADDRESSES_KEPT = 10_000
_GOOD_KEPT = 10_000


class Patience:
    """Counts failures by address. Safe to share between threads."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic, *, allowed: int = _ALLOWED) -> None:
        """Begin with nobody known; `ticks` gives seconds, `allowed` is how often a minute."""
        self._ticks = ticks
        self._allowed = allowed
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._good: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def require(self, address: str, secret: str = "") -> None:
        """Refuse an address that failed too often, unless `secret` held before.

        Raises:
            RequestError: 429, with the seconds to wait.
        """
        key = _network(address)
        with self._lock:
            since, count = self._failures.get(key, (0.0, 0))
            left = since + _WINDOW - self._ticks()
            if count < self._allowed or left <= 0 or (secret and _digest(secret) in self._good):
                return
        raise RequestError(429, "too many failed attempts", headers={"Retry-After": str(int(left) + 1)})

    def failed(self, address: str) -> None:
        """Count a failure."""
        key = _network(address)
        now = self._ticks()
        with self._lock:
            since, count = self._failures.pop(key, (now, 0))
            if now - since > _WINDOW:
                since, count = now, 0
            self._failures[key] = (since, count + 1)
            while len(self._failures) > _ADDRESSES_KEPT:
                self._failures.popitem(last=False)

    def held(self, secret: str) -> None:
        """Remember, by digest, that these credentials held just now."""
        digest = _digest(secret)
        with self._lock:
            self._good[digest] = None
            self._good.move_to_end(digest)
            if len(self._good) > _GOOD_KEPT:
                self._good.popitem(last=False)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _network(address: str) -> str:
    """Return what is counted: an IPv4 address, or the /64 of an IPv6 address, which is one host's to roam in."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6:
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
