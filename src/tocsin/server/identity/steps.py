"""The cookie between two steps of one browser: a secret that finds what is under way, for minutes (`store.ceremonies`)."""

from __future__ import annotations

from typing import Any

from tocsin.errors import UnauthenticatedError
from tocsin.server.auth import address_of, secure_for
from tocsin.server.pages.view import View
from tocsin.store import ceremonies
from tocsin.store.ceremonies import LIFE, Ceremony

_NAME = "tocsin-step"
_LONGEST = 100


def begin(view: View, kind: str, data: dict[str, Any], *, account: str | None = None) -> str:
    """Begin something that this browser ends; return the cookie for it. Where somebody is signed in it is theirs, in this session.

    Raises:
        RequestError: 429, strangers of this address have begun too much.
    """
    session = view.session
    if session is None:
        address = address_of(view.request)
        view.parts.authenticator.begun.require(address)
        view.parts.authenticator.begun.failed(address)
    with view.parts.store.transaction() as connection:
        secret = ceremonies.begin(
            connection,
            kind,
            data,
            now=view.parts.store.clock(),
            account=account if session is None else account or session.account,
            session=None if session is None else session.id,
        )
    return _cookie(view, secret, LIFE // 1_000_000)


def take(view: View, kind: str) -> Ceremony:
    """Return what this browser has under way and use it up.

    Raises:
        UnauthenticatedError: nothing of this kind, or it is of another session, or over.
    """
    with view.parts.store.connection() as connection:
        found = ceremonies.take(connection, _secret(view), kind, now=view.parts.store.clock())
    return _own(view, found)


def peek(view: View, kind: str) -> Ceremony:
    """Return what this browser has under way.

    Raises:
        UnauthenticatedError: as `take`.
    """
    with view.parts.store.connection() as connection:
        found = ceremonies.peek(connection, _secret(view), kind, now=view.parts.store.clock())
    return _own(view, found)


def over(view: View) -> str:
    """Return the cookie that takes the one between steps away."""
    return _cookie(view, "", 0)


def _own(view: View, found: Ceremony) -> Ceremony:
    if found.session != (None if view.session is None else view.session.id):
        raise UnauthenticatedError("that was begun elsewhere")
    return found


def _secret(view: View) -> str:
    return view.request.cookies.get(_name(view), "").replace("\0", "")[:_LONGEST]


def _name(view: View) -> str:
    return f"__Host-{_NAME}" if secure_for(view.request) else _NAME


def _cookie(view: View, secret: str, seconds: int) -> str:
    # Lax, not Strict: who comes back from a provider comes from another site
    secure = "; Secure" if secure_for(view.request) else ""
    return f"{_name(view)}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
