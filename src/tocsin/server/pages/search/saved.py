"""Searches, graphs and other views under a name."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.search.facets import address
from tocsin.server.pages.view import View
from tocsin.store import views
from tocsin.store.search.query import parse

_FIELDS = 50  # of an address


def show_views(view: View) -> Response:
    """Show the views that a person keeps and that their organisation shares."""
    who, given = view.call.principal, view.request.query_params
    page = given.get("page", "search")
    with view.parts.store.connection() as connection:
        found = views.of(connection, who.account, who.organisation)
    if who.ceiling:  # what colleagues search for may name what is above it
        found = [each for each in found if each.account == who.account]
    return show(
        view,
        "search/views.html",
        views=found,
        leads=_leads,
        query=given.get("q", "")[:4000],
        page=page if page in views.PAGES else "search",
    )


def keep(view: View, form: Form) -> Response:
    """Keep a query under a name.

    Raises:
        InputError: the query or the name cannot be used.
        LimitError: there are too many.
    """
    who, query, page = view.call.principal, form.one("query"), form.one("page") or "search"
    if page == "search":
        parse(query)
    else:  # written anew, so that it is a query string and nothing else
        query = urlencode(parse_qsl(query, max_num_fields=_FIELDS))
    with view.parts.store.transaction() as connection:
        views.keep(
            connection, who.account, who.organisation, form.one("name"), query,
            shared=form.one("shared") == "yes", now=view.parts.store.clock(), page=page,
        )  # fmt: skip
    return redirect(view, "/views")


def _leads(kept: views.SavedView) -> str:
    return address(kept.query) if kept.page == "search" else f"/{kept.page}?{kept.query}"


def remove(view: View, form: Form) -> Response:
    """Remove a view of one's own.

    Raises:
        NotFoundError: there is none of this id.
    """
    with view.parts.store.transaction() as connection:
        views.remove(connection, view.call.principal.account, form.one("view"))
    return redirect(view, "/views")
