"""Bind one's account to an identity at the provider, and take that back."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect
from tocsin.server.pages.sign_in import provider
from tocsin.server.pages.view import View, require_proof
from tocsin.store import identities, sessions


def leave_for(view: View, _form: Form) -> Response:
    """Send the browser to the provider; who comes back is bound to this account."""
    require_proof(view, "/account")
    return provider.send(view, "bind", "/account")


def remove(view: View, form: Form) -> Response:
    """Remove a binding, and end the person's other sessions.

    Raises:
        NotFoundError: there is no such binding.
    """
    session = require_proof(view, "/account")
    with view.parts.store.transaction() as connection:
        identities.unbind(connection, session.account, form.one("issuer"), form.one("subject"))
        sessions.end_all(connection, session.account, but=session.id)
    return redirect(view, "/account")
