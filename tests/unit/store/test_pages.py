"""Pages are what a plain reading of TAXII says, for every mixture of filters and of what a reader may see."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databases import copied
from factories import IMPORT, OWN, place, settle, version
from tocsin.sharing.release import clear
from tocsin.stix.markings import TLP
from tocsin.store import Store, labels, objects, pages
from tocsin.store.values import Page, PageQuery, Stale

TLPS = (TLP.CLEAR, TLP.GREEN, TLP.AMBER, TLP.RED)


def clearance_for(store: Store, visible: set[TLP], pad: int = 0):
    from tocsin.stix.markings import tlp_of

    with store.connection() as connection:
        known = labels.everything(connection)
        generation = labels.generation(connection)
    chosen = [n for n, label in known.items() if tlp_of(label.markings[0]) in visible]
    return clear(OWN.id, "receive", tuple(chosen + [10_000 + n for n in range(pad)]), generation)


def walk(store: Store, query: PageQuery, clearance) -> list[dict]:
    found: list[dict] = []
    while True:
        page = pages.page(store, query, clearance).value
        assert isinstance(page, Page)
        rows = msgspec.json.decode(b"[" + page.body + b"]")
        assert len(rows) == page.count <= query.limit
        listing = pages.records(store, query, clearance).value
        assert [r.id for r in listing.records] == [r["id"] for r in rows]
        assert listing.more == page.more
        if rows:
            assert (listing.records[0].added, listing.records[-1].added) == (page.first, page.last)
        found += rows
        if not page.more:
            return found
        query = msgspec.structs.replace(query, after=page.last)


def expected(rows: list[dict], visible: set[TLP], filters: dict) -> list[dict]:
    """The same in plain Python: `rows` in the order in which they were added."""
    from tocsin.stix.markings import tlp_of
    from tocsin.stix.timestamps import to_micros

    seen = [r for r in rows if tlp_of(r["object_marking_refs"][0]) in visible]
    out = []
    for index, row in enumerate(seen):
        others = [(to_micros(o["modified"]), -i) for i, o in enumerate(seen) if o["id"] == row["id"]]
        mine = (to_micros(row["modified"]), -index)
        firsts = [(v, -i) for v, i in others]
        wanted = filters.get("versions", ("last",))
        keep = (
            "all" in wanted
            or ("last" in wanted and mine == max(others))
            or ("first" in wanted and (mine[0], -mine[1]) == min(firsts))
            or mine[0] in wanted
        )
        if (
            keep
            and (not filters.get("ids") or row["id"] in filters["ids"])
            and (not filters.get("types") or row["type"] in filters["types"])
        ):
            out.append(row)
    return out


rows_strategy = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6), st.sampled_from(TLPS)), max_size=25)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=rows_strategy,
    visible=st.sets(st.sampled_from(TLPS)),
    versions=st.sampled_from(
        [("last",), ("first",), ("all",), ("first", "last"), (1767398400000000,), (1767398400000000, "last")]
    ),
    ids=st.booleans(),
    types=st.sampled_from([(), ("indicator",), ("malware", "indicator"), ("malware",)]),
    limit=st.integers(1, 9),
    pad=st.sampled_from([0, 80]),
)
def test_pages_equal_a_plain_reading(  # noqa: PLR0917 - one for each thing that varies
    make_store_once, rows, visible, versions, ids, types, limit, pad
) -> None:
    store, collection = make_store_once
    with store.connection() as connection:
        connection.execute("TRUNCATE object, assertion")
    kept: list[dict] = []
    for number, day, tlp in rows:
        data = version(number, day, tlp=tlp)
        if data not in kept:
            kept.append(data)
        objects.put(store, collection.id, [place(data)], origin=IMPORT)
    filters = {
        "versions": versions,
        "types": types,
        "ids": tuple(version(n, 1)["id"] for n in (0, 2)) if ids else (),
    }
    query = PageQuery(collection.id, limit=limit, **filters)
    found = walk(store, query, clearance_for(store, visible, pad))
    assert found == expected(kept, visible, filters)


@pytest.fixture(scope="module")
def make_store_once(pg):
    with copied(pg, "test_pages") as dsn, Store(dsn, pool_size=2) as store:
        yield store, settle(store)


def test_a_reader_never_learns_of_a_newer_version_it_may_not_see(store: Store) -> None:
    collection = settle(store)
    objects.put(store, collection.id, [place(version(1, 3, tlp=TLP.GREEN))], origin=IMPORT)
    before = pages.page(store, PageQuery(collection.id), clearance_for(store, {TLP.GREEN})).value
    objects.put(store, collection.id, [place(version(1, 9, tlp=TLP.RED))], origin=IMPORT)
    after = pages.page(store, PageQuery(collection.id), clearance_for(store, {TLP.GREEN})).value
    assert after == before
    assert before.count == 1


def test_an_old_clearance_is_told_so(store: Store) -> None:
    collection = settle(store)
    objects.put(store, collection.id, [place(version(1, 3, tlp=TLP.GREEN))], origin=IMPORT)
    old = clearance_for(store, {TLP.GREEN})
    objects.put(store, collection.id, [place(version(2, 3, tlp=TLP.RED))], origin=IMPORT)
    assert isinstance(pages.page(store, PageQuery(collection.id), old), Stale)
    assert isinstance(pages.records(store, PageQuery(collection.id), old), Stale)


def cost(store: Store, query: PageQuery, clearance) -> int:
    """Blocks touched, which do not depend on what else the machine does."""
    with store.connection() as connection:
        top = pages.explain(connection, query, clearance)["Plan"]
    return top["Shared Hit Blocks"] + top["Shared Read Blocks"]


def test_what_came_late_is_found_without_reading_what_came_before(store: Store) -> None:
    """Label and cursor are not independent: a plan that thinks so sorts all the rows of the label set for each page."""
    collection = settle(store)
    for start in range(0, 16_000, 2000):
        late = start >= 12_000
        batch = [place(version(start + i, 1, tlp=TLP.RED if late else TLPS[i % 3])) for i in range(2000)]
        objects.put(store, collection.id, batch, origin=IMPORT)
    with store.connection() as connection:
        connection.execute("VACUUM ANALYZE object")
    clearance = clearance_for(store, {TLP.RED})
    cursors = [
        r.added for r in pages.records(store, PageQuery(collection.id, limit=5000), clearance).value.records
    ]
    assert len(cursors) == 4000
    for filters in ({}, {"versions": ("all",)}, {"types": ("indicator",)}):
        found = [
            cost(store, PageQuery(collection.id, after=after, limit=100, **filters), clearance)
            for after in (-1, cursors[10], cursors[2000], cursors[-101])
        ]
        assert max(found) <= min(found) + 25, (filters, found)
        assert max(found) < 80, (filters, found)


@pytest.mark.parametrize("count", [1, 64, 65, 500])
def test_any_number_of_label_sets_and_types(store: Store, count: int) -> None:
    collection = settle(store)
    batch = [place(version(n, 1, tlp=TLP.RED), recipients=(f"identity--{n % count}",)) for n in range(600)]
    objects.put(store, collection.id, batch, origin=IMPORT)
    types = tuple(f"x-{n}" for n in range(60))
    for wanted in ((), types, (*types, "indicator")):
        page = pages.page(
            store, PageQuery(collection.id, types=wanted), clearance_for(store, {TLP.RED})
        ).value
        assert page.count == (0 if wanted == types else 600)


def test_a_page_costs_the_same_at_the_start_and_at_the_end(store: Store) -> None:
    """Blocks touched, not seconds: the last page may not read what lies before it."""
    collection = settle(store)
    for start in range(0, 6000, 1000):
        batch = [place(version(start + i, 1, tlp=TLPS[i % 4])) for i in range(1000)]
        objects.put(store, collection.id, batch, origin=IMPORT)
    with store.connection() as connection:
        connection.execute("VACUUM ANALYZE object")
    clearance = clearance_for(store, {TLP.GREEN, TLP.RED})
    everything = pages.records(store, PageQuery(collection.id, limit=10_000), clearance).value.records
    blocks = [
        cost(store, PageQuery(collection.id, after=after, limit=100), clearance)
        for after in (-1, everything[1500].added, everything[-101].added)
    ]
    assert max(blocks) <= 2 * min(blocks) + 20, blocks
