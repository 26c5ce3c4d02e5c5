"""Pages of recipients who have some objects only in a form."""

from __future__ import annotations

import msgspec
import pytest

from factories import FRIEND, IMPORT, OWN, STRANGER, settle
from tocsin.sharing.labels import label_for
from tocsin.sharing.release import Clearance, clear
from tocsin.stix import canonical, parse
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, labels, objects, pages
from tocsin.store.values import PageQuery, Placement, Stale

SEEN = "2026-01-01T07:08:09.123Z"
MARKED = [id_of(TLP.GREEN)]
PLAIN, VICTIM, ADDRESS = (
    label_for(MARKED, owner=OWN.id, holds=h) for h in ((), ("victim",), ("network-address",))
)


def uid(kind: str, number: int) -> str:
    return f"{kind}--00000000-0000-4000-8000-{number:012}"


def indicator(number: int, label=PLAIN, *, modified: str = SEEN, pattern: str | None = None) -> Placement:
    data = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": uid("indicator", number),
        "created_by_ref": OWN.id,
        "created": SEEN,
        "modified": modified,
        "name": f"seen at Acme {number}",
        "pattern": pattern or f"[ipv4-addr:value = '198.51.100.{number % 200}']",
        "pattern_type": "stix",
        "valid_from": SEEN,
        "object_marking_refs": MARKED,
    }
    return Placement(parse(canonical(data)), label)


def cleared(store: Store, *, recipient: str = FRIEND.id) -> Clearance:
    """PLAIN goes as it is, VICTIM redacted, ADDRESS minimised."""
    with store.connection() as connection:
        numbers = {label.holds: number for number, label in labels.everything(connection).items()}
        whole, red, less = (
            tuple(n for h, n in numbers.items() if h == w.holds) for w in (PLAIN, VICTIM, ADDRESS)
        )
        generation = labels.generation(connection)
    return clear(recipient, "receive", whole, generation, redacted=red, minimised=less)


def read(store: Store, clearance: Clearance, **query) -> list[dict]:
    found = pages.page(store, PageQuery(store_collection(store), **query), clearance)
    assert not isinstance(found, Stale)
    return msgspec.json.decode(b"[" + found.value.body + b"]")


def listed(store: Store, clearance: Clearance, **query):
    found = pages.records(store, PageQuery(store_collection(store), **query), clearance)
    assert not isinstance(found, Stale)
    return found.value


def store_collection(store: Store):
    with store.connection() as connection:
        return connection.execute("SELECT id FROM collection").fetchone()[0]


@pytest.fixture
def filled(store: Store) -> Store:
    collection = settle(store)
    kinds = (PLAIN, VICTIM, ADDRESS)
    for n in range(12):  # one by one: a batch is put in an order of its own
        objects.put(store, collection.id, [indicator(n, kinds[n % 3])], origin=IMPORT)
    return store


def test_each_object_goes_in_its_form_in_the_order_of_dates_added(filled: Store) -> None:
    found = read(filled, cleared(filled))
    assert len(found) == 12
    forms = [each.get("extensions") and next(iter(each["extensions"].values()))["form"] for each in found]
    assert forms == [None, "redacted", "minimised"] * 4
    patterns = [each["pattern"] for each in found[:3]]
    assert patterns == [
        "[ipv4-addr:value = '198.51.100.0']",
        "[ipv4-addr:value = '198.51.100.1']",
        "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
    ]
    for whole, form in zip(found[::3], found[1::3], strict=True):
        assert "Acme" in whole["name"]
        assert not any("Acme" in str(value) for value in form.values())


def test_the_manifest_lists_what_the_page_holds(filled: Store) -> None:
    clearance = cleared(filled)
    records = listed(filled, clearance).records
    found = read(filled, clearance)
    assert [r.id for r in records] == [each["id"] for each in found]
    for record, each in zip(records, found, strict=True):
        assert parse(canonical(each)).version == record.version


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 11, 12, 13])
def test_pages_follow_each_other_without_gap(filled: Store, limit: int) -> None:
    clearance = cleared(filled)
    whole = read(filled, clearance)
    got, after, more = [], -1, True
    while more:
        page = pages.page(
            filled, PageQuery(store_collection(filled), after=after, limit=limit), clearance
        ).value
        got += msgspec.json.decode(b"[" + page.body + b"]")
        assert page.count <= limit
        after, more = page.last, page.more
    assert got == whole


