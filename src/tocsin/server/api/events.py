"""New objects as they become visible to the caller, as server-sent events (WHATWG HTML, section 9.2).

An answer ends when it has told what there is, or when nothing came for a while; the client comes back by itself with the id of the last event
(`Last-Event-ID`), is recognised anew, and misses nothing: ids are dates added, which rise in the order of commits. So no connection outlives the
credentials it was opened with, and none holds a thread.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.server.api import asking
from tocsin.server.api.objects import Cursor, Page, entries, find
from tocsin.server.api.searching import Text
from tocsin.server.context import Call
from tocsin.server.respond import respond
from tocsin.sharing.release import Released
from tocsin.store.search.query import parse

MEDIA = "text/event-stream"
_AT_ONCE = 100
_RETRY = 1000  # ms until the client comes back


class Following(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is followed, and from where; without a place to start, from now on."""

    q: Text = ""
    cursor: Cursor = ""
    wait: Annotated[int, Meta(ge=0, le=25, description="Seconds to wait for something new.")] = 20


def events(call: Call, waited: float) -> Response | None:
    """Return what is new, or None while nothing is and the client waits; `waited` seconds have passed.

    Raises:
        RequestError: 400; a parameter or `Last-Event-ID` is not what it has to be.
        InputError: the query cannot be read.
    """
    given = asking.parameters(call, Following)
    query = parse(given.q)
    last = call.request.headers.get("last-event-id", "")
    beyond = asking.read_token(last or given.cursor)
    if beyond is None:  # a place to come back to
        nothing = asking.searcher(call).find(query, call.principal.organisation, (), limit=1)
        return _answer(
            call, nothing.derive(f": from now on\nid: {asking.next_token(call.parts.store.clock())}\n")
        )
    found = find(call, query, _AT_ONCE, beyond, oldest=True)
    if found.value.items:
        page = entries(call, found.value)
        return _answer(call, found.derive(_text(page, [item.added for item in found.value.items])))
    if last and waited < given.wait:
        return None
    return _answer(call, found.derive(f": nothing new\nid: {asking.next_token(beyond)}\n"))


def _text(page: Page, cursors: list[int]) -> str:
    blocks = []
    for entry, cursor in zip(page.items, cursors, strict=True):
        data = msgspec.json.encode(entry).decode()
        blocks.append(f"id: {asking.next_token(cursor)}\nevent: object\ndata: {data}\n")
    return "\n".join(blocks)


def _answer(call: Call, said: Released[str]) -> Response:
    call.rested_on(said)
    text = f"retry: {_RETRY}\n{said.value}\n".encode()
    return respond(call.request, said.derive(text), media_type=MEDIA, headers={"Cache-Control": "no-store"})
