"""A term that found an object is shown where it stands in it."""

from __future__ import annotations

import pytest

from factories import indicator
from tocsin.stix.markings import TLP
from tocsin.store.search.places import places
from tocsin.store.search.query import parse, terms_in

FOUND = indicator(1, tlp=TLP.GREEN, name="Sign-in page", description="Seen with T1566.002 in a mail to evil.example") | {
    "pattern": "[domain-name:value = 'login.evil.example']",
    "object_refs": ["malware--00000000-0000-4000-8000-000000000002"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("page", ("name",)),
        ("pa*", ("name",)),
        ('"mail to"', ("description",)),
        ("evil.example", ("description", "pattern")),
        ("login.evil.example", ("description", "pattern")),
        ("value:login.evil.example", ("pattern",)),
        ("T1566", ("description",)),
        ('name:"sign-in page"', ("name",)),
        (FOUND["id"], ("id",)),
        ("malware--00000000-0000-4000-8000-000000000002", ("object_refs",)),
        ("elsewhere", ()),
    ],
)
def test_a_term_is_found_where_it_stands(term: str, names: tuple[str, ...]) -> None:
    (clause,) = parse(term).clauses
    assert sorted(places(FOUND, clause)) == sorted(names)


def test_words_of_several_properties_stand_in_none_alone() -> None:
    (clause,) = parse('"page mail"').clauses
    assert places(FOUND, clause) == ()


def test_terms_are_those_that_the_query_is_made_of() -> None:
    text = 'type:indicator "several words" -codes pa*'
    assert terms_in(text) == ["type:indicator", '"several words"', "-codes", "pa*"]
    together = parse(text)
    alone = [parse(each) for each in terms_in(text)]
    assert tuple(clause for each in alone for clause in each.clauses) == together.clauses
    assert alone[0].types == together.types
