from __future__ import annotations

import json
from uuid import UUID

import pytest

from tocsin.errors import NotFoundError, StoreError
from tocsin.formats import RawItem, refuse
from tocsin.node import intake
from tocsin.node.intake import Committed, Intake
from tocsin.sharing.audience import Organisation
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, collections, labels, organisations, quarantine
from tocsin.store.values import Origin

OWN = "identity--00000000-0000-4000-8000-000000000001"
OTHER = "identity--00000000-0000-4000-8000-000000000002"
ORIGIN = Origin(OWN, None, "import")


def indicator(number: int, **changes) -> bytes:
    made = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--00000000-0000-4000-8000-{number:012d}",
        "created": "2024-01-01T00:00:00.000Z",
        "modified": "2024-01-01T00:00:00.000Z",
        "pattern": "[domain-name:value = 'a.example']",
        "pattern_type": "stix",
        "valid_from": "2024-01-01T00:00:00Z",
    }
    return json.dumps(made | changes).encode()


def items(*raw: bytes) -> list[RawItem]:
    return [RawItem(f"f:{line}", each) for line, each in enumerate(raw, 1)]


@pytest.fixture
def home(store: Store) -> Store:
    with store.connection() as connection:
        organisations.put(connection, Organisation(id=OWN, name="own", own=True))
        collections.add(connection, collections.new("main"))
    return store


def take(store: Store, found, **options) -> intake.IntakeReport:
    options = {"collection": "main", "origin": ORIGIN} | options
    return Intake(store, OWN, store.clock).take(found, **options)


def known_labels(store: Store) -> list:
    with store.connection() as connection:
        return list(labels.everything(connection).values())


def test_new_same_and_updated(home: Store) -> None:
    found = items(*(indicator(n) for n in range(5)))
    first, second = take(home, found), take(home, found)
    assert (first.new, first.updated, first.same, first.refused) == (5, 0, 0, 0)
    assert (second.new, second.updated, second.same, second.refused) == (0, 0, 5, 0)
    third = take(home, items(indicator(0, modified="2024-02-01T00:00:00.000Z"), indicator(9)))
    assert (third.new, third.updated, third.same) == (1, 1, 0)


def test_formatting_does_not_make_another_version(home: Store) -> None:
    take(home, items(indicator(1)))
    again = json.dumps(json.loads(indicator(1)), indent=3, sort_keys=True).encode()
    assert take(home, items(again)).same == 1


