from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from hunting import AMBER, CSIRT, FEED, GREEN, ODD, OWN, RED, indicator, prepare, take
from tocsin.errors import ForbiddenError
from tocsin.formats import outputs
from tocsin.node.clearances import Clearances
from tocsin.node.outputs import Lists
from tocsin.node.outputs.asking import wanted
from tocsin.stix.handling import HANDLING_EXTENSION
from tocsin.store import Store, collections, organisations, warninglists
from tocsin.store.warninglists import Warninglist

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = 1_795_608_000_000_000  # 2026-11-25T12:00:00Z


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def node(dsn: str, clock: Clock):
    with Store(dsn, clock=clock, pool_size=4) as store:
        yield prepare(store)


def domain(name: str, **more: Any) -> dict[str, Any]:
    value = more.pop("value", f"{name}.com")
    facts: dict[str, Any] = {"object_marking_refs": [GREEN], "valid_from": "2026-11-20T00:00:00.000Z"}
    return indicator(name, f"[domain-name:value = '{value}']", **(facts | more))


def pap(level: str) -> tuple[dict[str, Any], str]:
    identifier = f"marking-definition--{uuid.uuid5(uuid.NAMESPACE_DNS, level)}"
    extension = {"extension_type": "property-extension", "pap": level}
    definition = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": identifier,
        "created": "2026-01-01T00:00:00.000Z",
        "name": f"PAP {level}",
        "extensions": {HANDLING_EXTENSION: extension},
    }
    return definition, identifier


