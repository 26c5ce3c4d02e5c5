"""How a person signs in and where they are signed in, and how to end that."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.identity.party import party
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View, require_proof
from tocsin.store import identities, passkeys, sessions, totp


def show_account(view: View) -> Response:
    """Show the person's own account: ways to sign in, and sessions."""
    assert view.session is not None  # not an open route
    account = view.session.account
    with view.parts.store.connection() as connection:
        found = sessions.of(connection, account, now=view.parts.store.clock())
        keys = passkeys.of(connection, account)
        bound = identities.of(connection, account)
        app = totp.enrolled(connection, account)
        left = totp.recovery_left(connection, account)
    return show(
        view,
        "account/account.html",
        sessions=found,
        passkeys=keys,
        takes_passkeys=party(view.parts.settings, view.request).takes_passkeys,
        identities=bound,
        provider=view.parts.provider,
        app=app,
        recovery=left,
    )


def end(view: View, form: Form) -> Response:
    """End this session, or with a fresh proof another one or all others."""
    assert view.session is not None  # not an open route
    account = view.session.account
    wanted = form.one("session")
    if wanted != view.session.id:
        require_proof(view, "/account")
    with view.parts.store.transaction() as connection:
        if wanted == "others":
            sessions.end_all(connection, account, but=view.session.id)
        else:
            sessions.end(connection, account, wanted)
    return redirect(view, "/account")
