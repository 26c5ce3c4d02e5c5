"""Who may have an object, in which form, by which rule, and what this organisation may do with it. For the node's own organisation."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tocsin.node.previews import Preview, preview
from tocsin.server.api import asking, deciding, journal, objects, parties, records
from tocsin.server.api.deciding import DecisionEntry
from tocsin.server.pages.rendering import render
from tocsin.server.pages.titles import Shown, shown
from tocsin.server.pages.view import View
from tocsin.sharing.actions import ACTIONS, FORMS
from tocsin.sharing.audience import Organisation
from tocsin.store.placed import Standing

_OWN_ACTIONS = (
    "match",
    "block",
    "enrich_externally",
    "redistribute",
    "attribute_source",
    "use_in_proceedings",
)


class Recipient(msgspec.Struct, frozen=True):
    """One organisation and what it would get: a form of `FORMS` or "", and where the reasons are."""

    name: str
    country: str
    roles: tuple[str, ...]
    form: str
    why: str


class May(msgspec.Struct, frozen=True):
    """One action and whether this organisation may take it."""

    action: str
    words: str
    allowed: bool
    why: str


class Recipients(msgspec.Struct, frozen=True):
    """What the sharing page of an object shows. `received` is None for whom the journal is not for."""

    object: Shown
    recipients: tuple[Recipient, ...]
    mine: tuple[May, ...]
    received: journal.Receipts | None
    names: dict[str, str]


class Why(msgspec.Struct, frozen=True):
    """One decision in words, and what would go."""

    object: Shown
    recipient: str
    action: str
    decisions: tuple[DecisionEntry, ...]
    preview: Preview
    properties: dict[str, Any]
    left_out: tuple[str, ...]


def show_recipients(view: View) -> Response:
    """Show who would get an object, and what this organisation may do with it.

    Raises:
        NotFoundError: there is none that the reader may know of.
        ForbiddenError: another organisation asks.
    """
    call, identifier = view.call, asking.object_id(view.call)
    found = objects.latest(call, identifier)
    records.require_own(call)
    places = deciding.standing(call, identifier).value
    others = sorted(
        (o for o in call.facts.snapshot.organisations.values() if not o.own), key=lambda o: o.name
    )
    names = parties.names(call)
    made = Recipients(
        shown(found.value, names),
        tuple(_recipient(view, identifier, places, each) for each in others),
        tuple(_may(view, identifier, places, action) for action in _OWN_ACTIONS),
        journal.received(call, identifier).value if journal.may_see_journal(call) else None,
        names,
    )
    return render(view, "object/sharing.html", found.derive(made))


def show_why(view: View) -> Response:
    """Explain one decision and show what would go.

    Raises:
        NotFoundError: there is no such object, recipient or action.
        ForbiddenError: another organisation asks.
    """
    call, identifier = view.call, asking.object_id(view.call)
    given = asking.parameters(call, deciding.Explaining)
    found = objects.latest(call, identifier)
    decisions = deciding.decided(call, identifier, given.recipient, given.action).value
    placed = deciding.standing(call, identifier).value
    what = (
        _preview(view, decisions.recipient, placed, bytes(found.value.object))
        if given.action == FORMS[0]
        else Preview("", b"")
    )
    this = shown(found.value, parties.names(call))
    goes: dict[str, Any] = msgspec.json.decode(what.body) if what.body else {}
    made = Why(
        this,
        next(o.name for o in call.facts.snapshot.organisations.values() if o.id == decisions.recipient),
        given.action,
        decisions.items,
        what,
        goes,
        tuple(sorted(this.properties.keys() - goes.keys())) if goes else (),
    )
    return render(view, "object/why.html", found.derive(made), actions=ACTIONS)


def _recipient(view: View, identifier: str, places: list[Standing], other: Organisation) -> Recipient:
    clearance = view.parts.clearances.get(other.id)
    here = {place.label for place in places}
    form = next(
        (name for name, labels in zip(FORMS, clearance.forms, strict=True) if _share(here, labels)), ""
    )
    why = f"/objects/{identifier}/why?{urlencode({'recipient': other.id})}"
    return Recipient(other.name, other.country, other.roles, form, why)


def _share(here: Iterable[int], ascending: Sequence[int]) -> bool:
    """Return whether one of a few label sets is among many, which are in order."""
    places = ((each, bisect_left(ascending, each)) for each in here)
    return any(at < len(ascending) and ascending[at] == each for each, at in places)


def _may(view: View, identifier: str, places: list[Standing], action: str) -> May:
    own = view.call.organisation
    allowed = view.parts.clearances.get(own.id, action).labels
    why = f"/objects/{identifier}/why?{urlencode({'recipient': own.id, 'action': action})}"
    return May(action, ACTIONS[action], all(place.label in allowed for place in places), why)


def _preview(view: View, recipient: str, places: list[Standing], body: bytes) -> Preview:
    """Return the fullest of what would go of the places that the object stands in."""
    parts, added = view.parts, view.parts.store.clock()
    found = [preview(parts.store, parts.clearances, recipient, place.label, body, added) for place in places]
    rank = {name: number for number, name in enumerate((*FORMS, ""))}
    return min(found, key=lambda each: rank[each.form], default=Preview("", b""))
