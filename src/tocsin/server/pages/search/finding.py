"""What is found, how it divides, and what is offered while someone types."""

from __future__ import annotations

import shlex
from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import Response

from tocsin.errors import InputError
from tocsin.server.api import asking, objects, parties, searching
from tocsin.server.pages.forms import in_words
from tocsin.server.pages.rendering import render, show
from tocsin.server.pages.search.facets import Facet, facets
from tocsin.server.pages.titles import Shown, shown
from tocsin.server.pages.view import View
from tocsin.store.search.finding import Found
from tocsin.store.search.query import parse

_PAGE = 50
_OFFERED = 10


class Result(msgspec.Struct, frozen=True):
    """What a search page shows. `since`: the place behind the newest that is shown, on the first page of the newest; else ""."""

    query: str
    order: str
    entries: tuple[Shown, ...]
    facets: tuple[Facet, ...]
    total: int
    complete: bool
    pending: bool
    older: str
    newer: str
    since: str


def show_found(view: View) -> Response:
    """Show what a query finds; a query that cannot be read is shown with what is wrong with it."""
    given = asking.parameters(view.call, searching.Search)
    try:
        query = parse(given.q)
    except InputError as error:
        wrong = in_words(error, view.look.language)
        return show(view, "search/refused.html", status=422, query=given.q, wrong=wrong)
    call, names = view.call, parties.names(view.call)
    beyond, oldest = asking.read_token(given.cursor), given.order == "oldest"
    if beyond is None and not oldest:
        both = searching.first(call, query, _PAGE)
        found, counts = both.derive(both.value[0]), both.value[1]
    else:
        found = objects.find(call, query, _PAGE, beyond, oldest=oldest)
        counts = searching.counted(call, query).value
    page = objects.entries(call, found.value)
    terms = {"q": given.q, "order": given.order}
    result = Result(
        query=given.q,
        order=given.order,
        entries=tuple(shown(each, names) for each in page.items),
        facets=facets(given.q, counts, names),
        total=counts.total,
        complete=counts.complete,
        pending=page.pending,
        older=f"/search?{urlencode({**terms, 'cursor': page.next})}" if page.next else "",
        newer=f"/search?{urlencode(terms)}" if given.cursor else "",
        since="" if given.cursor or oldest else _since(found.value),
    )
    template = "search/results.html" if view.fragment else "search/search.html"
    return render(view, template, found.derive(result), copies=copies(given.q))


def _since(found: Found) -> str:
    return asking.next_token(max((each.added for each in found.items), default=1))


def suggest(view: View) -> Response:
    """Offer names and values that begin as what is typed."""
    given = asking.parameters(view.call, searching.Search)
    found = searching.suggested(view.call, given.q[:200], _OFFERED)
    return render(view, "search/suggestions.html", found)


def copies(query: str) -> dict[str, str]:
    """Return the same search as a command and as a path of the REST interface."""
    return {"command": f"tocsin search {shlex.quote(query)}", "api": f"/api/v1/search?q={quote(query)}"}
