"""Who asks: Bearer and Basic credentials, or the session of a browser, to a principal. Every failure looks the same.

A token is looked up on each request and nothing is cached: one indexed read of 40 µs, so that revoking, disabling and expiry
count at once in every process (docs/adr/0005-server-stack.md). The same visit reads the generation that facts are of.
"""

from __future__ import annotations

import base64
import binascii
import threading

import msgspec
from starlette.requests import Request

from tocsin.errors import ForbiddenError, UnauthenticatedError
from tocsin.server.forwarded import ADDRESS
from tocsin.server.patience import Patience
from tocsin.store import Store, accounts, sessions
from tocsin.store.accounts import Principal
from tocsin.store.sessions import Session

SECURE = "tocsin.secure"
"""Key in the ASGI scope: browsers come over HTTPS, as the setting `public_url` says, whatever this process speaks to a proxy."""
_TOUCH_AT_MOST = 1000
_BEGUN = (
    60  # sign-ins that strangers of one address begin in a minute, each of which is kept for some minutes
)
_FAILED = "the credentials do not hold"


class Recognised(msgspec.Struct, frozen=True):
    """Who asks, and the generation of what decisions rest on at that moment."""

    principal: Principal
    generation: int


class Authenticator:
    """Turns requests into principals. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        """Bind to the store that knows the tokens."""
        self._store = store
        self.patience = Patience()
        self.begun = Patience(allowed=_BEGUN)
        self._used: dict[str, int] = {}
        self._lock = threading.Lock()

    def recognise(self, request: Request) -> Recognised:
        """Return who asks.

        Raises:
            UnauthenticatedError: no credentials, or they do not hold.
            RequestError: this address failed too often (429).
            StoreUnavailableError: the database is away.
        """
        header = request.headers.get("authorization")
        if header is None:  # many clients ask without first, to be told how; that is no failure
            raise UnauthenticatedError(_FAILED)
        address = address_of(request)
        account, secret = _credentials(header)
        self.patience.require(address, secret)
        now = self._store.clock()
        try:
            with self._store.connection() as connection:
                principal, generation = accounts.recognise(connection, secret, now=now, account=account)
        except UnauthenticatedError:
            self.patience.failed(address)
            raise
        if principal.token not in self._used:
            self.patience.held(secret)
        with self._lock:
            if len(self._used) < _TOUCH_AT_MOST:
                self._used[principal.token] = now
        return Recognised(principal, generation)

    def recognise_session(self, request: Request, *, quiet: bool = False) -> tuple[Recognised, Session]:
        """Return who looks, by the cookie of their browser, and their session; `quiet`: it is no sign of a person.

        Raises:
            UnauthenticatedError: no session, or it does not hold.
            StoreUnavailableError: the database is away.
        """
        secret = request.cookies.get(cookie_name(request), "")
        if not secret or "\0" in secret:
            raise UnauthenticatedError("there is no session")
        with self._store.connection() as connection:
            principal, session, generation = sessions.recognise(
                connection, secret, now=self._store.clock(), quiet=quiet
            )
        return Recognised(principal, generation), session

    def take_used(self) -> dict[str, int]:
        """Return which tokens were used since the last call, and when."""
        with self._lock:
            used, self._used = self._used, {}
        return used


def secure_for(request: Request) -> bool:
    """Return whether the browser came over HTTPS."""
    return bool(request.url.scheme == "https" or request.scope.get(SECURE))


def cookie_name(request: Request) -> str:
    """Return the name of the cookie with the session: over HTTPS one that no other host and no plain connection can set (RFC 6265bis)."""
    return "__Host-tocsin" if secure_for(request) else "tocsin"


def session_cookie(request: Request, secret: str) -> str:
    """Return the cookie that carries a session's secret; "" takes it away."""
    parts = [f"{cookie_name(request)}={secret}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if secure_for(request):
        parts.append("Secure")
    if not secret:
        parts.append("Max-Age=0")
    return "; ".join(parts)


def address_of(request: Request) -> str:
    """Return the address that the request came from, or "?"; behind a trusted proxy, the client's."""
    known: str | None = request.scope.get(ADDRESS)
    if known is not None:
        return known
    return request.client.host if request.client else "?"


def require_scope(principal: Principal, scope: str) -> None:
    """Make sure that the principal's token permits this.

    Raises:
        ForbiddenError: it does not.
    """
    if scope not in principal.scopes:
        raise ForbiddenError(f"the token lacks the scope {scope}")


def _credentials(header: str) -> tuple[str | None, str]:
    """Return account name (Basic only) and secret (RFC 6750 section 2.1, RFC 7617); "" holds for nobody."""
    kind, _, rest = header.strip().partition(" ")
    secret = rest.strip()
    if "\0" in secret:
        return None, ""
    if kind.lower() == "bearer":
        return None, secret
    if kind.lower() != "basic":
        return None, ""
    try:
        name, _, password = base64.b64decode(secret, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return None, ""
    return name, password
