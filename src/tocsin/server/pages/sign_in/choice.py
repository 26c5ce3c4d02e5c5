"""The ways to sign in, on one page; every failure shows the same one."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.identity.party import party
from tocsin.server.pages import same_origin
from tocsin.server.pages.rendering import show
from tocsin.server.pages.view import View


def show_ways(view: View, onward: str, *, failed: bool = False) -> Response:
    """Show how one can sign in; after an attempt that failed, with 401, and never why."""
    return show(
        view,
        "sign_in/choice.html",
        status=401 if failed else 200,
        onward=same_origin.inside(onward),
        failed=failed,
        provider=view.parts.provider,
        passkeys=party(view.parts.settings, view.request).takes_passkeys,
    )
