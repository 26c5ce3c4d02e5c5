"""The second step: after a token or a link, who has an authenticator app is asked for its code."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from tocsin.errors import UnauthenticatedError
from tocsin.server.auth import address_of
from tocsin.server.identity import opening, steps
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.sign_in.choice import show_ways
from tocsin.server.pages.view import View
from tocsin.store import totp

_KIND = "second"


class First(msgspec.Struct, frozen=True):
    """What the first step has shown, and where the person wants to go."""

    account: str
    method: str
    onward: str
    token: str | None = None
    proved: bool = True


def after(view: View, first: First) -> Response:
    """Ask for a code if the account has an app; else open the session."""
    with view.parts.store.connection() as connection:
        asked = totp.enrolled(connection, first.account)
    if not asked:
        return opening.open_session(
            view, first.account, first.method, first.onward, token=first.token, proved=first.proved
        )
    cookie = steps.begin(view, _KIND, msgspec.to_builtins(first), account=first.account)
    return redirect(view, "/sign-in/second", cookies={"step": cookie})


def show_second(view: View) -> Response:
    """Show the field for the code."""
    try:
        steps.peek(view, _KIND)
    except UnauthenticatedError:
        return redirect(view, "/sign-in")
    return _page(view)


def take(view: View, form: Form) -> Response:
    """Open the session for who has the code as well."""
    view.parts.authenticator.patience.require(address_of(view.request))
    try:
        first = msgspec.convert(steps.peek(view, _KIND).data, First)
    except UnauthenticatedError:
        opening.refuse(view, "sign-in", "totp", "no first step, or it is over")
        return show_ways(view, "/", failed=True)
    with view.parts.store.connection() as connection:
        outcome = totp.check(connection, first.account, form.one("code"), now=view.parts.store.clock())
    if not outcome.method:
        reason = "asked to wait" if outcome.wait else "wrong code"
        opening.refuse(view, "sign-in", f"{first.method}+totp", reason, account=first.account)
        return _page(view, failed=True, wait=outcome.wait)
    try:
        steps.take(view, _KIND)
    except UnauthenticatedError:  # two at once: one of them has it
        return show_ways(view, first.onward, failed=True)
    method = f"{first.method}+{outcome.method}"
    return opening.open_session(view, first.account, method, first.onward, token=first.token)


def _page(view: View, *, failed: bool = False, wait: int = 0) -> Response:
    return show(view, "sign_in/second.html", status=401 if failed else 200, failed=failed, wait=wait)
