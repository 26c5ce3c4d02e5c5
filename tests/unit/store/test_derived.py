"""What rests on what, as it comes, whatever the order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import FRIEND, IMPORT, OWN, settle
from tocsin.sharing.labels import Label, label_for
from tocsin.stix import canonical, parse
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, collections, derived, labels, objects
from tocsin.store.values import Placement

SEEN = "2026-01-01T00:00:00.000Z"
GREEN, RED = (label_for([id_of(tlp)], owner=OWN.id) for tlp in (TLP.GREEN, TLP.RED))
THEIRS = label_for([id_of(TLP.RED)], owner=FRIEND.id)


def uid(kind: str, number: int) -> str:
    return f"{kind}--00000000-0000-4000-8000-{number:012}"


def made(kind: str, number: int, label: Label, **properties) -> Placement:
    data = {
        "type": kind,
        "spec_version": "2.1",
        "id": uid(kind, number),
        "created_by_ref": OWN.id,
        "created": SEEN,
        "modified": SEEN,
        "object_marking_refs": list(label.markings),
    }
    return Placement(parse(canonical(data | properties)), label)


def malware(number: int, label: Label, **properties) -> Placement:
    return made("malware", number, label, is_family=False, **properties)


def relation(number: int, label: Label, *ends: str) -> Placement:
    return made(
        "relationship", number, label, relationship_type="uses", source_ref=ends[0], target_ref=ends[1]
    )


def note(number: int, label: Label, *about: str, **properties) -> Placement:
    return made("note", number, label, content="so it is", object_refs=list(about), **properties)


def grounds(store: Store, stix_id: str) -> set[tuple[tuple[str, ...], ...]]:
    """The markings that each row of an id rests on, one tuple for each thing."""
    with store.connection() as connection:
        known = labels.everything(connection)
        rows = connection.execute("SELECT label_id FROM object WHERE stix_id = %s", (stix_id,)).fetchall()
    return {
        tuple(
            sorted("/".join(sorted(known[n].markings[0][-4:] for n in some)) for some in known[row[0]].rests)
        )
        for row in rows
    }


R, G = (marking.markings[0][-4:] for marking in (RED, GREEN))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
def test_a_relationship_rests_on_a_stricter_end_whatever_comes_first(
    store: Store, order: tuple[int, ...], together: bool
) -> None:
    collection = settle(store)
    some = [malware(1, RED), malware(2, GREEN), relation(3, GREEN, uid("malware", 1), uid("malware", 2))]
    ordered = [some[n] for n in order]
    for batch in [ordered] if together else [[each] for each in ordered]:
        objects.put(store, collection.id, batch, origin=IMPORT)
    assert grounds(store, uid("relationship", 3)) == {(R,)}
    again = objects.put(store, collection.id, ordered, origin=IMPORT)
    assert {outcome.kind for outcome in again} == {"same"}


def test_what_rests_on_what_rests(store: Store) -> None:
    collection = settle(store)
    chain = [
        note(9, GREEN, uid("note", 8)),
        note(8, GREEN, uid("relationship", 3)),
        relation(3, GREEN, uid("malware", 1), uid("malware", 2)),
    ]
    for each in chain:
        objects.put(store, collection.id, [each], origin=IMPORT)
    assert grounds(store, uid("note", 9)) == {()}
    objects.put(store, collection.id, [malware(1, RED)], origin=IMPORT)
    assert grounds(store, uid("relationship", 3)) == {(R,)}
    assert grounds(store, uid("note", 8)) == {(G,)}
    assert grounds(store, uid("note", 9)) == {(G,)}  # the note's ground rests on RED in its turn


def test_in_another_collection_counts_of_another_owner_does_not(store: Store) -> None:
    here = settle(store)
    with store.transaction() as connection:
        there = collections.add(connection, collections.new("there"))
    objects.put(store, there.id, [malware(1, RED)], origin=IMPORT)
    objects.put(store, here.id, [malware(2, THEIRS)], origin=IMPORT)
    objects.put(store, here.id, [relation(3, GREEN, uid("malware", 1), uid("malware", 2))], origin=IMPORT)
    assert grounds(store, uid("relationship", 3)) == {(R,)}


def test_another_assertion_of_the_end_frees_and_its_end_frees(store: Store) -> None:
    collection = settle(store)
    link = relation(3, GREEN, uid("malware", 1), uid("malware", 2))
    objects.put(store, collection.id, [malware(1, RED), link], origin=IMPORT)
    before = max(cursor(store, uid(kind, n)) for kind, n in (("relationship", 3), ("malware", 1)))
    objects.put(store, collection.id, [malware(1, GREEN, name="also")], origin=IMPORT)
    assert grounds(store, uid("relationship", 3)) == {()}
    assert cursor(store, uid("relationship", 3)) > before  # added anew: who passed it by sees it now
    (row,) = [c for c in cursors(store, uid("malware", 1)) if c > before]
    objects.delete(store, collection.id, uid("malware", 1), [row], source=OWN.id)
    assert grounds(store, uid("relationship", 3)) == {(R,)}


def test_ids_in_text_and_custom_properties_count(store: Store) -> None:
    collection = settle(store)
    hidden = uid("malware", 1)
    some = [
        malware(1, RED),
        malware(2, GREEN, description=f"a cousin of {hidden}."),
        malware(3, GREEN, x_cousin={"of": [hidden]}),
        malware(4, GREEN, description="malware--not-an-id and malware--00000000"),
    ]
    objects.put(store, collection.id, some, origin=IMPORT)
    assert [grounds(store, uid("malware", n)) for n in (2, 3, 4)] == [{(R,)}, {(R,)}, {()}]


def test_circles_end(store: Store) -> None:
    collection = settle(store)
    one, other = note(1, GREEN, uid("note", 2)), note(2, RED, uid("note", 1))
    objects.put(store, collection.id, [one, other], origin=IMPORT)
    assert grounds(store, uid("note", 1)) == {(R,)}
    assert grounds(store, uid("note", 2)) == {(G,)}


def cursors(store: Store, stix_id: str) -> list[int]:
    with store.connection() as connection:
        return [r[0] for r in connection.execute("SELECT cursor FROM object WHERE stix_id = %s", (stix_id,))]


def cursor(store: Store, stix_id: str) -> int:
    (found,) = cursors(store, stix_id)
    return found


@given(
    st.lists(st.sampled_from(["malware", "x-thing", "marking-definition", "tool"]), max_size=5),
    st.text(max_size=20),
)
def test_every_id_is_found_wherever_it_stands(kinds: list[str], between: str) -> None:
    ids = [uid(kind, number) for number, kind in enumerate(kinds)]
    data = {
        "type": "note",
        "id": uid("note", 99),
        "content": between.join(["", *(f" {i} " for i in ids), ""]),
        "refs": ids,
    }
    try:
        body = canonical(data)
    except Exception:  # noqa: BLE001 - half characters are no JSON
        return
    found = derived.references(body, data["id"], None)
    assert set(found) >= {each for each in ids if not each.startswith("marking")}
    assert not any(each.startswith("marking") for each in found)


def test_hashes_of_ids_are_those_kept() -> None:
    """They are in databases: another function would find nothing any more."""
    assert derived.hashed("malware--00000000-0000-4000-8000-000000000001") == -7533280348798227425
