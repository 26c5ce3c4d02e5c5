"""Sign in with a passkey: the authenticator says who it is, so nobody types a name."""

from __future__ import annotations

import hmac
import secrets

from starlette.responses import Response

from tocsin.errors import UnauthenticatedError
from tocsin.server.auth import address_of
from tocsin.server.health import JSON
from tocsin.server.identity import opening, passkeys, steps
from tocsin.server.identity.party import party
from tocsin.server.pages import same_origin
from tocsin.server.pages.forms import Form
from tocsin.server.pages.sign_in.choice import show_ways
from tocsin.server.pages.view import View
from tocsin.server.respond import describe, respond
from tocsin.store import passkeys as kept

_KIND = "passkey-sign-in"


def offer(view: View, _form: Form) -> Response:
    """Return a challenge for any passkey of this node, good for a few minutes and once.

    Raises:
        RequestError: 429, this address began too much, or failed too often.
    """
    view.parts.authenticator.patience.require(address_of(view.request))
    challenge = secrets.token_bytes(passkeys.CHALLENGE_BYTES)
    cookie = steps.begin(view, _KIND, {"challenge": challenge.hex()})
    asked = passkeys.authentication(party(view.parts.settings, view.request), (), challenge)
    headers = {"Cache-Control": "no-store", "Set-Cookie": cookie}
    return respond(view.request, describe(asked), media_type=JSON, headers=headers)


def take(view: View, form: Form) -> Response:
    """Open a session for who has the passkey; every failure reads the same."""
    onward = same_origin.inside(form.one("next", "/"))
    view.parts.authenticator.patience.require(address_of(view.request))
    try:
        account = _account(view, form.one("credential"))
    except UnauthenticatedError as error:
        opening.refuse(view, "sign-in", "passkey", str(error))
        return show_ways(view, onward, failed=True)
    return opening.open_session(view, account, "passkey", onward)


def _account(view: View, text: str) -> str:
    challenge = bytes.fromhex(steps.take(view, _KIND).data["challenge"])
    answer = passkeys.read(text)
    now = view.parts.store.clock()
    with view.parts.store.connection() as connection:
        found = kept.find(connection, answer.id)
        counter = passkeys.authenticated(party(view.parts.settings, view.request), answer, challenge, found)
        assert found is not None  # what is not registered never holds
        handle = kept.handle(connection, found.account)
        if answer.handle is None or not hmac.compare_digest(answer.handle, handle):
            raise UnauthenticatedError("the passkey does not hold: it says that it is somebody else's")
        kept.note_use(connection, found.id, counter, now=now)
    return found.account
