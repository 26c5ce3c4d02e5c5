"""How an object came to be as it is, and when it was seen."""

from __future__ import annotations

from collections import Counter

import msgspec
from starlette.responses import Response

from tocsin.server.api import asking, objects, parties
from tocsin.server.api.objects import Revision
from tocsin.server.pages.rendering import render
from tocsin.server.pages.titles import Shown, shown
from tocsin.server.pages.view import View

_SIGHTINGS = 200


class Versions(msgspec.Struct, frozen=True):
    """Every version that the reader may have, newest first."""

    object: Shown
    items: tuple[Revision, ...]
    complete: bool
    names: dict[str, str]


class Sightings(msgspec.Struct, frozen=True):
    """Sightings, newest first, and how often it was seen by day (ISO date), as far as these sightings say."""

    object: Shown
    items: tuple[Shown, ...]
    days: tuple[tuple[str, int], ...]
    more: bool


def show_versions(view: View) -> Response:
    """Show the versions of an object with what each changed.

    Raises:
        NotFoundError: there is none that the reader may know of.
    """
    call, identifier = view.call, asking.object_id(view.call)
    found = objects.revisions(call, identifier)
    names = parties.names(call)
    this = shown(objects.latest(call, identifier).value, names)
    made = Versions(this, found.value.items, found.value.complete, names)
    return render(view, "object/versions.html", found.derive(made))


def show_sightings(view: View) -> Response:
    """Show when and by whom an object was seen.

    Raises:
        NotFoundError: there is none that the reader may know of.
    """
    call, identifier = view.call, asking.object_id(view.call)
    this = objects.latest(call, identifier)
    names = parties.names(call)
    found = objects.find(call, objects.referring(identifier, "sighting"), _SIGHTINGS, None)
    page = objects.entries(call, found.value)
    items = tuple(shown(each, names) for each in page.items)
    days: Counter[str] = Counter()
    for each in items:
        says = each.properties
        count = says.get("count", 1)
        days[str(says.get("last_seen") or says.get("first_seen") or each.modified)[:10]] += (
            count if type(count) is int else 1
        )
    made = Sightings(shown(this.value, names), items, tuple(sorted(days.items())), page.next is not None)
    return render(view, "object/sightings.html", found.derive(made))