class Asking:
    """Asks for lists of one node, over and over, as a server does."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lists = Lists(store, Clearances(store))

    def made(self, name: str = "plain", who: str = OWN, **holding: Any):
        output = outputs.named(name)
        with self.store.connection() as connection:
            readable = [each.id for each in collections.everything(connection)]
        return self.lists.make(output, wanted(output, **holding), who, readable)

    def __call__(self, name: str = "plain", who: str = OWN, **holding: Any) -> list[str]:
        return self.made(name, who, **holding).value.body.decode().splitlines()


@pytest.fixture
def ask(node: Store) -> Asking:
    return Asking(node)


def test_best_first_by_confidence_then_sources_then_sightings_then_change(node, ask) -> None:
    take(node, domain("low", confidence=10), domain("high", confidence=90), domain("unsaid"))
    take(node, domain("two", confidence=60), domain("one", confidence=60), domain("seen", confidence=60))
    take(node, domain("two", confidence=60), owner=CSIRT)
    take(node, domain("changed", confidence=60, day=9))
    seen = {
        "type": "sighting",
        "spec_version": "2.1",
        "id": f"sighting--{uuid.uuid4()}",
        "created": "2026-11-21T00:00:00.000Z",
        "modified": "2026-11-21T00:00:00.000Z",
        "sighting_of_ref": domain("seen")["id"],
        "count": 7,
        "object_marking_refs": [GREEN],
    }
    take(node, seen)
    assert ask(types="domain") == [
        f"{n}.com" for n in ("high", "two", "seen", "changed", "one", "unsaid", "low")
    ]
    rows = [line.split(",") for line in ask("csv")]
    assert rows[1][:5] == ["high.com", "domain", "70", "1", "0"]  # 90 * (1 - sqrt(5.5 / 120)), rounded down
    assert [row[3:5] for row in rows[2:4]] == [["2", "0"], ["1", "7"]]
    assert ask(limit=2) == ["high.com", "two.com"]
    assert ask.made(limit=2).value.left_out == {"beyond-limit": 5}


def test_permissible_actions_decide_what_may_be_blocked(node, ask) -> None:
    for level in ("green", "amber", "red", "nothing"):
        definition, identifier = pap(level)
        take(node, definition | {"object_marking_refs": [GREEN]})
        take(node, domain(level, object_marking_refs=[GREEN, identifier]))
    take(node, domain("odd", object_marking_refs=[GREEN, ODD]), owner=CSIRT)
    take(node, domain("unsaid"))
    assert sorted(ask()) == ["green.com", "unsaid.com"]
    matched = [line.split("\t")[0] for line in ask("zeek")[1:]]
    assert sorted(matched) == [f"{n}.com" for n in ("amber", "green", "nothing", "odd", "red", "unsaid")]


def test_private_addresses_are_looked_for_by_whose_network_it_is(node, ask) -> None:
    take(node, indicator("own", "[ipv4-addr:value = '10.0.0.1']", object_marking_refs=[GREEN]))
    theirs = indicator("theirs", "[ipv4-addr:value = '10.0.0.2']", object_marking_refs=[GREEN])
    take(node, theirs, owner=CSIRT)
    assert [line.split("\t")[0] for line in ask("zeek")[1:]] == ["10.0.0.1"]
    assert [line.split("\t")[0] for line in ask("zeek", who=CSIRT)[1:]] == ["10.0.0.2"]
    assert ask.made("zeek").value.left_out == {"private": 1}
    assert ask() == []


def test_a_list_for_others_holds_what_they_may_receive_and_may_be_used_so(node, ask) -> None:
    definition, identifier = pap("amber")
    take(node, definition | {"object_marking_refs": [GREEN]})
    take(node, domain("green"), domain("watch", object_marking_refs=[GREEN, identifier]))
    take(
        node,
        domain("amber", object_marking_refs=[AMBER]),
        domain("red", object_marking_refs=[RED]),
        owner=FEED,
    )
    assert ask(who=CSIRT) == ["green.com"]
    assert sorted(line.split("\t")[0] for line in ask("zeek", who=CSIRT)[1:]) == ["green.com", "watch.com"]
    assert sorted(ask()) == ["amber.com", "green.com", "red.com"]
    released = ask.made(who=CSIRT)
    assert (released.recipient, released.action) == (CSIRT, "receive")


def test_unknown_organisations_get_nothing(ask) -> None:
    with pytest.raises(ForbiddenError):
        ask(who=FEED)


def test_what_is_over_revoked_early_or_faded_is_out(node, ask, clock) -> None:
    take(
        node,
        domain("over", valid_until="2026-11-24T00:00:00Z"),
        domain("early", valid_from="2026-12-01T00:00:00Z"),
        domain("old", valid_from="2026-05-01T00:00:00Z"),
        domain("ends", valid_until="2026-11-25T12:30:00Z"),
        domain("gone"),
    )
    assert sorted(ask()) == ["ends.com", "gone.com"]
    assert ask.made().value.left_out == {"faded": 1, "not-valid": 2}
    take(node, domain("gone", day=2, revoked=True))
    assert ask() == ["ends.com"]
    clock.at += HOUR // 2
    assert ask() == []
    clock.at = NOW + 6 * DAY
    assert ask() == ["early.com"]


def test_one_owners_revocation_does_not_touch_what_another_asserts(node, ask) -> None:
    take(node, domain("a"))
    take(node, domain("a"), owner=CSIRT)
    take(node, domain("a", day=2, revoked=True), owner=CSIRT)
    assert ask("csv")[1].split(",")[:4] == ["a.com", "domain", "39", "1"]


def test_a_new_version_takes_the_place_of_the_old_one_and_deleted_is_gone(node, ask) -> None:
    from tocsin.store import objects

    take(node, domain("a", value="old.com"), domain("b"))
    assert sorted(ask()) == ["b.com", "old.com"]
    take(node, domain("a", value="new.com", day=2))
    assert sorted(ask()) == ["b.com", "new.com"]
    with node.connection() as connection:
        one = next(c.id for c in collections.everything(connection) if c.alias == "one")
        found = connection.execute(
            "SELECT cursor FROM object WHERE stix_id = %s", (domain("b")["id"],)
        ).fetchall()
    objects.delete(node, one, domain("b")["id"], [row[0] for row in found], source=OWN, any_source=True)
    assert ask() == ["new.com"]


def test_warninglists_suffixes_and_own_networks_are_out_and_counted(node, ask) -> None:
    addresses = (
        "8.8.8.8",
        "8.8.8.0/24",
        "10.0.0.1",
        "192.168.0.0/24",
        "45.0.0.0/12",
        "45.1.2.3",
        "0.0.0.0/0",
        "2a00::/20",
    )
    for n, each in enumerate(addresses):
        kind = "ipv6" if ":" in each else "ipv4"
        take(node, indicator(f"i{n}", f"[{kind}-addr:value = '{each}']", object_marking_refs=[GREEN]))
    for name in ("co.uk", "cdn.net", "www.example.org", "example.org", "localhost", "evil.net"):
        take(node, domain(f"n{name}", value=name))
    with node.connection() as connection:
        warninglists.put(
            connection,
            [
                Warninglist("resolvers", "cidr", (), 1, ("8.8.8.8/32",)),
                Warninglist("popular", "hostname", (), 1, ("cdn.net", "www.example.org")),
            ],
        )
    assert sorted(ask()) == ["45.1.2.3", "evil.net"]
    assert ask.made().value.left_out == {
        "own-network": 2,
        "public-suffix": 1,
        "single-label": 1,
        "warninglist": 5,
        "wide-range": 3,
    }
    # what is above a popular name may be looked for, as may one's own addresses
    matched = sorted(line.split("\t")[0] for line in ask("zeek")[1:])
    assert "example.org" in matched
    assert "10.0.0.1" in matched
    assert "www.example.org" not in matched
    with node.connection() as connection:
        warninglists.put(connection, [Warninglist("resolvers", "cidr", (), 1, ("45.1.2.0/24",))])
    assert "45.1.2.3" not in ask()


def test_addresses_in_a_listed_range_make_room_for_others(node, ask) -> None:
    for value, confidence in (("45.1.2.3", 90), ("45.1.2.0/24", 60), ("45.1.2.128/25", 80), ("45.9.9.9", 40)):
        take(
            node,
            indicator(
                value, f"[ipv4-addr:value = '{value}']", object_marking_refs=[GREEN], confidence=confidence
            ),
        )
    assert ask(limit=3) == ["45.1.2.0/24", "45.9.9.9"]
    assert ask.made(limit=3).value.left_out == {"covered": 2}
    assert len(ask("suricata-iprep")) == 4


def test_levels_and_collections_narrow(node, ask) -> None:
    with node.connection() as connection:
        ids = {c.alias: c.id.hex for c in collections.everything(connection)}
    take(node, domain("green"), domain("amber", object_marking_refs=[AMBER]), domain("both"))
    take(node, domain("second"), domain("both"), collection="two")
    take(node, {k: v for k, v in domain("unmarked").items() if k != "object_marking_refs"})
    assert sorted(ask(tlp="green")) == ["both.com", "green.com", "second.com"]
    assert sorted(ask(collections=frozenset((ids["two"],)))) == ["both.com", "second.com"]
    assert len(ask()) == 5


def test_the_tag_changes_with_the_content_alone(node, ask, clock) -> None:
    take(node, domain("a"))
    first = ask.made().value
    take(node, domain("hidden", object_marking_refs=[RED]), owner=FEED)
    assert ask.made(who=CSIRT).value.tag == first.tag
    assert ask.made().value.tag != first.tag
    clock.at += DAY
    assert ask.made(who=CSIRT).value.tag == first.tag


def test_asking_again_makes_nothing_anew(node, ask, monkeypatch) -> None:
    from tocsin.node.outputs import lists

    take(node, domain("a"))
    made = ask.made().value
    calls = []

    def count(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            calls.append(options.get("after"))
            return function(*args, **options)

        return counted

    monkeypatch.setattr(lists.placed, "follow", count(lists.placed.follow))
    assert ask.made().value is made
    assert not calls
    take(node, domain("b"))
    assert sorted(ask()) == ["a.com", "b.com"]
    assert len(calls) == 1
    assert calls[0] > 0, "only what came is read"
    with node.connection() as connection:
        organisations.put(connection, node_friend())
    ask()
    assert calls[1] == -1, "a decision may have changed"


def node_friend():
    from tocsin.sharing.audience import Organisation

    return Organisation(id=CSIRT, name="CSIRT", suspended=True)


def test_suspended_organisations_get_an_empty_list_at_the_next_poll(node, ask) -> None:
    take(node, domain("a"))
    assert ask(who=CSIRT) == ["a.com"]
    with node.connection() as connection:
        organisations.put(connection, node_friend())
    assert ask(who=CSIRT) == []


def test_a_failure_half_way_is_forgotten(node, ask, monkeypatch) -> None:
    from tocsin.node.outputs.pool import Pool

    take(node, domain("a"), domain("b"))
    whole = Pool.take

    def fail(self: Pool, found: Any) -> None:
        if found.id == domain("b")["id"]:
            raise RuntimeError("half way")
        whole(self, found)

    monkeypatch.setattr(Pool, "take", fail)
    with pytest.raises(RuntimeError):
        ask()
    monkeypatch.setattr(Pool, "take", whole)
    assert [line.split(",")[3] for line in ask("csv")[1:]] == ["1", "1"]
