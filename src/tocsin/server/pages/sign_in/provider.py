"""Sign in with an OpenID provider, bind an account to an identity there, and prove there anew who one is: out, and back."""

from __future__ import annotations

import logging

import msgspec
from starlette.responses import Response

from tocsin.errors import ConflictError, ExchangeError, ForbiddenError, NotFoundError, UnauthenticatedError
from tocsin.exchange.openid import Attempt, Provider, Subject
from tocsin.server.auth import address_of
from tocsin.server.identity import opening, steps
from tocsin.server.identity.party import party
from tocsin.server.pages import same_origin
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.sign_in.choice import show_ways
from tocsin.server.pages.view import View, require_proof
from tocsin.server.problems import RequestError
from tocsin.store import identities
from tocsin.store.ceremonies import Ceremony

_log = logging.getLogger("tocsin.server")
_KIND = "oidc"
_RETURN = "/sign-in/return"


def leave_for(view: View, form: Form) -> Response:
    """Send a browser to the provider, to sign in."""
    view.parts.authenticator.patience.require(address_of(view.request))
    return send(view, "sign-in", same_origin.inside(form.one("next", "/")))


def send(view: View, purpose: str, onward: str) -> Response:
    """Send a browser to the provider: for `sign-in`, `bind` or `proof`.

    The answer is a page that goes on by itself, not a redirect: `form-action` of our policy holds for where a form is redirected to as well.

    Raises:
        NotFoundError: no provider is set up.
        RequestError: 503, it cannot be asked.
    """
    provider = _provider(view)
    try:
        target, attempt = provider.begin(_redirect_uri(view), fresh=purpose != "sign-in")
    except ExchangeError as error:
        raise _away(error) from None
    cookie = steps.begin(
        view, _KIND, {"purpose": purpose, "next": onward, "attempt": msgspec.to_builtins(attempt)}
    )
    headers = {"Set-Cookie": cookie, "Cache-Control": "no-store", "Refresh": f"0; url={target}"}
    return show(view, "sign_in/away.html", headers=headers, target=target, name=provider.name)


def come_back(view: View) -> Response:
    """Take in what the browser brings back from the provider, once.

    Raises:
        ForbiddenError: somebody who is signed in wanted to bind or to prove, and it does not hold.
        RequestError: 503, the provider cannot be asked.
    """
    view.parts.authenticator.patience.require(address_of(view.request))
    provider = _provider(view)
    purpose, onward = "sign-in", "/"
    try:
        begun = steps.take(view, _KIND)
        purpose, onward = begun.data["purpose"], begun.data["next"]
        subject = _finish(view, provider, begun)
        if purpose == "sign-in":
            return _sign_in(view, subject, onward)
        return _bind(view, subject) if purpose == "bind" else _prove(view, subject, onward)
    except UnauthenticatedError as error:
        if purpose == "sign-in":
            opening.refuse(view, "sign-in", "oidc", str(error))
            return show_ways(view, onward, failed=True)
        opening.refuse(view, purpose, "oidc", str(error), account=view.call.principal.account)
        raise ForbiddenError(
            "what the provider says does not hold", hint="try again from the account page"
        ) from None


def _finish(view: View, provider: Provider, begun: Ceremony) -> Subject:
    attempt = msgspec.convert(begun.data["attempt"], Attempt)
    try:
        return provider.finish(attempt, view.request.query_params, _redirect_uri(view))
    except ExchangeError as error:
        raise _away(error) from None


def _sign_in(view: View, subject: Subject, onward: str) -> Response:
    now = view.parts.store.clock()
    with view.parts.store.connection() as connection:
        account = identities.recognise(connection, subject.issuer, subject.subject, now=now)
    if account is None:
        raise UnauthenticatedError(f"no account that may sign in is bound to {subject.subject}")
    # the provider may have remembered them from this morning: that is no proof of this moment
    return opening.open_session(view, account, "oidc", onward, proved=False)


def _bind(view: View, subject: Subject) -> Response:
    session = require_proof(view, "/account")
    with view.parts.store.transaction() as connection:
        try:
            identities.bind(
                connection, session.account, subject.issuer, subject.subject, now=view.parts.store.clock()
            )
        except ConflictError:
            raise UnauthenticatedError("that identity is bound to an account already") from None
    opening.note(view, session.account, "bind", "bound", {"issuer": subject.issuer})
    return redirect(view, "/account", cookies={"step": steps.over(view)})


def _prove(view: View, subject: Subject, onward: str) -> Response:
    now = view.parts.store.clock()
    with view.parts.store.connection() as connection:
        account = identities.recognise(connection, subject.issuer, subject.subject, now=now)
    if account != view.call.principal.account:
        raise UnauthenticatedError("somebody else came back")
    return opening.prove(view, "oidc", onward)


def _provider(view: View) -> Provider:
    if view.parts.provider is None:
        raise NotFoundError("there is no provider")
    return view.parts.provider


def _redirect_uri(view: View) -> str:
    return f"{party(view.parts.settings, view.request).origin}{_RETURN}"


def _away(error: ExchangeError) -> RequestError:
    _log.error("%s", error)
    return RequestError(503, "the provider cannot be reached now", hint="try again, or sign in another way")
