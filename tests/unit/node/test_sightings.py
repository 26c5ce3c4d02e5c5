from __future__ import annotations

import gzip
import json

import pytest

from hunting import AMBER, CSIRT, FEED, GREEN, OWN, RED, indicator, prepare, take
from tocsin.clock import fixed_clock
from tocsin.node import following, sightings
from tocsin.node.clearances import Clearances
from tocsin.node.hunt import Hunt
from tocsin.sharing.audience import Organisation
from tocsin.stix import parse
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, collections, hits, labels, organisations

NOW = 1_795_200_000_000_000  # 2026-11-20T18:40:00Z
EVIL = "[domain-name:value = 'evil.example']"
LINE = "2026-11-20T08:00:0{}Z evil.example\n"


@pytest.fixture
def node(store: Store) -> Store:
    store.clock = fixed_clock(NOW)
    return prepare(store)


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "app.log"
    file.write_text(LINE.format(0) + "quiet\n" + LINE.format(5))
    return file


def hunt(store, *paths, now=NOW, observables=False):
    clearances = Clearances(store)
    known = following.load(store, clearances, observables=observables).value
    found = list(Hunt(known, now=now).run([str(p) for p in paths]))
    return sightings.write(store, clearances, found, now=now)


def held(store):
    """Return (object, label, collection) of each sighting held, by date added."""
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT o.body, o.label_id, c.alias FROM object o JOIN collection c ON c.local_id = o.collection_id "
            "WHERE o.type = 'sighting' ORDER BY o.cursor"
        ).fetchall()
        known = labels.everything(connection)
    return [(json.loads(bytes(body)), known[label], alias) for body, label, alias in rows]


def test_a_sighting_is_what_the_hits_add_up_to(node, log):
    warned = indicator("a", EVIL, object_marking_refs=[GREEN])
    take(node, warned, owner=CSIRT)
    written = hunt(node, log)
    assert (written.kept, written.new, written.updated, written.same, written.owners) == (
        2,
        1,
        0,
        0,
        ("CSIRT",),
    )
    ((seen, label, alias),) = held(node)
    assert seen == {
        "type": "sighting",
        "spec_version": "2.1",
        "id": seen["id"],
        "created_by_ref": OWN,
        "created": "2026-11-20T18:40:00.000Z",
        "modified": "2026-11-20T18:40:00.000Z",
        "first_seen": "2026-11-20T08:00:00.000Z",
        "last_seen": "2026-11-20T08:00:05.000Z",
        "count": 2,
        "sighting_of_ref": warned["id"],
        "where_sighted_refs": [OWN],
        "object_marking_refs": [GREEN],
    }
    assert alias == "one"
    assert (label.owner, label.markings, label.recipients) == (OWN, (GREEN,), (CSIRT,))
    parse(json.dumps(seen).encode())


def test_hunting_again_changes_nothing_whatever_the_log_is_called(node, log, tmp_path):
    take(node, indicator("a", EVIL, object_marking_refs=[GREEN]), owner=CSIRT)
    hunt(node, log)
    before = held(node)
    packed = tmp_path / "app.log.1.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    for path in (log, packed):
        written = hunt(node, path, now=NOW + 3_600_000_000)
        assert (written.kept, written.new, written.updated, written.same) == (0, 0, 0, 1)
    assert held(node) == before


def test_a_log_that_has_grown_raises_the_count(node, log):
    take(node, indicator("a", EVIL, object_marking_refs=[GREEN]), owner=CSIRT)
    hunt(node, log)
    log.write_text(log.read_text() + LINE.format(9) + LINE.format(9))
    written = hunt(node, log, now=NOW + 1_000_000)
    assert (written.kept, written.updated) == (2, 1)
    (first, _, _), (second, _, _) = held(node)
    assert second["id"] == first["id"]
    assert second["created"] == first["created"]
    assert second["modified"] == "2026-11-20T18:40:01.000Z"
    assert (second["count"], second["last_seen"]) == (4, "2026-11-20T08:00:09.000Z")


def test_a_new_version_is_newer_even_when_the_clock_stands_still(node, log):
    take(node, indicator("a", EVIL, object_marking_refs=[GREEN]), owner=CSIRT)
    hunt(node, log)
    log.write_text(log.read_text() + LINE.format(9))
    hunt(node, log)
    assert [seen["modified"][-5:] for seen, _, _ in held(node)] == [".000Z"[-5:], ".001Z"[-5:]]


