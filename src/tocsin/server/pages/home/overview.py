"""The first page: for who signs in what is happening, each figure a way to what it counts; for strangers what this node is."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from tocsin.clock import to_text
from tocsin.server.api import alerts, asking, objects, parties, proposals, searching
from tocsin.server.context import Call
from tocsin.server.pages.gathering import gathered
from tocsin.server.pages.home.front import show_front
from tocsin.server.pages.rendering import render
from tocsin.server.pages.titles import Shown, shown
from tocsin.server.pages.view import View
from tocsin.store import policies
from tocsin.store.search.query import parse

_NEWEST = 15
_ALERTS = 100
_DAY = 86_400_000_000


class Tile(msgspec.Struct, frozen=True):
    """A figure: what it counts (`kind`), how many, whether that is all, and where they are."""

    kind: str
    figure: int
    whole: bool
    path: str
    tone: str = ""


class Overview(msgspec.Struct, frozen=True):
    """What is happening; `since`: the place behind the newest that is shown."""

    tiles: tuple[Tile, ...]
    newest: tuple[Shown, ...]
    pending: bool
    since: str
    peers: tuple[tuple[str, str, bool], ...]


def show_start(view: View) -> Response:
    """Show what is happening, or the front page."""
    if view.known is None:
        return show_front(view)
    call = view.call
    found = objects.find(call, parse(""), _NEWEST, None)
    page = objects.entries(call, found.value)
    names = parties.names(call)
    newest = tuple(shown(each, names) for each in page.items)
    since = asking.next_token(max((each.added for each in found.value.items), default=1))
    made = Overview(tuple(_tiles(view)), newest, page.pending, since, _peers(call))
    return render(view, "home/overview.html", found.derive(made))


def _tiles(view: View) -> list[Tile]:
    call = view.call
    tiles = []
    if call.organisation.own:
        waiting = alerts.alerting(call).counted(statuses=("new",), most=_ALERTS).value
        tone = "danger" if waiting else "good"
        tiles.append(Tile("alerts", waiting, waiting < _ALERTS, "/triage", tone))
    mine = call.principal.organisation
    open_ = proposals.desk(call).page(call.principal, status="open", limit=_ALERTS, before=None).value
    count = sum(each.proposal.decider == mine for each in open_)
    tiles.append(Tile("proposals", count, whole=True, path="/proposals", tone="warn" if count else ""))
    # of whole hours: what is counted is the same for all who look within one
    day = to_text(view.parts.store.clock() - _DAY)[:13] + ":00:00Z"
    for kind, text in (("changed", f"after:{day}"), ("seen", f"type:sighting after:{day}")):
        counts = gathered(call, ("counts", text), partial(searching.counted, call, parse(text))).value
        tiles.append(Tile(kind, counts.total, counts.complete, _search(text)))
    if call.organisation.own and (known := parties.known_peers(call).value.items):
        withheld = sum((each.result or {}).get("withheld", 0) for each in known)
        tiles.append(Tile("withheld", withheld, whole=True, path="/sharing/peers"))
    if view.administers:
        with view.parts.store.connection() as connection:
            changes = sum(each.state == "proposed" for each in policies.everything(connection))
        tone = "warn" if changes else ""
        tiles.append(Tile("policies", changes, whole=True, path="/sharing/policies", tone=tone))
    return tiles


def _search(text: str) -> str:
    return f"/search?q={quote(text)}"


def _peers(call: Call) -> tuple[tuple[str, str, bool], ...]:
    """Return peers with what their last exchange was, and whether it was good; to the node's own organisation."""
    if not call.organisation.own:
        return ()
    found: list[tuple[str, str, bool]] = []
    for each in parties.known_peers(call).value.items:
        result: dict[str, Any] = each.result or {}
        found.append(
            (each.name, str(result.get("action", "")), bool(result.get("ok", not result.get("error"))))
        )
    return tuple(found)
