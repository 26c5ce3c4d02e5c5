"""Objects as a graph: what refers to what among those that a reader has. Pure: made of what was released, in the order in which it was found.

A relationship is an edge from its source to its target, and so is every reference of an object to another one. An edge that does not have both
its ends is none: the graph names nothing that is not in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from tocsin.clock import Micros


class Thing(msgspec.Struct, frozen=True, gc=False):
    """One object as it was read: what it is, and what it refers to as (property without `_ref`, id), in order.

    Of a relationship `title` is its relationship type. `modified` in µs.
    """

    id: str
    type: str
    title: str
    tlp: str
    modified: Micros
    references: tuple[tuple[str, str], ...] = ()


class Edge(msgspec.Struct, frozen=True, gc=False):
    """`source` says that it is related to `target`, and how; `through` is the relationship that says so, "" where the object does itself."""

    source: str
    target: str
    how: str
    through: str = ""


class Graph(msgspec.Struct, frozen=True):
    """Objects by id, in the order in which they were found, and the edges among them, sorted."""

    nodes: dict[str, Thing]
    edges: tuple[Edge, ...]


def graph_of(things: Iterable[Thing]) -> Graph:
    """Return the graph of some objects: relationships as edges, all others as nodes."""
    held = {each.id: each for each in things}
    nodes = {key: each for key, each in held.items() if each.type != "relationship"}
    edges: set[Edge] = set()
    for each in held.values():
        ends = dict(each.references)
        if each.type == "relationship":
            edges.add(Edge(ends.get("source", ""), ends.get("target", ""), each.title, each.id))
        else:
            edges |= {Edge(each.id, target, how) for how, target in each.references}
    whole = (e for e in edges if e.source in nodes and e.target in nodes and e.source != e.target)
    return Graph(nodes, tuple(sorted(whole, key=lambda e: (e.source, e.target, e.how, e.through))))


def part(graph: Graph, wanted: Collection[str]) -> Graph:
    """Return the part of a graph that consists of some of its nodes."""
    return Graph(
        {key: each for key, each in graph.nodes.items() if key in wanted},
        tuple(each for each in graph.edges if each.source in wanted and each.target in wanted),
    )


def neighbours(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Return the nodes beside each node, whichever way the edge goes; in the order in which they were found."""
    order = {key: place for place, key in enumerate(graph.nodes)}
    beside: dict[str, set[str]] = {key: set() for key in graph.nodes}
    for each in graph.edges:
        beside[each.source].add(each.target)
        beside[each.target].add(each.source)
    return {key: tuple(sorted(found, key=order.__getitem__)) for key, found in beside.items()}


class Tree(msgspec.Struct, frozen=True):
    """How a graph is reached from where one begins: levels of node ids, the first the seeds, and the node that each was reached from."""

    levels: tuple[tuple[str, ...], ...]
    parents: dict[str, str]
    distances: dict[str, int]
    """Edges between a node and the nearest seed."""

    def distance(self, key: str) -> int:
        """Return the edges between a node and the nearest seed; of one that no seed reaches, one more than of any other."""
        return self.distances.get(key, len(self.levels))


def tree_of(graph: Graph, seeds: Iterable[str]) -> Tree:
    """Return the breadth-first tree of a graph; what no seed reaches stands in no level."""
    beside = neighbours(graph)
    level = tuple(dict.fromkeys(each for each in seeds if each in graph.nodes))
    levels: list[tuple[str, ...]] = []
    parents, seen = {}, set(level)
    while level:
        levels.append(level)
        following: list[str] = []
        for key in level:
            for other in beside[key]:
                if other not in seen:
                    seen.add(other)
                    parents[other] = key
                    following.append(other)
        level = tuple(following)
    distances = {key: distance for distance, found in enumerate(levels) for key in found}
    return Tree(tuple(levels), parents, distances)


def shortest_paths(graph: Graph, start: str, end: str, most: int = 5) -> tuple[tuple[str, ...], ...]:
    """Return up to `most` of the shortest paths between two nodes, edges taken either way; () where there is none."""
    if start not in graph.nodes or end not in graph.nodes:
        return ()
    distances = tree_of(graph, [end]).distances
    if start not in distances:
        return ()
    beside = neighbours(graph)
    paths: list[tuple[str, ...]] = [(start,)]
    for left in range(distances[start] - 1, -1, -1):
        longer = ((*path, key) for path in paths for key in beside[path[-1]] if distances.get(key) == left)
        paths = [path for path, _ in zip(longer, range(most), strict=False)]
    return tuple(paths)


def degrees(graph: Graph) -> Mapping[str, int]:
    """Return how many edges each node has."""
    found = dict.fromkeys(graph.nodes, 0)
    for each in graph.edges:
        found[each.source] += 1
        found[each.target] += 1
    return found