def test_days_are_apart_and_undated_hits_count_for_the_day_of_the_hunt(node, tmp_path):
    take(node, indicator("a", EVIL, object_marking_refs=[GREEN]), owner=CSIRT)
    log = tmp_path / "app.log"
    log.write_text(
        "2026-11-19T23:59:59Z evil.example\n2026-11-20T00:00:00Z evil.example\nundated evil.example\n"
    )
    assert hunt(node, log).new == 2
    assert hunt(node, log, now=NOW + 86_400_000_000).kept == 0
    assert min((seen["first_seen"], seen["count"]) for seen, _, _ in held(node) if "first_seen" in seen) == (
        "2026-11-19T23:59:59.000Z",
        1,
    )
    assert sum(seen["count"] for seen, _, _ in held(node)) == 3


def test_undated_hits_have_no_time(node, tmp_path):
    take(node, indicator("a", EVIL, object_marking_refs=[GREEN]), owner=CSIRT)
    (tmp_path / "x").write_text("undated evil.example\n")
    hunt(node, tmp_path / "x")
    ((seen, _, _),) = held(node)
    assert "first_seen" not in seen
    assert seen["count"] == 1


@pytest.mark.parametrize(
    ("markings", "assumed", "owner", "expected"),
    [
        ([AMBER], None, CSIRT, {"CSIRT"}),
        ([RED], None, CSIRT, {"CSIRT"}),
        ([id_of(TLP.AMBER_STRICT)], None, CSIRT, {"CSIRT"}),
        ([GREEN], None, CSIRT, {"CSIRT", "member"}),
        ([GREEN, AMBER], None, CSIRT, {"CSIRT"}),
        ([AMBER], None, OWN, {"CSIRT", "member"}),
        ([], "amber", CSIRT, {"CSIRT"}),
        ([], None, CSIRT, set()),
        ([id_of(TLP.CLEAR)], None, CSIRT, {"CSIRT", "member", "stranger"}),
    ],
)
def test_who_may_have_a_sighting(node, log, markings, assumed, owner, expected):  # noqa: PLR0917
    with node.connection() as connection:
        alliance = organisations.community(connection, "alliance")
        for number, name in ((4, "member"), (5, "stranger")):
            other = Organisation(id=f"identity--00000000-0000-4000-8000-00000000000{number}", name=name)
            organisations.put(connection, other)
            if name == "member":
                organisations.join(connection, alliance, other)
    marked = {"object_marking_refs": markings} if markings else {}
    take(node, indicator("a", EVIL, **marked), owner=owner, assumed=assumed)
    hunt(node, log)
    ((seen, label, _),) = held(node)
    clearances = Clearances(node)
    state = clearances.snapshot
    number = next(n for n, each in state.labels.items() if each == label)
    others = [o for o in state.organisations.values() if not o.own]
    assert {o.name for o in others if number in clearances.get(o.id).labels} == expected
    assert set(seen.get("object_marking_refs", [])) >= set(markings)
    if assumed:
        assert seen["object_marking_refs"] == [AMBER]


def test_each_source_gets_a_sighting_of_its_own(node, log):
    same = indicator("a", EVIL, object_marking_refs=[GREEN])
    take(node, same, owner=CSIRT)
    take(node, same, owner=FEED, collection="two")
    written = hunt(node, log)
    assert (written.kept, written.new) == (4, 2)
    assert sorted((label.recipients, alias) for _, label, alias in held(node)) == [
        ((CSIRT,), "one"),
        ((FEED,), "two"),
    ]


def test_what_is_flagged_or_only_observed_makes_no_sighting(node, tmp_path):
    take(
        node,
        indicator("a", "[domain-name:value = 'co.uk']"),
        indicator("b", EVIL, valid_until="2026-11-02T00:00:00Z"),
    )
    take(
        node,
        {
            "type": "domain-name",
            "spec_version": "2.1",
            "id": "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5",
            "value": "seen.example",
        },
    )
    (tmp_path / "x").write_text("co.uk\nevil.example\nseen.example\n")
    written = hunt(node, tmp_path / "x", observables=True)
    assert (written.kept, written.new) == (1, 0)
    assert held(node) == []


