"""Sign in with an access token: what the first administrator has, and whoever has no other way yet."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.errors import UnauthenticatedError
from tocsin.server.auth import address_of
from tocsin.server.identity import opening
from tocsin.server.pages import same_origin
from tocsin.server.pages.forms import Form
from tocsin.server.pages.sign_in import second
from tocsin.server.pages.sign_in.choice import show_ways
from tocsin.server.pages.view import View
from tocsin.store import accounts


def show_choice(view: View) -> Response:
    """Show how one can sign in."""
    return show_ways(view, view.request.query_params.get("next", "/"))


def take(view: View, form: Form) -> Response:
    """Open a session for who has a token, after the code of their app if they have one; every failure reads the same."""
    onward = same_origin.inside(form.one("next", "/"))
    secret = form.one("token")
    view.parts.authenticator.patience.require(address_of(view.request), secret)
    try:
        with view.parts.store.connection() as connection:
            principal = accounts.authenticate(connection, secret, now=view.parts.store.clock())
            means = opening.has_means(connection, principal.account)
    except UnauthenticatedError:
        opening.refuse(view, "sign-in", "token", "no such token, or it holds no longer")
        return show_ways(view, onward, failed=True)
    # who has a better way than a token proves who they are with that, before they do anything dangerous
    first = second.First(principal.account, "token", onward, token=principal.token, proved=not means)
    return second.after(view, first)
