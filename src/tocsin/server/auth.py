"""Who asks: Bearer and Basic credentials to a principal. Every failure looks the same.

A token is looked up in the database on each request, so that revoking one counts at once; the lookup is one indexed read. Addresses
that fail too often wait.
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections import OrderedDict

from starlette.requests import Request

from tocsin.errors import ForbiddenError, UnauthenticatedError
from tocsin.server.problems import RequestError
from tocsin.store import Store, accounts
from tocsin.store.accounts import Principal

_FAILURES_ALLOWED = 20
_WINDOW = 60.0
_ADDRESSES_KEPT = 10_000
_TOUCH_AT_MOST = 1000


class Authenticator:
    """Turns requests into principals."""

    def __init__(self, store: Store) -> None:
        """Bind to the store that knows the tokens."""
        self._store = store
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._used: dict[str, int] = {}
        self._lock = threading.Lock()

    def principal(self, request: Request) -> Principal:
        """Return who asks.

        Raises:
            UnauthenticatedError: no credentials, or they do not hold.
            RequestError: this address failed too often (429).
        """
        address = request.client.host if request.client else "?"
        self._require_patience(address)
        try:
            account, secret = _credentials(request.headers.get("authorization"))
            now = self._store.clock()
            with self._store.connection() as connection:
                found = accounts.authenticate(connection, secret, now=now, account=account)
        except UnauthenticatedError:
            self._note_failure(address)
            raise
        with self._lock:
            if len(self._used) < _TOUCH_AT_MOST:
                self._used[found.token] = now
        return found

    def take_used(self) -> dict[str, int]:
        """Return which tokens were used since the last call, and when."""
        with self._lock:
            used, self._used = self._used, {}
        return used

    def note_failure(self, request: Request) -> None:
        """Count a failure that happened elsewhere, such as a wrong claim code."""
        self._note_failure(request.client.host if request.client else "?")

    def require_patience(self, request: Request) -> None:
        """Refuse an address that failed too often.

        Raises:
            RequestError: 429.
        """
        self._require_patience(request.client.host if request.client else "?")

    def _require_patience(self, address: str) -> None:
        with self._lock:
            since, count = self._failures.get(address, (0.0, 0))
            left = since + _WINDOW - time.monotonic()
        if count >= _FAILURES_ALLOWED and left > 0:
            raise RequestError(429, "too many failed attempts", headers={"Retry-After": str(int(left) + 1)})

    def _note_failure(self, address: str) -> None:
        now = time.monotonic()
        with self._lock:
            since, count = self._failures.pop(address, (now, 0))
            if now - since > _WINDOW:
                since, count = now, 0
            self._failures[address] = (since, count + 1)
            while len(self._failures) > _ADDRESSES_KEPT:
                self._failures.popitem(last=False)


def require_scope(principal: Principal, scope: str) -> None:
    """Make sure that the principal's token permits this.

    Raises:
        ForbiddenError: it does not.
    """
    if scope not in principal.scopes:
        raise ForbiddenError(f"the token lacks the scope {scope}")


def _credentials(header: str | None) -> tuple[str | None, str]:
    kind, _, rest = (header or "").strip().partition(" ")
    if kind.lower() == "bearer" and rest.strip():
        return None, rest.strip()
    if kind.lower() == "basic":
        try:
            name, colon, secret = base64.b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            raise UnauthenticatedError("the credentials do not hold") from None
        if colon:
            return name, secret
    raise UnauthenticatedError("the credentials do not hold")
