"""Add and remove one's passkeys."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from tocsin.errors import NotFoundError, UnauthenticatedError
from tocsin.server.health import JSON
from tocsin.server.identity import passkeys, steps
from tocsin.server.identity.party import Party, party
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View, require_proof
from tocsin.server.problems import RequestError
from tocsin.server.respond import describe, respond
from tocsin.store import passkeys as kept
from tocsin.store import sessions
from tocsin.store.passkeys import Passkey

_KIND = "passkey-add"
_NEW = "/account/passkeys/new"


def show_new(view: View) -> Response:
    """Show the form for a passkey and its name."""
    require_proof(view)
    return show(view, "account/passkey.html", usable=_party(view).takes_passkeys)


def offer(view: View, _form: Form) -> Response:
    """Return the challenge for a new passkey."""
    session = require_proof(view, _NEW)
    challenge = secrets.token_bytes(passkeys.CHALLENGE_BYTES)
    cookie = steps.begin(view, _KIND, {"challenge": challenge.hex()})
    with view.parts.store.transaction() as connection:
        known = kept.of(connection, session.account)
        handle = kept.handle(connection, session.account)
    asked = passkeys.registration(_party(view), session.account, handle, known, challenge)
    headers = {"Cache-Control": "no-store", "Set-Cookie": cookie}
    return respond(view.request, describe(asked), media_type=JSON, headers=headers)


def take(view: View, form: Form) -> Response:
    """Keep a new passkey.

    Raises:
        RequestError: 422, it does not hold; says why, to the person themselves.
        ConflictError, InputError: as `store.passkeys.add`.
    """
    session = require_proof(view, _NEW)
    here, now = _party(view), view.parts.store.clock()
    try:
        challenge = bytes.fromhex(steps.take(view, _KIND).data["challenge"])
        made = passkeys.registered(here, passkeys.read(form.one("credential")), challenge)
    except UnauthenticatedError as error:
        raise RequestError(422, str(error), hint="begin again from the account page") from None
    passkey = Passkey(
        made.id, session.account, here.host, form.one("name"), made.key, made.counter, made.synced, now
    )
    with view.parts.store.transaction() as connection:
        kept.add(connection, passkey)
    return redirect(view, "/account", cookies={"step": steps.over(view)})


def remove(view: View, form: Form) -> Response:
    """Remove a passkey, and end the person's other sessions: it may be in the wrong hands.

    Raises:
        NotFoundError: there is no such passkey.
    """
    session = require_proof(view, "/account")
    try:
        identifier = bytes.fromhex(form.one("passkey"))
    except ValueError:
        raise NotFoundError("no such passkey") from None
    with view.parts.store.transaction() as connection:
        kept.remove(connection, session.account, identifier)
        sessions.end_all(connection, session.account, but=session.id)
    return redirect(view, "/account")


def _party(view: View) -> Party:
    return party(view.parts.settings, view.request)
