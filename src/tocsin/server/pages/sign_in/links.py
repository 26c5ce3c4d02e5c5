"""Sign in with a one-time link that an administrator made: for who has no other way yet, or has lost it.

Opening the link uses nothing up, since mail programs and previews open links as well; the button does.
"""

from __future__ import annotations

from starlette.responses import Response

from tocsin.errors import UnauthenticatedError
from tocsin.server.auth import address_of
from tocsin.server.identity import opening
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import show
from tocsin.server.pages.sign_in import second
from tocsin.server.pages.view import View
from tocsin.store import ceremonies

KIND = "link"
_LONGEST = 100


def show_link(view: View) -> Response:
    """Show the button, and the field for the code where it is not in the link."""
    return _page(view, view.request.query_params.get("code", "")[:_LONGEST])


def take(view: View, form: Form) -> Response:
    """Open a session for who has the code, which is used up; every failure reads the same."""
    address = address_of(view.request)
    view.parts.authenticator.patience.require(address)
    try:
        with view.parts.store.connection() as connection:
            found = ceremonies.take(connection, form.one("code"), KIND, now=view.parts.store.clock())
    except UnauthenticatedError:
        opening.refuse(view, "sign-in", "link", "no such code, or it was used, or is over")
        return _page(view, "", failed=True)
    assert found.account is not None  # links are for an account
    return second.after(view, second.First(found.account, "link", "/account"))


def _page(view: View, code: str, *, failed: bool = False) -> Response:
    return show(
        view,
        "sign_in/link.html",
        status=401 if failed else 200,
        headers={"Cache-Control": "no-store"},
        code=code,
        failed=failed,
    )
