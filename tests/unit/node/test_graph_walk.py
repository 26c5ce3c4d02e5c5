"""Walks over a world in memory that counts what it is asked."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tocsin.node import graph_walk
from tocsin.node.graph import Thing
from tocsin.node.graph_walk import Bounds, connect, walk


class World:
    """Answers as a node does, and keeps the questions."""

    def __init__(self, things: Sequence[Thing]) -> None:
        self.held = {each.id: each for each in things}
        self.asked: list[tuple[str, ...]] = []

    def these(self, ids: Sequence[str]) -> list[Thing]:
        self.asked.append(tuple(ids))
        return [self.held[each] for each in ids if each in self.held]

    def referring(self, ids: Sequence[str], most: int) -> tuple[list[Thing], bool]:
        self.asked.append(tuple(ids))
        found = [e for e in self.held.values() if {end for _, end in e.references} & set(ids)]
        return found[:most], len(found) > most


def thing(name: str, *references: tuple[str, str], kind: str = "malware") -> Thing:
    return Thing(name, kind, name, "", 1_767_225_600_000_000, references)


def relation(source: str, target: str) -> Thing:
    return thing(f"{source}-{target}", ("source", source), ("target", target), kind="relationship")


def anything(_thing: Thing) -> bool:
    return True


CHAIN = [thing(each) for each in "abcdef"] + [relation(*each) for each in ("ab", "bc", "cd", "de", "ef")]


@pytest.mark.parametrize(("depth", "found"), [(1, "ab"), (2, "abc"), (4, "abcde")])
def test_so_many_steps(depth: int, found: str) -> None:
    walked = walk(World(CHAIN), ["a"], depth, anything)
    assert "".join(walked.graph.nodes) == found
    assert walked.complete


def test_references_are_followed_both_ways() -> None:
    world = World([thing("r", ("object", "a"), ("object", "b"), kind="report"), thing("a"), thing("b")])
    assert set(walk(world, ["a"], 1, anything).graph.nodes) == {"a", "r"}
    assert set(walk(world, ["a"], 2, anything).graph.nodes) == {"a", "r", "b"}
    assert set(walk(world, ["r"], 1, anything).graph.nodes) == {"a", "r", "b"}


def test_what_is_not_wanted_is_no_way_either() -> None:
    walked = walk(World(CHAIN), ["a"], 4, lambda each: each.id != "c")
    assert "".join(walked.graph.nodes) == "ab"


def test_a_relationship_begins_with_its_ends() -> None:
    walked = walk(World(CHAIN), ["c-d"], 1, anything)
    assert walked.seeds == ("c", "d")
    assert set(walked.graph.nodes) == {"b", "c", "d", "e"}


def test_seeds_that_are_not_there_are_left_out() -> None:
    walked = walk(World(CHAIN), ["hidden", "b", "a", "b"], 1, anything)
    assert walked.seeds == ("b", "a")
    assert "hidden" not in walked.graph.nodes


def test_a_bound_on_nodes_is_told() -> None:
    world = World([thing("a"), *(thing(f"x{n}", ("of", "a")) for n in range(50))])
    walked = walk(world, ["a"], 1, anything, Bounds(nodes=20))
    assert len(walked.graph.nodes) == 20
    assert not walked.complete


def test_a_bound_on_relationships_is_told() -> None:
    world = World(
        [
            thing("a"),
            thing("b"),
            *(thing(f"r{n}", ("source", "a"), ("target", "b"), kind="relationship") for n in range(50)),
        ]
    )
    walked = walk(world, ["a"], 2, anything, Bounds(edges=10))
    assert len(walked.graph.edges) == 10
    assert not walked.complete


def test_a_bound_on_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_walk, "_QUESTIONS", 3)
    world = World(CHAIN)
    walked = walk(world, ["a"], 5, anything)
    assert len(world.asked) <= 4
    assert not walked.complete


def test_who_has_made_it_is_no_link() -> None:
    """What is found because it names the maker, but has no reference to it, is left out."""

    class Making(World):
        def referring(self, ids: Sequence[str], most: int) -> tuple[list[Thing], bool]:
            return [thing("made by a")], False

    assert set(walk(Making([thing("a")]), ["a"], 2, anything).graph.nodes) == {"a"}


def test_two_are_connected_and_no_more_is_read_than_that_takes() -> None:
    world = World([*CHAIN, thing("z"), relation("f", "z")])
    walked = connect(world, ("b", "d"), 3, anything)
    assert {"b", "c", "d"} <= set(walked.graph.nodes)
    assert "z" not in walked.graph.nodes
    apart = connect(World([thing("a"), thing("b")]), ("a", "b"), 3, anything)
    assert apart.seeds == ("a", "b")
    assert apart.graph.edges == ()
