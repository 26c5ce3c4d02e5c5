"""One alert: what was found where, who warned of it, what it means and what to do."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.node.alerting import facts
from tocsin.server.api import alerts, asking
from tocsin.server.pages.rendering import render
from tocsin.server.pages.triage.inbox import undone
from tocsin.server.pages.view import View

_SAMPLES = 50


def show_alert(view: View) -> Response:
    """Show an alert with its newest hits.

    Raises:
        ForbiddenError: another organisation asks.
        NotFoundError: there is none, or it shows nothing to the reader.
    """
    alerts.require_own(view.call)
    name: str = view.request.path_params["alert"]
    found = alerts.alerting(view.call).one(name.replace("\0", "")[:80], samples=_SAMPLES)
    told = found.derive(facts(found.value, asking.moment_text))
    return render(view, "triage/alert.html", told, undo=undone(view))