def test_a_peer_that_claims_our_sighting_does_not_disturb_it(node, log):
    take(node, indicator("a", EVIL, object_marking_refs=[GREEN]), owner=CSIRT)
    hunt(node, log)
    ((seen, _, _),) = held(node)
    take(node, {**seen, "modified": "9999-12-31T23:59:59.999Z", "count": 999}, owner=CSIRT)
    assert hunt(node, log).same == 1
    log.write_text(log.read_text() + LINE.format(9))
    assert hunt(node, log, now=NOW + 1_000_000).updated == 1
    assert held(node)[-1][0]["modified"] == "2026-11-20T18:40:01.000Z"


def test_lines_that_are_no_text_are_kept(node, tmp_path):
    take(
        node,
        indicator("a", "[url:value = 'http://evil.example/%FF']", object_marking_refs=[GREEN]),
        owner=CSIRT,
    )
    (tmp_path / "x").write_bytes(b"\x00\xff http://evil.example/\xff \x00\n")
    assert hunt(node, tmp_path / "x").new == 1
    with node.connection() as connection:
        (row,) = hits.recent(connection, [r.label_id for r in hits.recent(connection, range(100))])
    assert row.value == "http://evil.example/?"


def test_many_hits_are_written_in_batches(node, tmp_path, monkeypatch):
    monkeypatch.setattr(sightings, "_AT_ONCE", 7)
    take(
        node,
        *[
            indicator(f"n{n}", f"[domain-name:value = 'n{n}.example']", object_marking_refs=[GREEN])
            for n in range(40)
        ],
        owner=CSIRT,
    )
    (tmp_path / "x").write_text("".join(f"line {k} n{n}.example\n" for n in range(40) for k in range(5)))
    written = hunt(node, tmp_path / "x")
    assert (written.kept, written.new) == (200, 40)
    assert {seen["count"] for seen, _, _ in held(node)} == {5}


def test_list(node, log):
    warned = indicator("a", EVIL, object_marking_refs=[AMBER])
    take(node, warned, owner=CSIRT)
    hunt(node, log)
    ((seen, _, _),) = held(node)
    theirs = {
        **seen,
        "id": "sighting--00000000-0000-4000-8000-000000000009",
        "count": 7,
        "modified": "2026-11-21T00:00:00.000Z",
        "where_sighted_refs": [FEED],
    }
    take(node, theirs, owner=CSIRT)
    found = sightings.listed(node, Clearances(node)).value
    assert [(s.by, s.where, s.count, s.tlp, s.indicator) for s in found] == [
        ("CSIRT", (FEED,), 7, "TLP:AMBER", warned["id"]),
        ("own", ("own",), 2, "TLP:AMBER", warned["id"]),
    ]
    assert (
        sightings.listed(node, Clearances(node), "indicator--00000000-0000-4000-8000-000000000000").value
        == []
    )
    take(node, {**theirs, "modified": "2026-11-22T00:00:00.000Z", "revoked": True}, owner=CSIRT)
    assert [s.by for s in sightings.listed(node, Clearances(node)).value] == ["own"]


def test_a_sighting_stands_beside_its_indicator(node, log):
    take(node, indicator("a", EVIL, object_marking_refs=[GREEN]), collection="two")
    hunt(node, log)
    ((_, label, alias),) = held(node)
    assert alias == "two"
    with node.connection() as connection:
        assert collections.get(connection, "two").community is None
    assert label.communities == ()


def test_a_sighting_does_not_count_what_another_marking_held_back(node: Store, log, tmp_path) -> None:
    """What was found while the indicator was RED is not told under GREEN. Guard: `label_id` in `sightings.write`."""
    take(node, indicator("a", EVIL, object_marking_refs=[RED]), owner=CSIRT)
    assert hunt(node, log).new == 1
    other = "[domain-name:value = 'other.example']"
    take(node, indicator("a", other, day=2, object_marking_refs=[GREEN]), owner=CSIRT)
    later = tmp_path / "later.log"
    later.write_text("2026-11-20T09:00:00Z other.example\n")
    assert hunt(node, later).updated == 1
    assert [(o["count"], label.markings) for o, label, _ in held(node)] == [(2, (RED,)), (1, (GREEN,))]
    # found again under the new marking it does count
    take(node, indicator("a", EVIL, day=3, object_marking_refs=[GREEN]), owner=CSIRT)
    assert hunt(node, log).updated == 1
    assert held(node)[-1][0]["count"] == 3
