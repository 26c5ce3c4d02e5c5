"""What is said about countries and sectors."""

from __future__ import annotations

import pytest

from tocsin.node.places import Place, Relation, country_of, places_of, sectors_of

COUNTRIES = {"location--de": "DE", "location--de2": "DE", "location--fr": "FR", "location--jp": "JP"}
SECTORS = {"identity--1": ("energy",), "identity--2": ("energy", "health")}


def by_name(places: tuple[Place, ...]) -> dict[str, dict[str, int]]:
    return {each.name: {way: len(ids) for way, ids in each.ways.items() if ids} for each in places}


def test_countries_are_told_by_locations_and_by_where_parties_are() -> None:
    relations = [
        Relation("targets", "malware--1", "location--de"),
        Relation("targets", "malware--1", "location--de2"),  # told twice, counted once
        Relation("targets", "campaign--1", "identity--1"),
        Relation("located-at", "identity--1", "location--fr"),
        Relation("originates-from", "intrusion-set--1", "location--jp"),
        Relation("related-to", "malware--9", "location--jp"),
    ]
    found = places_of(
        COUNTRIES, SECTORS, relations, [("sighting--1", "identity--1"), ("sighting--2", "gone")]
    )
    assert by_name(found.countries) == {
        "DE": {"targeted": 1}, "FR": {"targeted": 1, "seen": 1}, "JP": {"origin": 1},
    }  # fmt: skip
    assert [each.name for each in found.countries] == ["FR", "DE", "JP"]
    assert found.countries[0].parties == {"identity--1"}
    assert found.countries[0].total == 2
    assert by_name(found.sectors) == {"energy": {"targeted": 1, "seen": 1}, "health": {}}
    assert {each.name: len(each.parties) for each in found.sectors} == {"energy": 2, "health": 1}


def test_nothing_is_said() -> None:
    found = places_of({}, {}, [Relation("targets", "a", "b")], [("sighting--1", "b")])
    assert (found.countries, found.sectors) == ((), ())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"country": "de "}, "DE"),
        ({"country": "Germany"}, ""),
        ({"country": 7}, ""),
        ({}, ""),
        ({"country": "DEU"}, ""),
    ],
)
def test_codes(said: dict[str, object], code: str) -> None:
    assert country_of(said) == code


def test_sectors() -> None:
    assert sectors_of({"sectors": ["energy", 3]}) == ("energy",)
    assert sectors_of({"sectors": "energy"}) == ()
