"""Graphs of small worlds."""

from __future__ import annotations

from tocsin.node.graph import Edge, Thing, degrees, graph_of, neighbours, part, shortest_paths, tree_of


def thing(name: str, *references: tuple[str, str], kind: str = "malware", title: str = "") -> Thing:
    return Thing(name, kind, title or name, "green", 1_767_225_600_000_000, references)


def relation(name: str, source: str, target: str) -> Thing:
    return thing(name, ("source", source), ("target", target), kind="relationship", title="uses")


def chain(*pairs: str) -> list[Thing]:
    """Things by letters, and relationships between the two letters of each pair."""
    letters = dict.fromkeys("".join(pairs))
    return [*(thing(each) for each in letters), *(relation(f"r-{each}", each[0], each[1]) for each in pairs)]


def test_relationships_and_references_are_edges() -> None:
    graph = graph_of(
        [
            thing("a"),
            thing("b"),
            thing("r", ("object", "a"), ("object", "b"), kind="report"),
            relation("x", "a", "b"),
        ]
    )
    assert list(graph.nodes) == ["a", "b", "r"]
    assert graph.edges == (
        Edge("a", "b", "uses", "x"),
        Edge("r", "a", "object"),
        Edge("r", "b", "object"),
    )
    assert degrees(graph) == {"a": 2, "b": 2, "r": 2}


def test_what_is_not_there_is_not_named() -> None:
    graph = graph_of(
        [thing("a", ("sample", "gone")), relation("x", "a", "hidden"), relation("y", "hidden", "a")]
    )
    assert graph.edges == ()
    assert "hidden" not in repr(graph)
    assert "gone" not in repr(graph.edges)


def test_one_that_names_itself_is_no_edge() -> None:
    assert graph_of([thing("a", ("x", "a"))]).edges == ()


def test_a_tree_is_reached_level_by_level() -> None:
    tree = tree_of(graph_of(chain("ab", "bc", "ad", "xy")), ["a"])
    assert tree.levels == (("a",), ("b", "d"), ("c",))
    assert tree.parents == {"b": "a", "d": "a", "c": "b"}
    assert tree.distances == {"a": 0, "b": 1, "d": 1, "c": 2}
    assert tree_of(graph_of(chain("ab")), ["nothing"]).levels == ()


def test_neighbours_stand_in_the_order_in_which_they_were_found() -> None:
    assert neighbours(graph_of(chain("cb", "ca", "bd")))["c"] == ("b", "a")


def test_all_shortest_paths_whichever_way_edges_go() -> None:
    graph = graph_of(chain("ab", "bd", "ac", "dc", "ae", "ef", "fd"))
    assert shortest_paths(graph, "a", "d") == (("a", "b", "d"), ("a", "c", "d"))
    assert shortest_paths(graph, "a", "d", most=1) == (("a", "b", "d"),)
    assert shortest_paths(graph, "a", "a") == (("a",),)
    assert shortest_paths(graph_of(chain("ab", "cd")), "a", "d") == ()
    assert shortest_paths(graph, "a", "nothing") == ()


def test_a_part_has_the_edges_within_it() -> None:
    found = part(graph_of(chain("ab", "bc")), {"a", "b"})
    assert list(found.nodes) == ["a", "b"]
    assert [each.through for each in found.edges] == ["r-ab"]
