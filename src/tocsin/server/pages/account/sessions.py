"""Where a person is signed in, and how to end that."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View
from tocsin.store import sessions


def show_account(view: View) -> Response:
    """Show the person's own account and sessions."""
    assert view.session is not None  # not an open route
    with view.parts.store.connection() as connection:
        found = sessions.of(connection, view.session.account, now=view.parts.store.clock())
    return show(view, "account/account.html", sessions=found)


def end(view: View, form: Form) -> Response:
    """End one session, or all but this one."""
    assert view.session is not None  # not an open route
    account = view.session.account
    with view.parts.store.transaction() as connection:
        if form.one("session") == "others":
            sessions.end_all(connection, account, but=view.session.id)
        else:
            sessions.end(connection, account, form.one("session"))
    return redirect(view, "/account")
