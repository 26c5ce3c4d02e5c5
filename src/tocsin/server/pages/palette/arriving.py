"""How much that a query finds, or that waits in the inbox, has arrived since a page was made, as server-sent events (WHATWG HTML, section 9.2).

A page names the newest that it shows (`cursor`), so that nothing falls between it and the first question. Each answer ends at once; the browser comes back by itself with the place it was at (`Last-Event-ID`), so that no connection outlives a session.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.server.api import asking, objects
from tocsin.server.api.events import Following
from tocsin.server.pages.messages import say_many
from tocsin.server.pages.triage import inbox
from tocsin.server.pages.view import View
from tocsin.server.respond import respond
from tocsin.sharing.release import Released
from tocsin.store.search.query import parse

_RETRY, _TOLD = (
    15_000,
    60_000,
)  # ms until the browser comes back; where something is told already, the number alone may change
_MOST = 100


class Asked(Following, forbid_unknown_fields=True, frozen=True):
    """What a page follows: what a query finds, or what waits for a person (`of=triage`)."""

    of: Annotated[str, Meta(pattern="^(triage)?$")] = ""


def follow(view: View) -> Response:
    """Tell how much is new, in words.

    Raises:
        RequestError: 400; a parameter or `Last-Event-ID` is not what it has to be.
        InputError: the query cannot be read.
    """
    given = asking.parameters(view.call, Asked)
    beyond = asking.read_token(view.request.headers.get("last-event-id", "") or given.cursor)
    if beyond is None:
        beyond = view.parts.store.clock()
    found = inbox.arrived(view, beyond, _MOST) if given.of else _found(view, given.q, beyond)
    count, more = found.value
    said = f"retry: {_TOLD if count else _RETRY}\nid: {asking.next_token(beyond)}\n"  # the same place: what is told is the sum
    if count:
        shown = f"{count}+" if more else str(count)
        said += f"event: arrived\ndata: {_words(view.look.language, given.of, count) % {'count': shown}}\n"
    else:
        said += "event: quiet\ndata:\n"
        view.call.told_nothing()
    view.call.rested_on(found)
    return respond(
        view.request,
        found.derive(f"{said}\n".encode()),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "Vary": "Cookie"},
    )


def _found(view: View, text: str, beyond: Micros) -> Released[tuple[int, bool]]:
    found = objects.find(view.call, parse(text), _MOST, beyond, oldest=True)
    return found.derive((len(found.value.items), found.value.more))


def _words(language: str, of: str, count: int) -> str:
    if of:
        return say_many(language, "%(count)s more waits: show it", "%(count)s more wait: show them", count)
    return say_many(language, "%(count)s new object: show it", "%(count)s new objects: show them", count)