def test_a_form_is_asked_for_by_its_own_id_and_the_origin_by_none(filled: Store) -> None:
    clearance = cleared(filled)
    found = read(filled, clearance)
    form = found[1]
    assert read(filled, clearance, ids=(form["id"],)) == [form]
    assert read(filled, clearance, ids=(uid("indicator", 1),)) == []
    assert read(filled, clearance, ids=(uid("indicator", 0), form["id"])) == [found[0], form]
    stranger = cleared(filled, recipient=STRANGER.id)
    assert read(filled, stranger, ids=(form["id"],)) == []
    assert read(filled, stranger)[1]["id"] not in {form["id"], uid("indicator", 1)}


def test_versions_of_forms_are_their_own(filled: Store) -> None:
    clearance = cleared(filled)
    first = read(filled, clearance)[1]
    newer = indicator(1, VICTIM, modified="2026-01-02T00:00:00.000Z")
    objects.put(filled, store_collection(filled), [newer], origin=IMPORT)
    (last,) = read(filled, clearance, ids=(first["id"],))
    assert last["modified"] > first["modified"]
    assert last["created"] == first["created"] == "2026-01-01T00:00:00.000000Z"
    every = read(filled, clearance, ids=(first["id"],), versions=("all",))
    assert every == [first, last]
    versions = [r.version for r in listed(filled, clearance, ids=(first["id"],), versions=("all",)).records]
    assert read(filled, clearance, ids=(first["id"],), versions=(versions[0],)) == [first]


def test_what_has_no_form_is_not_there(store: Store) -> None:
    collection = settle(store)
    secret = "[file:name = 'Acme.docx']"
    some = [indicator(n, VICTIM, pattern=secret) for n in range(30)] + [indicator(40, VICTIM)]
    objects.put(store, collection.id, [indicator(50), *some], origin=IMPORT)
    clearance = cleared(store)
    assert len(read(store, clearance, limit=2)) == 2
    page = pages.page(store, PageQuery(collection.id, limit=2), clearance).value
    assert not page.more
    assert len(listed(store, clearance).records) == 2
    assert page == pages.page(store, PageQuery(collection.id, limit=1000), clearance).value


def test_references_stay_where_the_recipient_has_what_they_refer_to(store: Store) -> None:
    collection = settle(store)
    some = [indicator(1), indicator(2, VICTIM)]
    for number, (one, other) in enumerate([(1, 2), (2, 1), (1, 3)]):
        data = {
            "type": "relationship",
            "spec_version": "2.1",
            "id": uid("relationship", number),
            "created": SEEN,
            "modified": SEEN,
            "relationship_type": "related-to",
            "source_ref": uid("indicator", one),
            "target_ref": uid("indicator", other),
            "object_marking_refs": MARKED,
        }
        some.append(Placement(parse(canonical(data)), VICTIM))
    objects.put(store, collection.id, some, origin=IMPORT)
    with store.connection() as connection:
        known = labels.everything(connection)
        generation = labels.generation(connection)
    plain = tuple(n for n, label in known.items() if label == PLAIN)
    rest = tuple(n for n in known if n not in plain)
    found = read(store, clear(FRIEND.id, "receive", plain, generation, redacted=rest))
    form = next(each["id"] for each in found if each["type"] == "indicator" and "extensions" in each)
    ends = [(each["source_ref"], each["target_ref"]) for each in found if each["type"] == "relationship"]
    assert ends[:2] == [(uid("indicator", 1), form), (form, uid("indicator", 1))]
    assert ends[2][0] == uid("indicator", 1)
    assert ends[2][1] not in {uid("indicator", 3), form}


def test_an_old_clearance_is_told_so(filled: Store) -> None:
    clearance = cleared(filled)
    with filled.transaction() as connection:
        labels.raise_generation(connection)
    query = PageQuery(store_collection(filled))
    assert isinstance(pages.page(filled, query, clearance), Stale)
    assert isinstance(pages.records(filled, query, clearance), Stale)
