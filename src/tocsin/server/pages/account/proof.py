"""Show again who one is, before something dangerous: with a passkey, the app, the provider, or where there is none of these with a token."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from tocsin.errors import UnauthenticatedError
from tocsin.server.auth import address_of
from tocsin.server.health import JSON
from tocsin.server.identity import opening, passkeys, steps
from tocsin.server.identity.party import party
from tocsin.server.pages import same_origin
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import show
from tocsin.server.pages.sign_in import provider
from tocsin.server.pages.view import View
from tocsin.server.respond import describe, respond
from tocsin.store import accounts, identities, totp
from tocsin.store import passkeys as kept
from tocsin.store.passkeys import Passkey

_KIND = "passkey-proof"


def show_ways(view: View) -> Response:
    """Show how this person can prove who they are."""
    return _page(view, view.request.query_params.get("next", "/account"))


def take(view: View, form: Form) -> Response:
    """Take a code of the app; or a token, from who has no better way."""
    assert view.session is not None  # not an open route
    onward = same_origin.inside(form.one("next", "/account"))
    address, account = address_of(view.request), view.session.account
    now = view.parts.store.clock()
    token = form.one("token")
    view.parts.authenticator.patience.require(address, token)
    with view.parts.store.connection() as connection:
        if form.one("code"):
            outcome = totp.check(connection, account, form.one("code"), now=now)
            method, wait = outcome.method, outcome.wait
        elif opening.has_means(connection, account):
            method, wait = "", 0
        else:
            method, wait = _by_token(view, token), 0
    if not method:
        reason = "asked to wait" if wait else "it does not hold"
        opening.refuse(view, "proof", "token" if token else "totp", reason, account=account)
        return _page(view, onward, failed=True, wait=wait)
    return opening.prove(view, method, onward)


def leave_for(view: View, form: Form) -> Response:
    """Send the browser to the provider, which asks the person anew."""
    return provider.send(view, "proof", same_origin.inside(form.one("next", "/account")))


def offer(view: View, _form: Form) -> Response:
    """Return a challenge for the passkeys of this person."""
    challenge = secrets.token_bytes(passkeys.CHALLENGE_BYTES)
    cookie = steps.begin(view, _KIND, {"challenge": challenge.hex()})
    asked = passkeys.authentication(party(view.parts.settings, view.request), _keys(view), challenge)
    headers = {"Cache-Control": "no-store", "Set-Cookie": cookie}
    return respond(view.request, describe(asked), media_type=JSON, headers=headers)


def take_passkey(view: View, form: Form) -> Response:
    """Take what a passkey of this person signed."""
    assert view.session is not None  # not an open route
    onward = same_origin.inside(form.one("next", "/account"))
    view.parts.authenticator.patience.require(address_of(view.request))
    try:
        challenge = bytes.fromhex(steps.take(view, _KIND).data["challenge"])
        answer = passkeys.read(form.one("credential"))
        found = next((each for each in _keys(view) if each.id == answer.id), None)
        here = party(view.parts.settings, view.request)
        counter = passkeys.authenticated(here, answer, challenge, found)
        with view.parts.store.connection() as connection:
            kept.note_use(connection, answer.id, counter, now=view.parts.store.clock())
    except UnauthenticatedError as error:
        opening.refuse(view, "proof", "passkey", str(error), account=view.session.account)
        return _page(view, onward, failed=True)
    return opening.prove(view, "passkey", onward)


def _by_token(view: View, token: str) -> str:
    """Return the method if this is a token of this very account, and as wide as its session; else ""."""
    principal = view.call.principal
    try:
        with view.parts.store.connection() as connection:
            found = accounts.authenticate(connection, token, now=view.parts.store.clock())
    except UnauthenticatedError:
        return ""
    same = (
        found.account == principal.account
        and set(principal.scopes) <= set(found.scopes)
        and not found.ceiling  # such a token is for what is trusted less than the person
    )
    return "token" if same else ""


def _keys(view: View) -> list[Passkey]:
    assert view.session is not None  # not an open route
    with view.parts.store.connection() as connection:
        return kept.of(connection, view.session.account)


def _page(view: View, onward: str, *, failed: bool = False, wait: int = 0) -> Response:
    assert view.session is not None  # not an open route
    account = view.session.account
    here = party(view.parts.settings, view.request)
    asked = view.parts.provider
    with view.parts.store.connection() as connection:
        usable = here.takes_passkeys and any(each.rp == here.host for each in kept.of(connection, account))
        bound = asked is not None and any(
            each.issuer == asked.issuer for each in identities.of(connection, account)
        )
        app = totp.enrolled(connection, account)
        means = opening.has_means(connection, account)
    return show(
        view,
        "account/proof.html",
        status=403 if failed else 200,
        onward=same_origin.inside(onward),
        failed=failed,
        wait=wait,
        passkeys=usable,
        provider=asked if bound else None,
        app=app,
        token=not means,
    )