def test_batches_are_many_transactions_with_the_same_sum(
    home: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCH", 7)
    batches: list[Committed] = []
    report = take(home, items(*(indicator(n) for n in range(50))), on_committed=batches.append)
    assert report.new == 50
    assert [len(each.objects) for each in batches] == [7] * 7 + [1]
    cursors = [outcome.cursor for each in batches for outcome in each.outcomes]
    assert cursors == sorted(set(cursors))


def test_refusals_go_to_quarantine_once_with_place_rule_and_bytes(home: Store) -> None:
    bad = indicator(2, pattern="[domain-name:value = ")
    found = [
        *items(indicator(1), bad, b"{", indicator(3)),
        refuse("f#/objects/7", b"{,}", "json", "not JSON"),
        RawItem("f:9", b'{"a":' * 100 + b"1" + b"}" * 100),
    ]
    for _ in range(2):
        report = take(home, found)
        assert report.refused == 4
        assert report.reasons["json"] == 2
        assert report.examples["json"][0] == "f:3"
        assert sum(report.reasons.values()) == 4
    with home.connection() as connection:
        kept = quarantine.everything(connection)
    assert [(each.where, each.times) for each in kept] == [
        ("f:9", 2),
        ("f#/objects/7", 2),
        ("f:3", 2),
        ("f:2", 2),
    ]
    assert kept[-1].raw == bad
    assert kept[-1].pointer == "/pattern"
    assert kept[-1].origin == ORIGIN


def test_reasons_are_most_frequent_first(home: Store) -> None:
    found = [
        refuse("a", b"1", "b-rule", ""),
        refuse("b", b"2", "a-rule", ""),
        refuse("c", b"3", "c-rule", ""),
        refuse("d", b"4", "c-rule", ""),
    ]
    assert list(take(home, found).reasons) == ["c-rule", "a-rule", "b-rule"]


def test_label_of_who_asserts_it_and_for_whom(home: Store) -> None:
    with home.connection() as connection:
        community = organisations.add_community(connection, "banks", "Banks")
        collections.add(connection, collections.new("shared", community=community.id))
    take(home, items(indicator(1)), collection="shared", owner=OTHER, recipients=[OWN, OTHER, OWN])
    (label,) = known_labels(home)
    assert (label.owner, label.communities, label.recipients) == (OTHER, (str(community.id),), (OWN, OTHER))
    assert label.assumed is None


def test_assumed_tlp_is_for_objects_without_one(home: Store) -> None:
    statement = "marking-definition--00000000-0000-4000-8000-00000000000a"
    take(
        home,
        items(
            indicator(1),
            indicator(2, object_marking_refs=[statement]),
            indicator(3, object_marking_refs=[id_of(TLP.AMBER), statement]),
            indicator(4, granular_markings=[{"marking_ref": id_of(TLP.RED), "selectors": ["pattern"]}]),
        ),
        assumed="green",
    )
    assert {label.markings: label.assumed for label in known_labels(home)} == {
        (): "green",
        (statement,): "green",
        tuple(sorted((id_of(TLP.AMBER), statement))): None,
        (id_of(TLP.RED),): None,
    }


def test_marking_definitions_are_kept_as_said_by_their_owner(home: Store) -> None:
    statement = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--00000000-0000-4000-8000-00000000000a",
        "created": "2024-01-01T00:00:00.000Z",
        "definition_type": "statement",
        "definition": {"statement": "Copyright"},
    }
    take(home, items(json.dumps(statement).encode()), owner=OTHER)
    with home.connection() as connection:
        known = labels.definitions(connection)
    assert known.kinds(statement["id"], owner=OTHER, own=OWN) == ["statement"]
    assert known.kinds(statement["id"], owner=OWN, own=OWN) == []


def test_error_of_the_input_comes_after_what_was_good(home: Store) -> None:
    def broken():
        yield from items(indicator(1), indicator(2))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(home, broken())
    assert take(home, items(indicator(1), indicator(2))).same == 2


def test_failing_store_stops_the_reading(home: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 2)
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield RawItem(f"f:{read}", indicator(read))

    def failing(batch: Committed) -> None:
        if read > 10:
            raise StoreError("no room")

    with pytest.raises(StoreError, match="no room"):
        take(home, endless(), on_committed=failing)
    assert read < 40


def test_unknown_collection_is_said_before_reading(home: Store) -> None:
    def untouched():
        raise AssertionError
        yield

    with pytest.raises(NotFoundError):
        take(home, untouched(), collection="nowhere")
    with pytest.raises(NotFoundError):
        take(home, untouched(), collection=UUID(int=5))


def test_nothing_is_nothing(home: Store) -> None:
    report = take(home, [])
    assert (report.taken, report.refused, report.reasons) == (0, 0, {})


def test_a_bundle_in_a_bundle_is_refused_and_not_kept_as_one(home: Store) -> None:
    """Its members would stand under no marking of theirs."""
    identity = {
        "type": "identity", "spec_version": "2.1", "id": "identity--00000000-0000-4000-8000-0000000000ff", "name": "Secret",
        "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z", "object_marking_refs": [id_of(TLP.RED)],
    }  # fmt: skip
    inner = {"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": [identity]}
    report = take(home, items(json.dumps(inner).encode(), indicator(1)), assumed="clear")
    assert (report.new, report.reasons) == (1, {"nested-bundle": 1})
