from __future__ import annotations

import uuid
from collections import Counter

import msgspec
import pytest

from tocsin.errors import FormatError
from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.values import classify
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node import index_file, index_release
from tocsin.node.catalogue import Catalogue, Source, wanted_of
from tocsin.sharing.decision import clear
from tocsin.sharing.labels import label_for

LISTS = [
    Listed(
        "resolvers", "cidr", (), ("192.0.2.64/28", "198.51.100.0/24", "192.0.2.9", "2001:db8::/32", "odd")
    ),
    Listed("exact", "string", ("ip-dst",), ("192.0.2.7", "good.example", "203.0.113.1")),
    Listed("sites", "hostname", (), ("shop.example", "other.example")),
    Listed("parts", "substring", (), ("192.0.2.2",)),
]
VALUES = ["192.0.2.0/24", "shop.example", "evil.example", "192.0.2.7", "2001:db9::/48"]


def _catalogue():
    source = Source("identity--a", "A", "TLP:RED", label_for((), owner="identity--a"), 1, uuid.UUID(int=1))
    entries = []
    for tag, text in enumerate(VALUES):
        value = classify(text)
        its = Indicator(id=f"indicator--{tag}", name="secret", pattern="secret", confidence=tag, tag=10 + tag)
        entries.append(Entry(value.kind, value.text, its))
    return Catalogue(Index.build(entries), [(source,)] * 20, 5, Counter(), {}, Warninglists(LISTS))


def _saved(path, action="match"):
    index_release.save(clear("identity--a", action, (1,), 1).seal(_catalogue()), LISTS, path)
    return index_release.load(path)


def test_what_is_looked_for_and_nothing_else_leaves(tmp_path):
    found = _saved(tmp_path / "index")
    assert [
        (entry.value, entry.indicator.id, entry.indicator.confidence) for entry in found.index.entries
    ] == [
        (entry.value, entry.indicator.id, entry.indicator.confidence)
        for entry in sorted(_catalogue().index.entries, key=lambda each: (each.kind, each.value))
    ]
    raw = (tmp_path / "index").read_bytes()
    for word in (b"secret", b"identity--a", b"RED", b"other.example", b"203.0.113.1", b"198.51.100"):
        assert word not in raw
    assert (tmp_path / "index").stat().st_mode & 0o077 == 0
    assert len(found.sources) == found.indicators == 5
    assert all(entry.indicator.tag < 5 for entry in found.index.entries)


def test_whose_a_private_address_is_goes_along(tmp_path):
    label = label_for((), owner="identity--a")
    other = Source("identity--a", "A", "TLP:RED", label, 1, uuid.UUID(int=1))
    own = msgspec.structs.replace(other, own=True)
    entries = [Entry("ipv4", f"10.0.0.{tag}", Indicator(id=f"indicator--{tag}", tag=tag)) for tag in (1, 2)]
    made = Catalogue(Index.build(entries), [(), (own,), (other,)], 2, Counter(), {}, Warninglists(()))
    index_release.save(clear("identity--a", "match", (1,), 1).seal(made), [], tmp_path / "index")
    found = index_release.load(tmp_path / "index")
    assert [(e.indicator.id, found.is_own(e.indicator.tag)) for e in found.index.entries] == [
        ("indicator--1", True),
        ("indicator--2", False),
    ]


def test_clues_of_patterns_stay_on_the_node(tmp_path):
    made = wanted_of(
        [
            (Indicator(id="indicator--a", pattern="[domain-name:value = 'evil.example']", tag=0), None),
            (
                Indicator(
                    id="indicator--b",
                    pattern="[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']",
                    tag=1,
                ),
                None,
            ),
        ]
    )
    known = msgspec.structs.replace(
        _catalogue(), index=Index.build(made.entries), evaluated=made.evaluated, indicators=2
    )
    assert len(known.index) == 3
    released = clear("identity--a", "match", (1,), 1).seal(known)
    assert index_release.save(released, LISTS, tmp_path / "index") == 1
    found = index_release.load(tmp_path / "index").index.entries
    assert [(entry.value, entry.indicator.id) for entry in found] == [("evil.example", "indicator--a")]


def test_warninglists_say_the_same(tmp_path):
    found, whole = _saved(tmp_path / "index").lists, Warninglists(LISTS)
    asked = [(entry.kind, entry.value) for entry in _catalogue().index.entries]
    asked += [("ipv4", f"192.0.2.{n}") for n in range(256)] + [("ipv6", "2001:db9::7")]
    assert [found.names(*each) for each in asked] == [whole.names(*each) for each in asked]
    assert any(map(found.names, *zip(*asked, strict=True)))


@pytest.mark.parametrize("action", ["receive", "see_metadata", "block"])
def test_only_what_may_be_matched_is_made_an_index(tmp_path, action):
    with pytest.raises(ValueError, match=action):
        _saved(tmp_path / "index", action)
    assert not (tmp_path / "index").exists()


def test_other_indexes_are_refused(tmp_path):
    index_file.save(_catalogue().index, tmp_path / "index")
    with pytest.raises(FormatError, match="not exported"):
        index_release.load(tmp_path / "index")
    (tmp_path / "index").write_bytes(b"nothing")
    with pytest.raises(FormatError):
        index_release.load(tmp_path / "index")
