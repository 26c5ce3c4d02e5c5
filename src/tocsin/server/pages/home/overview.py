"""The first page: for who signs in what is new, for strangers what this node is."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.api import objects
from tocsin.server.pages.rendering import render, show
from tocsin.server.pages.view import View
from tocsin.store.search.query import parse

_NEWEST = 20


def show_start(view: View) -> Response:
    """Show what is new, or the front page."""
    if view.known is None:
        own = view.parts.clearances.snapshot.own
        return show(view, "home/front.html", name=own.name, country=own.country)
    found = objects.find(view.call, parse(""), _NEWEST, None)
    return render(view, "home/overview.html", found.derive(objects.entries(view.call, found.value)))
