"""The map as a page: read from locations, identities, what is related to them, and sightings."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.node.places import (
    PLACING,
    WAYS,
    Place,
    Places,
    Relation,
    country_of,
    places_of,
    sectors_of,
)
from tocsin.server.api import asking, objects
from tocsin.server.context import Call
from tocsin.server.pages import assets
from tocsin.server.pages.gathering import gathered
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.sharing.release import Released
from tocsin.store.search.finding import Item
from tocsin.store.search.query import Clause, Query, moment, saying

T = TypeVar("T")
_LOCATIONS = 2000
_IDENTITIES = 5000
_RELATIONS = 10_000
_SIGHTINGS = 2000
_OF_PLACES = saying(PLACING)
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
    """What is said of which place, a few locations of each country, and whether that is all there is."""

    places: Places
    locations: Mapping[str, tuple[str, ...]]
    complete: bool


class _Told(msgspec.Struct, Generic[T], frozen=True):
    """Relationships, or sightings with where they were seen, each with when it was modified; `whole`: they are all there are."""

    items: tuple[tuple[Micros, T], ...]
    whole: bool

    def since(self, after: Micros | None) -> list[T]:
        """Return those that were modified then or later."""
        return [what for at, what in self.items if after is None or at >= after]


_Relations: TypeAlias = _Told[Relation]
_Sightings: TypeAlias = _Told[tuple[str, str]]


class _Held(msgspec.Struct, frozen=True):
    """All that one reader may have: countries by location, sectors by identity, whether those are all there are, and what is told of them."""

    countries: Mapping[str, str]
    sectors: Mapping[str, tuple[str, ...]]
    whole: bool
    relations: _Relations
    sightings: _Sightings


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


def _known(call: Call, after: Micros | None) -> Released[_Known]:
    """Return what is said of countries and sectors, as far as the reader may have it: since a time, or ever."""
    found = gathered(call, ("places",), lambda: _held(call))
    held = found.value
    relations, sightings = held.relations, held.sightings
    if after is not None:  # where more is held than was read, the newest of that time may not be among it
        reading = _Reading(call, after)
        relations = relations if relations.whole else reading.relations()
        sightings = sightings if sightings.whole else reading.sightings()
    places = places_of(held.countries, held.sectors, relations.since(after), sightings.since(after))
    by_code: dict[str, list[str]] = defaultdict(list)
    for key, code in sorted(held.countries.items()):
        if len(by_code[code]) < _SEEDS:
            by_code[code].append(key)
    locations = {code: tuple(keys) for code, keys in by_code.items()}
    return found.derive(_Known(places, locations, held.whole and relations.whole and sightings.whole))


def _held(call: Call) -> Released[_Held]:
    """Return all that the reader may have."""
    reading = _Reading(call)
    located, all_located = reading.of(_LOCATIONS, "location")
    identities, all_identities = reading.of(_IDENTITIES, "identity")
    countries = {each.id: country_of(_said(each)) for each in located}
    sectors = {each.id: sectors_of(_said(each)) for each in identities}
    held = _Held(
        countries={key: code for key, code in countries.items() if code},
        sectors={key: names for key, names in sectors.items() if names},
        whole=all_located and all_identities,
        relations=reading.relations(),
        sightings=reading.sightings(),
    )
    return reading.last.derive(held)


class _Reading:
    """Reads what the reader may have; `last` is what the last answer was released as."""

    last: Released[Any]

    def __init__(self, call: Call, after: Micros | None = None) -> None:
        self._call = call
        self._after = after

    def of(self, most: int, kind: str, *clauses: Clause) -> tuple[tuple[Item, ...], bool]:
        """Return the newest objects of a type that have what `clauses` ask for, and whether those are all."""
        query = Query(clauses=clauses, types=(kind,), after=self._after)
        found = objects.find(self._call, query, most, None)
        self.last = found.derive({})
        return found.value.items, not found.value.more

    def relations(self) -> _Relations:
        """Return relationships that may say something of a place.

        They are found by how they relate: where they lead to is less of a help, since every sighting leads to a location, too.
        """
        found, whole = self.of(_RELATIONS, "relationship", _OF_PLACES)
        return _Told(tuple((each.version, _relation(each)) for each in found), whole)

    def sightings(self) -> _Sightings:
        """Return sightings with where they were seen."""
        found, whole = self.of(_SIGHTINGS, "sighting")
        seen = (
            (each.version, (each.id, where))
            for each in found
            for where in msgspec.json.decode(each.body, type=_Ends).where_sighted_refs or ()
        )
        return _Told(tuple(seen), whole)


def _relation(item: Item) -> Relation:
    said = msgspec.json.decode(item.body, type=_Ends)
    return Relation(said.relationship_type, said.source_ref, said.target_ref)


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
