"""What is said about countries and sectors: whom attacks aim at, where they come from, where they were seen.

A country is told by a location (STIX 2.1 section 4.6, `country`), a sector by an identity (section 4.5, `sectors`); an identity is in the country that
it is said to be located at. Each count is of distinct objects, so that one told twice counts once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

WAYS = ("targeted", "origin", "seen")
_CODE = re.compile(r"[A-Z]{2}")
_RELATIONS = {"targets": "targeted", "originates-from": "origin"}
_LIES = "located-at"
PLACING = (*_RELATIONS, _LIES)
"""Types of relationship that say something of a place."""


class Relation(msgspec.Struct, frozen=True):
    """A relationship: its type and its ends."""

    how: str
    source: str
    target: str


class Place(msgspec.Struct, frozen=True):
    """A country or a sector, and the ids of what is said of it, by way: "targeted", "origin" or "seen"."""

    name: str
    ways: dict[str, frozenset[str]]
    parties: frozenset[str]

    @property
    def total(self) -> int:
        """How many distinct objects say something of it."""
        return len(frozenset[str]().union(*self.ways.values()))


class Places(msgspec.Struct, frozen=True):
    """Countries by ISO 3166-1 alpha-2 code and sectors by name, most told first."""

    countries: tuple[Place, ...]
    sectors: tuple[Place, ...]


def country_of(said: Mapping[str, object]) -> str:
    """Return the code of the country that a location says it is in, or ""."""
    code = str(said.get("country", "")).strip().upper()
    return code if _CODE.fullmatch(code) else ""


def sectors_of(said: Mapping[str, object]) -> tuple[str, ...]:
    """Return the sectors that an identity says it is of."""
    sectors = said.get("sectors")
    return tuple(each for each in sectors if isinstance(each, str)) if isinstance(sectors, list) else ()


def places_of(
    countries: Mapping[str, str],
    sectors: Mapping[str, tuple[str, ...]],
    relations: Iterable[Relation],
    sightings: Iterable[tuple[str, str]],
) -> Places:
    """Return what is said of countries and sectors.

    Args:
        countries: codes by id of location.
        sectors: sectors by id of identity.
        relations: relationships with a location or an identity at one end.
        sightings: ids of sightings, each with an id of where it was seen.
    """
    listed = list(relations)
    lying: dict[str, set[str]] = defaultdict(set)
    for identifier, code in countries.items():
        lying[identifier].add(code)
    parties: dict[str, set[str]] = defaultdict(set)
    for each in listed:
        if each.how == _LIES and each.target in countries:
            lying[each.source].add(countries[each.target])
            parties[countries[each.target]].add(each.source)
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    by_sector: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for way, told, where in (
        *((_RELATIONS[r.how], r.source, r.target) for r in listed if r.how in _RELATIONS),
        *(("seen", sighting, where) for sighting, where in sightings),
    ):
        for code in lying.get(where, ()):
            found[code][way].add(told)
        for sector in sectors.get(where, ()):
            by_sector[sector][way].add(told)
    for identifier, listed_names in sectors.items():
        for name in listed_names:
            parties[f"sector {name}"].add(identifier)
    codes = {*countries.values(), *found}
    names = {name for each in sectors.values() for name in each}
    return Places(
        _ordered(_place(code, found.get(code, {}), parties.get(code, set())) for code in codes),
        _ordered(
            _place(name, by_sector.get(name, {}), parties.get(f"sector {name}", set())) for name in names
        ),
    )


def _place(name: str, ways: Mapping[str, set[str]], parties: set[str]) -> Place:
    return Place(name, {way: frozenset(ways.get(way, ())) for way in WAYS}, frozenset(parties))


def _ordered(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(sorted(places, key=lambda each: (-each.total, -len(each.parties), each.name)))
