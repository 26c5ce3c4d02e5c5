"""Who looks at a page, and how: what handlers of pages work with."""

from __future__ import annotations

import msgspec
from starlette.requests import Request

from tocsin.clock import Micros
from tocsin.errors import ForbiddenError, UnauthenticatedError
from tocsin.server.context import Call, Parts
from tocsin.server.pages.look import Look
from tocsin.store.sessions import Session, whole

PROOF: Micros = 600_000_000
"""Dangerous acts ask for a proof of who someone is that is no older."""
_LESS = {
    "propose",
    "metrics",
}  # less than writing and reading: a token without them is as good as its account


class ProofNeededError(ForbiddenError):
    """The act asks for a fresh proof of who someone is; `back` is the path to come back to with it."""

    def __init__(self, back: str) -> None:
        super().__init__("show first who you are")
        self.back = back


class View(msgspec.Struct, frozen=True):
    """One request of one person, or of a stranger at an open page (`known` is None)."""

    parts: Parts
    request: Request
    look: Look
    known: Call | None = None
    session: Session | None = None

    @property
    def call(self) -> Call:
        """Who asks, as the handlers of all interfaces have it.

        Raises:
            UnauthenticatedError: a stranger.
        """
        if self.known is None:
            raise UnauthenticatedError("sign in first")
        return self.known

    @property
    def administers(self) -> bool:
        """Whether it is an administrator of the node's own organisation."""
        return self.known is not None and self.known.organisation.own and self.known.principal.administrator

    @property
    def proved(self) -> bool:
        """Whether the person has shown lately who they are."""
        return self.session is not None and self.parts.store.clock() - self.session.proved <= PROOF

    @property
    def fragment(self) -> bool:
        """Whether only a part of a page is asked for (htmx)."""
        return self.request.headers.get("hx-request") == "true" and not self.request.headers.get("hx-boosted")


def require_whole(view: View) -> Session:
    """Return the session if it is as wide as its account.

    Raises:
        ForbiddenError: it is limited by the token that opened it, so it can neither act for the person nor widen itself.
    """
    assert view.session is not None  # not an open route
    if view.session.token is not None:
        principal = view.call.principal
        missing = set(whole(administrator=principal.administrator)) - set(principal.scopes) - _LESS
        if principal.ceiling or missing:
            raise ForbiddenError(
                "this session is limited by the token that opened it", hint="sign in another way to do this"
            )
    return view.session


def require_proof(view: View, back: str = "") -> Session:
    """Return the session if the person has shown lately who they are; else they are sent to do so, and come back to `back`.

    Raises:
        ProofNeededError: they have not.
        ForbiddenError: as `require_whole`.
    """
    session = require_whole(view)
    if not view.proved:
        here = view.request.scope["path"] if view.request.method in {"GET", "HEAD"} else "/account"
        raise ProofNeededError(back or here)
    return session
