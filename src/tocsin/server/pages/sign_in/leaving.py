"""Sign out, and say where else one may still be signed in."""

from __future__ import annotations

import logging

from starlette.responses import Response

from tocsin.errors import ExchangeError
from tocsin.server.auth import session_cookie
from tocsin.server.identity.party import party
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View
from tocsin.store import sessions

_log = logging.getLogger("tocsin.server")


def leave(view: View, _form: Form) -> Response:
    """End the session; who came from a provider is offered to sign out there."""
    assert view.session is not None  # not an open route
    with view.parts.store.transaction() as connection:
        sessions.end(connection, view.session.account, view.session.id)
    cookie = session_cookie(view.request, "")
    elsewhere = _elsewhere(view) if view.session.method == "oidc" else ""
    if not elsewhere:
        return redirect(view, "/sign-in", cookies={"session": cookie})
    assert view.parts.provider is not None  # it has a place to sign out
    stranger = View(view.parts, view.request, view.look)
    return show(
        stranger,
        "sign_in/left.html",
        headers={"Set-Cookie": cookie, "Cache-Control": "no-store"},
        elsewhere=elsewhere,
        name=view.parts.provider.name,
    )


def _elsewhere(view: View) -> str:
    if view.parts.provider is None:
        return ""
    try:
        return view.parts.provider.end_session(f"{party(view.parts.settings, view.request).origin}/sign-in")
    except ExchangeError as error:
        _log.warning("%s", error)
        return ""
