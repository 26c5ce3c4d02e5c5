"""The map as a page: read from locations, identities, what is related to them, and sightings."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.node.places import WAYS, Place, Places, Relation, country_of, places_of, sectors_of
from tocsin.server.api import asking, objects
from tocsin.server.context import Call
from tocsin.server.pages import assets
from tocsin.server.pages.gathering import gathered
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.sharing.release import Released
from tocsin.store.search.finding import Item
from tocsin.store.search.query import Clause, Lexeme, Query, moment
from tocsin.store.search.terms import fit

_LOCATIONS = 2000
_IDENTITIES = 5000
_RELATIONS = 10_000
_SIGHTINGS = 5000
_IDS = 500  # of identities with a sector that relationships are sought of
_SEEDS = 20  # locations that a graph of a country begins with
LEVELS = 4
"""Shades of a country."""


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is counted, and since when."""

    show: Annotated[str, Meta(pattern="^(all|targeted|origin|seen)$")] = "all"
    after: Annotated[str, Meta(max_length=40, description="Said then or later.")] = ""

    def query(self) -> str:
        """Return the query string of the address."""
        return urlencode({name: value for name, value in msgspec.to_builtins(self).items() if value})


class Country(msgspec.Struct, frozen=True):
    """A country, what it is called, its figures by way, its shade (0: nothing), and whether the map has its shape."""

    place: Place
    name: str
    counts: tuple[int, ...]
    shown: int
    level: int
    drawn: bool
    graph: str


class Map(msgspec.Struct, frozen=True):
    """What the page shows. `complete` is false where there is more than is counted."""

    asked: Asked
    countries: tuple[Country, ...]
    sectors: tuple[tuple[Place, tuple[int, ...]], ...]
    complete: bool


class _Known(msgspec.Struct, frozen=True):
    """All that one reader may have: what is said of which place, a few locations of each country, and whether that is all there is."""

    places: Places
    locations: Mapping[str, tuple[str, ...]]
    complete: bool


class _Ends(msgspec.Struct):
    relationship_type: str = ""
    source_ref: str = ""
    target_ref: str = ""
    where_sighted_refs: list[str] | None = None


def show_map(view: View) -> Response:
    """Show the map.

    Raises:
        InputError: the time cannot be read.
    """
    call = view.call
    asked = asking.parameters(call, Asked)
    after = moment(asked.after, "after") if asked.after else None
    found = gathered(call, ("map", after), lambda: _known(call, after))
    known = found.value
    names = dict(view.look.locale.territories)
    most = max((_count(each, asked.show) for each in known.places.countries), default=0)
    made = Map(
        asked=asked,
        countries=tuple(
            _country(each, names, asked.show, most, known.locations.get(each.name, ()))
            for each in known.places.countries
        ),
        sectors=tuple((each, _counts(each)) for each in known.places.sectors),
        complete=known.complete,
    )
    return render(view, "map/map.html", found.derive(made))


def _known(call: Call, after: int | None) -> Released[_Known]:
    """Return all that the reader may have of countries and sectors."""
    held = _Reading(call, after)
    located = {each.id: country_of(_said(each)) for each in held.of(_LOCATIONS, "location")}
    identities = {each.id: sectors_of(_said(each)) for each in held.of(_IDENTITIES, "identity")}
    countries = {key: code for key, code in located.items() if code}
    sectors = {key: names for key, names in identities.items() if names}
    relations = held.relations(list(sectors))
    found = places_of(countries, sectors, relations, held.sightings())
    by_code: dict[str, list[str]] = defaultdict(list)
    for key, code in sorted(countries.items()):
        if len(by_code[code]) < _SEEDS:
            by_code[code].append(key)
    return held.last.derive(
        _Known(found, {code: tuple(keys) for code, keys in by_code.items()}, held.complete)
    )


class _Reading:
    """Reads what the reader may have; `last` is what the last answer was released as."""

    def __init__(self, call: Call, after: int | None) -> None:
        self._call = call
        self._after = after
        self.complete = True
        self.last = objects.several(call, ())

    def of(
        self, most: int, *types: str, after: int | None = None, ids: tuple[Lexeme, ...] = ()
    ) -> list[Item]:
        """Return the newest objects of some types, that refer to one of `ids` if there are any."""
        clauses = (Clause(tuple((each,) for each in ids)),) if ids else ()
        query = Query(clauses=clauses, types=types, after=after)
        found = objects.find(self._call, query, most, None)
        self.complete = self.complete and not found.value.more
        self.last = found.derive({})
        return list(found.value.items)

    def relations(self, identities: list[str]) -> list[Relation]:
        """Return relationships with a location, or with one of these identities."""
        ids = [Lexeme(fit(f"r:{each}")) for each in identities[:_IDS]]
        found = self.of(
            _RELATIONS, "relationship", after=self._after, ids=(Lexeme("r:location--", prefix=True), *ids)
        )
        said = (msgspec.json.decode(each.body, type=_Ends) for each in found)
        return [Relation(each.relationship_type, each.source_ref, each.target_ref) for each in said]

    def sightings(self) -> list[tuple[str, str]]:
        """Return sightings with where they were seen."""
        found = self.of(_SIGHTINGS, "sighting", after=self._after)
        return [
            (each.id, where)
            for each in found
            for where in msgspec.json.decode(each.body, type=_Ends).where_sighted_refs or ()
        ]


def _said(item: Item) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.json.decode(item.body)
    return said


def _counts(place: Place) -> tuple[int, ...]:
    return tuple(len(place.ways[way]) for way in WAYS)


def _count(place: Place, show: str) -> int:
    return place.total if show == "all" else len(place.ways[show])


def _country(place: Place, names: dict[str, str], show: str, most: int, locations: Sequence[str]) -> Country:
    count = _count(place, show)
    # few countries have most of it: shades follow the logarithm
    level = math.ceil(LEVELS * math.log1p(count) / math.log1p(most)) if count else 0
    graph = f"/graph?{urlencode({'from': ','.join(locations)})}" if locations else ""
    return Country(
        place,
        names.get(place.name, place.name),
        _counts(place),
        count,
        level,
        place.name in assets.countries(),
        graph,
    )
