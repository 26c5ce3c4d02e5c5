"""Where marks stand."""

from __future__ import annotations

import math

from tocsin.node.graph import Thing, graph_of
from tocsin.node.graph_clusters import clustered
from tocsin.node.graph_layout import layout


def thing(name: str, *ends: str, kind: str = "tool") -> Thing:
    return Thing(name, kind, name, "", 0, tuple(("of", end) for end in ends))


def test_one_seed_is_the_middle_and_the_rest_around_it() -> None:
    places = layout(clustered(graph_of([thing("m"), *(thing(f"x{n}", "m") for n in range(6))]), ["m"]))
    assert places["m"][:2] == (0, 0)
    assert len({round(math.hypot(p.x, p.y)) for key, p in places.items() if key != "m"}) == 1


def test_several_seeds_stand_around_an_empty_middle() -> None:
    places = layout(clustered(graph_of([thing(each) for each in "abc"]), "abc"))
    assert len({(p.x, p.y) for p in places.values()}) == 3


def test_a_group_is_larger_the_more_it_holds() -> None:
    def size(number: int) -> float:
        graph = graph_of([thing("m"), *(thing(f"x{n}", "m", kind="file") for n in range(number))])
        return layout(clustered(graph, ["m"], limit=10))["m~file"].r

    assert size(20) < size(100) <= 30
    assert size(9000) == 30


def test_nothing_is_a_drawing_too() -> None:
    assert layout(clustered(graph_of([]), [])) == {}
