"""Whatever the graph: nothing is lost, nothing is invented, nothing lies on another, and the same is drawn twice."""

from __future__ import annotations

import itertools
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.node.graph import Graph, Thing, graph_of, neighbours, shortest_paths, tree_of
from tocsin.node.graph_clusters import clustered
from tocsin.node.graph_layout import layout

KINDS = ("indicator", "malware", "file", "report")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    number = draw(st.integers(1, 60))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=number, max_size=number))
    ends = st.lists(st.integers(0, number + 2), max_size=3)
    made = []
    for at, kind in enumerate(kinds):
        made.append(Thing(f"n{at}", kind, "", "", 0, tuple(("of", f"n{end}") for end in draw(ends))))
    return graph_of(made)


@given(graphs(), st.integers(1, 40), st.sets(st.sampled_from(["n0~file", "n0~indicator", "n0~file~malware"])))
@settings(max_examples=60)
def test_every_object_stands_in_one_mark(graph: Graph, limit: int, opened: set[str]) -> None:
    drawn = clustered(graph, ["n0"], opened, limit)
    members = [key for mark in drawn.marks.values() for key in mark.members]
    assert sorted(members) == sorted(graph.nodes)
    for mark in drawn.marks.values():
        assert {graph.nodes[key].type for key in mark.members} == {mark.type} or not mark.type
    standing = {key: mark.id for mark in drawn.marks.values() for key in mark.members}
    outside = sum(standing[each.source] != standing[each.target] for each in graph.edges)
    assert sum(line.count for line in drawn.lines) == outside
    if not opened:
        assert len(drawn.marks) <= max(limit, 1) + 1


@given(graphs(), st.integers(4, 60))
@settings(max_examples=60)
def test_marks_do_not_lie_on_each_other_and_stay(graph: Graph, limit: int) -> None:
    drawn = clustered(graph, ["n0"], limit=limit)
    places = layout(drawn)
    assert places == layout(clustered(graph, ["n0"], limit=limit))
    assert set(places) == set(drawn.marks)
    for one, other in itertools.combinations(places.values(), 2):
        assert math.hypot(one.x - other.x, one.y - other.y) >= one.r + other.r - 0.2


@given(graphs(), st.integers(0, 59))
@settings(max_examples=60)
def test_shortest_paths_are_paths_and_shortest(graph: Graph, end: int) -> None:
    target = f"n{end}"
    distances = tree_of(graph, ["n0"]).distances
    paths = shortest_paths(graph, "n0", target)
    assert bool(paths) == (target in distances)
    beside = neighbours(graph)
    for path in paths:
        assert (path[0], path[-1], len(path) - 1) == ("n0", target, distances[target])
        assert all(after in beside[before] for before, after in itertools.pairwise(path))
    assert len(set(paths)) == len(paths)
