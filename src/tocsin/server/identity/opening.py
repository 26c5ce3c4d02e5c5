"""Opens a session for who has shown who they are, and notes each success and failure, with its reason but without secrets."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from tocsin.server.auth import address_of, session_cookie
from tocsin.server.identity import steps
from tocsin.server.pages.rendering import redirect
from tocsin.server.pages.view import View
from tocsin.store import identities, passkeys, sessions, totp
from tocsin.store.connection import Connection
from tocsin.store.journal import Entry


def has_means(connection: Connection, account: str) -> bool:
    """Return whether an account has a passkey, an app or a provider: what its dangerous acts are proved with, then, and nothing less."""
    return bool(
        passkeys.of(connection, account)
        or totp.enrolled(connection, account)
        or identities.of(connection, account)
    )


def open_session(
    view: View, account: str, method: str, onward: str, *, token: str | None = None, proved: bool = True
) -> Response:
    """Open a session under a fresh secret, end the one this browser had, and send it on."""
    now = view.parts.store.clock()
    agent = view.request.headers.get("user-agent", "").replace("\0", "")
    with view.parts.store.transaction() as connection:
        if view.session is not None:
            sessions.end(connection, view.session.account, view.session.id)
        secret = sessions.begin(
            connection, account, method, address_of(view.request), agent, now=now, token=token, proved=proved
        )
    note(view, account, "sign-in", "opened", {"method": method})
    cookies = {"session": session_cookie(view.request, secret), "step": steps.over(view)}
    return redirect(view, onward, cookies=cookies)


def prove(view: View, method: str, onward: str) -> Response:
    """Note that who is signed in has shown again who they are; the session goes on under a fresh secret."""
    assert view.session is not None  # not an open route
    with view.parts.store.transaction() as connection:
        secret = sessions.prove(connection, view.session.id, now=view.parts.store.clock())
    note(view, view.session.account, "proof", "held", {"method": method})
    cookies = {"session": session_cookie(view.request, secret), "step": steps.over(view)}
    return redirect(view, onward, cookies=cookies)


def refuse(view: View, action: str, method: str, reason: str, *, account: str = "nobody") -> None:
    """Count a failure against the address it comes from, and note it; what is answered says nothing of the reason."""
    view.parts.authenticator.patience.failed(address_of(view.request))
    note(view, account, action, "refused", {"method": method, "reason": reason[:200]})


def note(view: View, account: str, action: str, outcome: str, detail: Mapping[str, str]) -> None:
    """Write in the journal."""
    entry = Entry(
        view.parts.store.clock(),
        account,
        action,
        view.request.scope["path"],
        outcome,
        {"address": address_of(view.request), **detail},
    )
    view.parts.journalist.note(entry)
