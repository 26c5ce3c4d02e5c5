"""How much has arrived since a page was made, as server-sent events (WHATWG HTML, section 9.2).

Of what a query finds, of what waits in the inbox, about an object, of the runs of a hunt, of an import. A page names the newest that it shows
(`cursor`), so that nothing falls between it and the first question. Each answer ends at once; the browser comes back by itself with the place it
was at (`Last-Event-ID`), so that no connection outlives a session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeAlias

from msgspec import Meta
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.server.api import asking, objects
from tocsin.server.api.events import Following
from tocsin.server.pages.bring_in import runs
from tocsin.server.pages.hunts import kept
from tocsin.server.pages.messages import say, say_many
from tocsin.server.pages.triage import inbox
from tocsin.server.pages.view import View
from tocsin.server.respond import respond
from tocsin.sharing.release import Released
from tocsin.store.search.query import Query, parse

_RETRY, _TOLD = (
    15_000,
    60_000,
)  # ms until the browser comes back; where something is told already, the number alone may change
_MOST = 100
Arrived: TypeAlias = Released[tuple[int, bool]]
"""How many, counted no further than some, and whether there are more."""


class Asked(Following, forbid_unknown_fields=True, frozen=True):
    """What a page follows: what a query finds, what waits for a person (`of=triage`), or what comes about one thing (`q` is its id or name)."""

    of: Annotated[str, Meta(pattern="^(triage|object|hunt|import)?$")] = ""


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
    found = _OF[given.of](view, given.q, beyond)
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


def _found(view: View, text: str, beyond: Micros) -> Arrived:
    found = objects.find(view.call, parse(text), _MOST, beyond, oldest=True)
    return found.derive((len(found.value.items), found.value.more))


def _about(view: View, identifier: str, beyond: Micros) -> Arrived:
    """New versions of an object, and what newly refers to it."""
    about = objects.referring(identifier)
    itself = objects.find(view.call, Query(ids=(identifier,)), 1, beyond, oldest=True)
    others = objects.find(view.call, about, _MOST, beyond, oldest=True)
    return others.derive((len(itself.value.items) + len(others.value.items), others.value.more))


_OF: dict[str, Callable[[View, str, Micros], Arrived]] = {
    "": _found,
    "triage": lambda view, _, beyond: inbox.arrived(view, beyond, _MOST),
    "object": _about,
    "hunt": kept.moved,
    "import": runs.moved,
}


def _words(language: str, of: str, count: int) -> str:
    if of == "triage":
        return say_many(language, "%(count)s more waits: show it", "%(count)s more wait: show them", count)
    if of == "object":
        return say_many(
            language,
            "%(count)s new thing about it: show it",
            "%(count)s new things about it: show them",
            count,
        )
    if of:
        return say(language, "It went on: show it")
    return say_many(language, "%(count)s new object: show it", "%(count)s new objects: show them", count)
