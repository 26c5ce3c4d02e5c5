from __future__ import annotations

import pytest

from tocsin.stix.handling import Handling, from_kind
from tocsin.store import Store, labels, organisations

OTHER = "identity--00000000-0000-4000-8000-000000000002"


def kinds(node: Store) -> dict[str, str]:
    with node.connection() as connection:
        return {marking: kind for marking, _, kind in labels.definitions(connection).everything()}


def test_a_marking_says_who_may_have_it(node: Store, run, answer) -> None:
    with node.connection() as connection:
        group = organisations.add_community(connection, "banks", "Banks")
    audience = ("--community", "banks", "--organisation", "other", "--role", "isac", "--role", "csirt")
    assert (
        run("marking", "make", "Incident 7", *audience, "--encrypt-in-transit", "--not-public", "--json") == 0
    )
    made = answer()["id"]
    assert from_kind(kinds(node)[made]) == Handling(
        communities=(str(group.id),),
        organisations=(OTHER,),
        roles=("csirt", "isac"),
        encrypted=True,
        not_public=True,
    )
    assert run("marking", "list", "--json") == 0
    assert [(each["id"], each["kind"]) for each in answer()["markings"]] == [(made, "handling")]


def test_a_name_that_fits_what_it_asks_for(node: Store, run, answer) -> None:
    assert run("marking", "make", "Chatham House Rule", "--hide-source", "--json") == 0
    assert from_kind(kinds(node)[answer()["id"]]) == Handling(hide_source=True)


@pytest.mark.parametrize(
    "args",
    [
        ("Incident 7",),
        ("Incident 7", "--community", "nobodys"),
        ("Incident 7", "--organisation", "nobody"),
        ("Incident 7", "--role", "press"),
        ("Incident 7", "--releasable-to", "D1"),
        ("TLP:RED", "--pap", "red"),
        ("Chatham House Rule", "--pap", "red"),
    ],
)
def test_what_nobody_would_understand_is_not_made(node: Store, run, args: tuple[str, ...]) -> None:
    assert run("marking", "make", *args) != 0
    assert kinds(node) == {}
