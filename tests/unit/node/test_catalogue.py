from __future__ import annotations

import pytest

from hunting import AMBER, CSIRT, FEED, ODD, RED, indicator, prepare, take
from tocsin.matching.engine import scan_text
from tocsin.node import following
from tocsin.node.clearances import Clearances
from tocsin.store import Store, warninglists


@pytest.fixture
def node(store: Store) -> Store:
    return prepare(store)


def load(store, **options):
    return following.load(store, Clearances(store), **options).value


def values(found):
    return sorted(
        (entry.value, *sorted(s.owner_name for s in found.sources[entry.indicator.tag]))
        for entry in found.index.entries
    )


def test_everything_that_reached_the_node_may_be_matched_with_its_source(node):
    take(node, indicator("a", "[domain-name:value = 'a.example']", object_marking_refs=[AMBER]), owner=CSIRT)
    take(node, indicator("r", "[domain-name:value = 'r.example']", object_marking_refs=[RED]), owner=FEED)
    take(node, indicator("u", "[domain-name:value = 'u.example']"))
    take(node, indicator("o", "[domain-name:value = 'o.example']", object_marking_refs=[ODD]), owner=CSIRT)
    take(node, indicator("v", "[domain-name:value = 'v.example']"), assumed="green")
    found = load(node)
    tlps = {entry.value: found.sources[entry.indicator.tag][0].tlp for entry in found.index.entries}
    assert tlps == {
        "a.example": "TLP:AMBER",
        "r.example": "TLP:RED",
        "u.example": "unmarked",
        "o.example": "unknown marking",
        "v.example": "TLP:GREEN",
    }
    assert ("a.example", "CSIRT") in values(found)
    assert ("r.example", FEED) in values(found)
    assert found.indicators == 5


def test_only_the_latest_version_of_each_owner_counts(node):
    take(node, indicator("a", "[domain-name:value = 'old.example']", day=1), collection="one")
    take(node, indicator("a", "[domain-name:value = 'new.example']", day=2), collection="two")
    take(node, indicator("a", "[domain-name:value = 'theirs.example']", day=1), owner=CSIRT)
    assert values(load(node)) == [("new.example", "own"), ("theirs.example", "CSIRT")]


def test_two_owners_of_one_indicator_are_two_sources_of_it(node):
    same = indicator("a", "[domain-name:value = 'a.example']")
    take(node, same, owner=CSIRT)
    take(node, same)
    assert values(load(node)) == [("a.example", "CSIRT", "own")]


def test_revocation_counts_for_its_owner_alone(node):
    take(node, indicator("a", "[domain-name:value = 'a.example']", day=1))
    take(node, indicator("b", "[domain-name:value = 'b.example']", day=1))
    take(node, indicator("a", "[domain-name:value = 'a.example']", day=2, revoked=True))
    take(node, indicator("b", "[domain-name:value = 'b.example']", day=2, revoked=True), owner=FEED)
    assert values(load(node)) == [("b.example", "own")]


def test_what_is_not_hunted_for_is_said(node):
    take(
        node,
        indicator("a", "[process:name = 'x']"),
        indicator("b", "[domain-name:value = 'com']"),
        indicator("c", "rule x { condition: true }", pattern_type="yara"),
    )
    found = load(node)
    assert found.passed == {"kind": 1, "single-label": 1, "pattern-type": 1}
    assert len(found.index) == 0
    assert "one label" in found.examples["single-label"][1]


def test_a_key_of_the_registry_is_found_as_sysmon_writes_it(node):
    take(node, indicator("a", r"[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\Software\\Evil']"))
    index = load(node).index
    for text in (
        r"HKLM\SOFTWARE\Evil\x",
        r"\REGISTRY\MACHINE\SOFTWARE\Evil",
        r"HKEY_LOCAL_MACHINE\Software\Evil",
    ):
        assert [index.entries[each.entry].kind for each in scan_text(text, index)] == ["registry_key"]
    assert not list(scan_text(r"HKCU\Software\Evil", index))


def test_validity_and_observables(node):
    take(
        node,
        indicator("a", "[domain-name:value = 'a.example']", valid_until="2026-12-01T00:00:00.5Z"),
        {
            "type": "domain-name",
            "spec_version": "2.1",
            "id": "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5",
            "value": "seen.example",
        },
    )
    (entry,) = load(node).index.entries
    assert (entry.indicator.valid_from, entry.indicator.valid_until) == (
        1_793_491_200_000_000,
        1_796_083_200_500_000,
    )
    found = load(node, observables=True)
    assert [e.indicator.observable for e in found.index.entries if e.value == "seen.example"] == [True]


def test_warninglists_come_from_the_store(node):
    with node.connection() as connection:
        warninglists.put(
            connection, [warninglists.Warninglist("sites", "hostname", ("domain",), 1, ("shop.example",))]
        )
    assert load(node).lists.names("domain", "www.shop.example") == ("sites",)
