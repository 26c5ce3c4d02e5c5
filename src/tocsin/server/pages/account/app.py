"""Set up and remove an authenticator app, and its recovery codes."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup
from starlette.responses import Response

from tocsin.errors import ConflictError, UnauthenticatedError
from tocsin.server.identity import steps
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View, require_proof
from tocsin.store import sessions, totp

_KIND = "app-add"
_BACK = "/account"
_SECRET = {"Cache-Control": "no-store"}


def begin(view: View, _form: Form) -> Response:
    """Show a fresh secret, as a picture and in letters, and ask for its first code.

    Raises:
        ConflictError: there is an app already.
    """
    session = require_proof(view, _BACK)
    with view.parts.store.connection() as connection:
        if totp.enrolled(connection, session.account):
            raise ConflictError(
                "there is an authenticator app already", hint="remove it on the account page first"
            )
    secret = totp.new_secret()
    cookie = steps.begin(view, _KIND, {"secret": secret})
    return _page(view, secret, cookie)


def take(view: View, form: Form) -> Response:
    """Keep the app if its code holds, and show the recovery codes, this once."""
    session = require_proof(view, _BACK)
    try:
        secret = steps.peek(view, _KIND).data["secret"]
    except UnauthenticatedError:  # it took too long
        return redirect(view, _BACK)
    with view.parts.store.transaction() as connection:
        codes = totp.enrol(connection, session.account, secret, _digits(form), now=view.parts.store.clock())
    if codes is None:
        return _page(view, secret, None)
    steps.take(view, _KIND)
    return _codes(view, codes)


def renew(view: View, _form: Form) -> Response:
    """Make new recovery codes and show them, this once.

    Raises:
        ConflictError: there is no app.
    """
    session = require_proof(view, _BACK)
    with view.parts.store.transaction() as connection:
        if not totp.enrolled(connection, session.account):
            raise ConflictError("there is no authenticator app", hint="set one up on the account page")
        codes = totp.renew_recovery(connection, session.account)
    return _codes(view, codes)


def remove(view: View, _form: Form) -> Response:
    """Ask for codes no longer, and end the person's other sessions."""
    session = require_proof(view, _BACK)
    with view.parts.store.transaction() as connection:
        totp.remove(connection, session.account)
        sessions.end_all(connection, session.account, but=session.id)
    return redirect(view, _BACK)


def _page(view: View, secret: str, cookie: str | None) -> Response:
    """Show the secret: new if it comes with a cookie, else after a code that did not hold."""
    uri = totp.uri(secret, view.call.principal.account, view.parts.clearances.snapshot.own.name)
    headers = _SECRET if cookie is None else _SECRET | {"Set-Cookie": cookie}
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return show(
        view,
        "account/app.html",
        status=422 if cookie is None else 200,
        headers=headers,
        secret=spaced,
        picture=_picture(uri),
        failed=cookie is None,
    )


def _codes(view: View, codes: list[str]) -> Response:
    return show(view, "account/recovery.html", headers=_SECRET, codes=codes)


def _digits(form: Form) -> str:
    return form.one("code").replace(" ", "")


def _picture(text: str) -> Markup:
    """Return a QR code (ISO/IEC 18004) as SVG without styles, dark on light in every theme."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=False, scale=4, border=4, light="#fff", nl=False
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - paths that segno draws, no text of anybody
