"""A person's own access tokens: listed, made, revoked. None permits more than the session that makes it."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.errors import InputError
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View, require_proof, require_whole
from tocsin.store import accounts

_BACK = "/account/tokens"
_DAYS = (7, 30, 90, 365)


def show_tokens(view: View) -> Response:
    """Show the tokens of the person, without their secrets, and the form for another."""
    return _page(view)


def make(view: View, form: Form) -> Response:
    """Make a token and show it, this once.

    Raises:
        InputError: no scope or one that this session has not, or a life or a ceiling that is not offered.
    """
    session = require_proof(view, _BACK)
    scopes = tuple(form.many("scope"))
    if not set(scopes) <= set(view.call.principal.scopes):
        raise InputError(
            "a token permits no more than you may do yourself", hint="choose among the scopes offered"
        )
    days = form.one("days")
    if days not in map(str, _DAYS):
        raise InputError("a token holds for one of the times offered", hint="choose one of them")
    with view.parts.store.transaction() as connection:
        secret, _ = accounts.issue(
            connection,
            session.account,
            scopes,
            now=view.parts.store.clock(),
            days=int(days),
            ceiling=form.one("ceiling"),
        )
    return _page(view, secret)


def revoke(view: View, form: Form) -> Response:
    """End a token at once, and the sessions that it opened. Needs no proof: it takes away, and may be urgent.

    Raises:
        NotFoundError: the person has no such token.
        ForbiddenError: the session is limited by the token that opened it.
    """
    session = require_whole(view)
    with view.parts.store.connection() as connection:
        accounts.revoke(connection, form.one("token"), account=session.account)
    return redirect(view, _BACK)


def _page(view: View, secret: str = "") -> Response:
    assert view.session is not None  # not an open route
    with view.parts.store.connection() as connection:
        found = accounts.tokens(connection, view.session.account)
    return show(
        view,
        "account/tokens.html",
        headers={"Cache-Control": "no-store"} if secret else None,
        tokens=[each for each in reversed(found) if not each.revoked],
        now=view.parts.store.clock(),
        scopes=view.call.principal.scopes,
        days=_DAYS,
        levels=[(each, f"TLP:{each.upper()}") for each in accounts.CEILINGS],
        secret=secret,
    )
