"""Why a search finds an object: each of its terms, and where in the object it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.errors import NotFoundError
from tocsin.server.api import asking, objects, parties, searching
from tocsin.server.context import Call
from tocsin.server.pages.rendering import render
from tocsin.server.pages.titles import Shown, shown
from tocsin.server.pages.view import View
from tocsin.store.search.places import places
from tocsin.store.search.query import Clause, Query, parse, terms_in


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which object, and what was searched for."""

    object: Annotated[str, Meta(max_length=300)]
    q: searching.Text = ""


class Place(msgspec.Struct, frozen=True):
    """A term of the search, whether it asks for what has it not, and the facts or properties that meet it, by name."""

    term: str
    negated: bool
    values: tuple[tuple[str, Any], ...]


class Why(msgspec.Struct, frozen=True):
    """Why something is found."""

    object: Shown
    query: str
    terms: tuple[Place, ...]


def show_why(view: View) -> Response:
    """Show why a search finds an object.

    Raises:
        NotFoundError: there is no such object that the reader may know of, or the search does not find it.
        InputError: the query cannot be read.
    """
    call = view.call
    given = asking.parameters(call, Asked)
    query = parse(given.q)
    if "\0" in given.object or not _finds(call, query, given.object):
        raise NotFoundError("no such object")
    found = objects.latest(call, given.object)
    this = shown(found.value, parties.names(call))
    terms = tuple(_place(this, term) for term in terms_in(given.q))
    return render(view, "search/why.html", found.derive(Why(this, given.q, terms)))


def _finds(call: Call, query: Query, identifier: str) -> bool:
    alone = msgspec.structs.replace(query, clauses=(*query.clauses, *parse(f"id:{identifier}").clauses))
    return bool(objects.find(call, alone, 1, None).value.items)


def _place(this: Shown, term: str) -> Place:
    query = parse(term)
    asked = (
        (query.types, "type", this.type),
        (query.tlp, "tlp", this.tlp),
        (query.sources, "source", this.source),
        (query.collections, "collection", this.collection),
        (query.after is not None or query.before is not None, "modified", this.modified),
        (query.least is not None or query.most is not None, "confidence", this.properties.get("confidence")),
        (query.revoked is not None, "revoked", this.properties.get("revoked", False)),
    )
    facts: dict[str, Any] = {name: value for given, name, value in asked if given}
    for clause in query.clauses:
        facts |= _said(this.properties, clause)
    return Place(term, any(clause.negated for clause in query.clauses), tuple(facts.items()))


def _said(properties: Mapping[str, Any], clause: Clause) -> dict[str, Any]:
    return {} if clause.negated else {name: properties[name] for name in places(properties, clause)}
