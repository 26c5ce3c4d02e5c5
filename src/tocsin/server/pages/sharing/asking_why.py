"""Why may, or may not, an organisation have an object? For any pair of them."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.responses import Response

from tocsin.server.api import parties, records
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.view import View


def show_question(view: View) -> Response:
    """Ask for an object and an organisation, or go on to the answer.

    Raises:
        ForbiddenError: another organisation asks.
    """
    records.require_own(view.call)
    given = view.request.query_params
    if given.get("object") and given.get("recipient"):
        terms = {"recipient": given["recipient"], "action": given.get("action", "receive")}
        return redirect(view, f"/objects/{quote(given['object'].strip(), safe='')}/why?{urlencode(terms)}")
    return render(view, "sharing/explain.html", parties.known_organisations(view.call))
