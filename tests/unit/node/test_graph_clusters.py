"""Groups: what stands together, what an opened one shows."""

from __future__ import annotations

import pytest

from tocsin.node.graph import Graph, Thing, graph_of
from tocsin.node.graph_clusters import LIMIT, OPENED, clustered


def thing(name: str, kind: str, *ends: str) -> Thing:
    return Thing(name, kind, name, "", 0, tuple(("of", end) for end in ends))


def hub(number: int, kind: str = "indicator") -> Graph:
    """One malware with so many things that refer to it, and one report."""
    leaves = [thing(f"{kind}-{n}", kind, "m") for n in range(number)]
    return graph_of([thing("m", "malware"), thing("r", "report", "m"), *leaves])


def test_a_small_graph_stands_for_itself() -> None:
    drawn = clustered(hub(200), ["m"])
    assert len(drawn.marks) == 202
    assert not any(mark.group for mark in drawn.marks.values())


@pytest.mark.parametrize("number", [299, 500, 10_000])
def test_a_large_one_opens_within_the_limit(number: int) -> None:
    drawn = clustered(hub(number), ["m"])
    assert len(drawn.marks) <= LIMIT
    group = drawn.marks["m~indicator"]
    assert len(group.members) == number
    assert "r" in drawn.marks  # what is rare stands for itself
    assert [(line.source, line.target, line.count) for line in drawn.lines if line.source == group.id] == [
        ("m~indicator", "m", number)
    ]


def test_an_opened_group_shows_some_and_groups_the_rest() -> None:
    once = clustered(hub(500), ["m"], {"m~indicator"})
    assert sum(mark.type == "indicator" and not mark.group for mark in once.marks.values()) == OPENED
    assert len(once.marks["m~indicator+100"].members) == 400
    twice = clustered(hub(500), ["m"], {"m~indicator", "m~indicator+100"})
    assert len(twice.marks["m~indicator+200"].members) == 300


def test_what_hangs_on_a_group_is_a_group_of_it() -> None:
    leaves = [thing(f"i{n}", "indicator", "m") for n in range(400)]
    deeper = [thing(f"s{n}", "sighting", f"i{n}") for n in range(400)]
    drawn = clustered(graph_of([thing("m", "malware"), *leaves, *deeper]), ["m"])
    assert set(drawn.marks) == {"m", "m~indicator", "m~indicator~sighting"}
    assert drawn.marks["m~indicator~sighting"].parent == "m~indicator"
    assert [line.count for line in drawn.lines] == [400, 400]


def test_many_small_groups_stand_together_by_type() -> None:
    things = [thing("m", "malware")]
    for n in range(500):
        things += [
            thing(f"t{n}", "tool", "m"),
            thing(f"a{n}", "file", f"t{n}"),
            thing(f"b{n}", "file", f"t{n}"),
        ]
    opened = {"m~tool", *(f"m~tool+{n}" for n in range(100, 500, 100))}
    drawn = clustered(graph_of(things), ["m"], opened)
    assert len(drawn.marks) <= LIMIT + 500


def test_hundreds_of_types_are_within_the_limit_as_well() -> None:
    things = [thing("m", "malware"), *(thing(f"x{n}", f"x-{n}", "m") for n in range(900))]
    drawn = clustered(graph_of(things), ["m"])
    assert len(drawn.marks) <= LIMIT + 1
    assert sum(len(mark.members) for mark in drawn.marks.values()) == 901


def test_what_no_seed_reaches_is_not_lost() -> None:
    drawn = clustered(graph_of([thing("a", "tool"), thing("b", "tool")]), ["a"])
    assert set(drawn.marks) == {"a", "b"}


def test_without_groups_every_object_stands_for_itself() -> None:
    assert len(clustered(hub(5000), ["m"], limit=10_000).marks) == 5002
