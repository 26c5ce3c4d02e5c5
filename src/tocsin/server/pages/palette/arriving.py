"""How much that a query finds has arrived since a page was opened, as server-sent events (WHATWG HTML, section 9.2).

Each answer ends at once; the browser comes back by itself with the place it was at (`Last-Event-ID`), so that no connection outlives a session.
"""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.api import asking, objects
from tocsin.server.api.events import Following
from tocsin.server.pages.messages import say_many
from tocsin.server.pages.view import View
from tocsin.server.respond import respond
from tocsin.store.search.query import parse

_RETRY = 15_000  # ms until the browser comes back
_MOST = 100


def follow(view: View) -> Response:
    """Tell how many objects are new, in words.

    Raises:
        RequestError: 400; a parameter or `Last-Event-ID` is not what it has to be.
        InputError: the query cannot be read.
    """
    given = asking.parameters(view.call, Following)
    query = parse(given.q)
    since = view.request.headers.get("last-event-id", "") or given.cursor
    beyond = asking.read_token(since)
    if beyond is None:
        beyond = view.parts.store.clock()
    found = objects.find(view.call, query, _MOST, beyond, oldest=True)
    count = len(found.value.items)
    said = f"retry: {_RETRY}\nid: {asking.next_token(beyond)}\n"  # the same place: what is told is the sum
    if count:
        words = say_many(
            view.look.language, "%(count)s new object: show it", "%(count)s new objects: show them", count
        )
        shown = f"{count}+" if found.value.more else str(count)
        said += f"event: arrived\ndata: {words % {'count': shown}}\n"
    else:
        said += "event: quiet\ndata:\n"
    view.call.rested_on(found)
    return respond(
        view.request,
        found.derive(f"{said}\n".encode()),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "Vary": "Cookie"},
    )
