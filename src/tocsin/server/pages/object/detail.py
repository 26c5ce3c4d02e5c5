"""What an object says, who says so, and what it is related to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from tocsin.node.outputs.explaining import REASONS
from tocsin.server.api import asking, deciding, objects, parties
from tocsin.server.api.deciding import Permitted
from tocsin.server.api.objects import Assertion, Entry
from tocsin.server.context import Call
from tocsin.server.pages.object.fading import DAYS, Left, left_of, passed_by
from tocsin.server.pages.rendering import render
from tocsin.server.pages.titles import Shown, ends_of, shown
from tocsin.server.pages.view import View
from tocsin.stix.timestamps import micros_or_none

_RELATED = 50
_FIRST = (
    "pattern",
    "value",
    "description",
    "content",
    "explanation",
    "opinion",
    "abstract",
    "labels",
    "indicator_types",
    "hashes",
)
_ELSEWHERE = frozenset(
    ("type", "spec_version", "id", "created", "modified", "name", "created_by_ref", "object_marking_refs")
)


class Related(msgspec.Struct, frozen=True):
    """Something related: by what, which way ("out": this object says so), and what it is, as far as the reader may know."""

    how: str
    way: str
    id: str
    other: Shown | None
    through: Shown | None


class Detail(msgspec.Struct, frozen=True):
    """What the page of an object shows.

    `ordered`: its properties, what it is about first; `text`: all of it as JSON; `permitted`: by which rules the reader has it; `left`: of
    the confidence in what it names, today; `passed`: why nothing is looked for of it; `since`: the place behind the newest that is shown.
    """

    object: Shown
    ordered: tuple[tuple[str, Any], ...]
    text: str
    assertions: tuple[Assertion, ...]
    permitted: Permitted
    left: tuple[Left, ...]
    passed: tuple[str, ...]
    since: str
    related: tuple[Related, ...]
    more_related: bool
    known: dict[str, Shown]
    names: dict[str, str]


class Peeked(msgspec.Struct, frozen=True):
    """An object at a glance."""

    object: Shown
    ordered: tuple[tuple[str, Any], ...]


def show_object(view: View) -> Response:
    """Show one object.

    Raises:
        NotFoundError: there is none that the reader may know of.
    """
    call, identifier = view.call, asking.object_id(view.call)
    found = objects.latest(call, identifier)
    names = parties.names(call)
    this = shown(found.value, names)
    near, more = _near(call, found.value, None)
    known = {
        each.id: shown(each, names) for each in objects.several(call, _wanted(this, near)).value.values()
    }
    detail = Detail(
        object=this,
        ordered=ordered(this.properties),
        text=json.dumps(this.properties, indent=2, ensure_ascii=False),
        assertions=objects.asserted(call, identifier).value.items,
        permitted=deciding.permitted(call, identifier).value,
        left=left_of(this.properties, call.parts.store.clock()),
        passed=passed_by(this.properties),
        since=asking.next_token(max(micros_or_none(each.added) or 1 for each in (found.value, *near))),
        related=_related(this, near, known, names),
        more_related=more is not None,
        known=known,
        names=names,
    )
    return render(
        view,
        "object/object.html",
        found.derive(detail),
        copies=copies(identifier),
        days=DAYS,
        reasons=REASONS,
    )


def peek(view: View) -> Response:
    """Show an object at a glance, beside a list.

    Raises:
        NotFoundError: there is none that the reader may know of.
    """
    found = objects.latest(view.call, asking.object_id(view.call))
    this = shown(found.value, parties.names(view.call))
    return render(view, "object/peek.html", found.derive(Peeked(this, ordered(this.properties))))


def show_relations(view: View) -> Response:
    """Show all that refers to an object, a page at a time.

    Raises:
        NotFoundError: there is none that the reader may know of.
    """
    call, identifier = view.call, asking.object_id(view.call)
    found = objects.latest(call, identifier)
    names = parties.names(call)
    this = shown(found.value, names)
    near, following = _near(call, found.value, asking.read_token(view.request.query_params.get("cursor", "")))
    known = {
        each.id: shown(each, names) for each in objects.several(call, _wanted(this, near)).value.values()
    }
    page = {
        "object": this,
        "related": _related(this, near, known, names),
        "older": f"/objects/{quote(identifier)}/relations?cursor={following}" if following else "",
    }
    return render(view, "object/relations.html", found.derive(page))


def copies(identifier: str) -> dict[str, str]:
    """Return the same look as a command and as a path of the REST interface."""
    return {"command": f"tocsin search id:{identifier}", "api": f"/api/v1/objects/{quote(identifier)}"}


def ordered(properties: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return the properties that a page lists, what the object is about first."""
    first = [(name, properties[name]) for name in _FIRST if name in properties]
    rest = [
        (name, value) for name, value in properties.items() if name not in _ELSEWHERE and name not in _FIRST
    ]
    return (*first, *rest)


def _near(call: Call, entry: Entry, beyond: int | None) -> tuple[tuple[Entry, ...], str | None]:
    found = objects.find(call, objects.referring(entry.id), _RELATED, beyond)
    page = objects.entries(call, found.value)
    return page.items, page.next


def _wanted(this: Shown, near: tuple[Entry, ...]) -> list[str]:
    wanted = ends_of(this.properties)
    for each in near:
        wanted += [end for end in ends_of(msgspec.json.decode(each.object)) if end != this.id]
    return wanted


def _related(
    this: Shown, near: tuple[Entry, ...], known: Mapping[str, Shown], names: Mapping[str, str]
) -> tuple[Related, ...]:
    """Return what an object is related to: its own references, relationships through to their other end, and what speaks of it."""
    found = [
        Related(name, "out", end, known.get(end), None) for name, end in _own_references(this.properties)
    ]
    for entry in near:
        through = shown(entry, names)
        says = through.properties
        if through.type == "relationship":
            out = says.get("source_ref") == this.id
            end = str(says.get("target_ref" if out else "source_ref", ""))
            found.append(Related(through.title, "out" if out else "in", end, known.get(end), through))
        elif through.type != "sighting":
            found.append(Related(through.type, "in", through.id, through, None))
    return tuple(sorted(found, key=lambda each: (each.how, each.way)))


def _own_references(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name.removesuffix("_refs").removesuffix("_ref").replace("_", " "), end)
        for name in properties
        for end in ends_of({name: properties[name]})
    ]
