"""Sign in with an access token: what the first administrator has, and whoever has no other way yet."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.errors import UnauthenticatedError
from tocsin.server.auth import address_of, session_cookie
from tocsin.server.pages import same_origin
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View
from tocsin.store import accounts, sessions


def show_choice(view: View) -> Response:
    """Show how one can sign in."""
    return _choice(view, view.request.query_params.get("next", "/"))


def take(view: View, form: Form) -> Response:
    """Open a session for who has a token; every failure reads the same."""
    onward = same_origin.inside(form.one("next", "/"))
    secret = form.one("token")
    address = address_of(view.request)
    patience = view.parts.authenticator.patience
    patience.require(address, secret)
    now = view.parts.store.clock()
    try:
        with view.parts.store.transaction() as connection:
            principal = accounts.authenticate(connection, secret, now=now)
            agent = view.request.headers.get("user-agent", "")
            opened = sessions.begin(connection, principal.account, "token", address, agent, now=now)
    except UnauthenticatedError:
        patience.failed(address)
        return _choice(view, onward, failed=True)
    return redirect(view, onward, cookies={"session": session_cookie(view.request, opened)})


def leave(view: View, _form: Form) -> Response:
    """End the session."""
    assert view.session is not None  # not an open route
    with view.parts.store.transaction() as connection:
        sessions.end(connection, view.session.account, view.session.id)
    return redirect(view, "/sign-in", cookies={"session": session_cookie(view.request, "")})


def _choice(view: View, onward: str, *, failed: bool = False) -> Response:
    status = 401 if failed else 200
    return show(view, "sign_in/choice.html", status=status, onward=same_origin.inside(onward), failed=failed)
