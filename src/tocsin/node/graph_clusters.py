"""A graph of thousands drawn with hundreds of marks: nodes of one type that were reached from the same place stand together as one group.

Groups are named by how they are reached (`ID~indicator`, and what hangs on those `ID~indicator~domain-name`), so that an address which opens
one keeps its meaning. The larger a group, the sooner it is put together: as many objects as possible stand for themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

import msgspec

from tocsin.node.graph import Graph, Tree, tree_of

LIMIT = 300
"""Most marks of a drawing that nobody has opened groups of."""
OPENED = 100
"""Members of an opened group that stand for themselves; the rest is a group again."""
_SIZES = (200, 100, 50, 25, 12, 6, 3, 1)


class Mark(msgspec.Struct, frozen=True):
    """What is drawn as one: an object, or a group. `members`: ids of its objects, one of an object. `distance`: from the nearest seed."""

    id: str
    type: str
    members: tuple[str, ...]
    distance: int
    parent: str

    @property
    def group(self) -> bool:
        """Whether it stands for several."""
        return self.id != self.members[0]


class Line(msgspec.Struct, frozen=True):
    """What is drawn between two marks: how they are related, and how many edges that are."""

    source: str
    target: str
    how: str
    count: int


class Clustered(msgspec.Struct, frozen=True):
    """Marks by id, those near the seeds first, and lines, sorted."""

    marks: dict[str, Mark]
    lines: tuple[Line, ...]


def clustered(
    graph: Graph,
    seeds: Iterable[str],
    opened: Collection[str] = (),
    limit: int = LIMIT,
    tree: Tree | None = None,
) -> Clustered:
    """Return a graph with at most `limit` marks, not counting seeds and what stands for itself in opened groups.

    `tree`: that of the graph from the seeds, where somebody has it already.
    """
    tree = tree or tree_of(graph, seeds)
    if len(graph.nodes) <= limit:
        return _drawn(graph, _grouped(graph, tree, frozenset(), len(graph.nodes)))
    marks: list[Mark] = []
    for size in _SIZES:
        marks = _grouped(graph, tree, opened, size)
        if sum(_counts(mark, opened) for mark in marks) <= limit:
            return _drawn(graph, marks)
    return _drawn(graph, _by_type(graph, tree, limit))


def _counts(mark: Mark, opened: Collection[str]) -> bool:
    return mark.distance > 0 and (mark.group or f"{mark.parent}~{mark.type}" not in opened)


def _grouped(graph: Graph, tree: Tree, opened: Collection[str], size: int) -> list[Mark]:
    """Return marks with groups of everything alike that is more than `size`."""
    seeds = tree.levels[0] if tree.levels else ()
    marks = [Mark(key, graph.nodes[key].type, (key,), 0, "") for key in seeds]
    standing = {mark.id: mark.id for mark in marks}
    reached = tree.distances
    lost = tuple(key for key in graph.nodes if key not in reached)
    for distance, level in enumerate((*tree.levels[1:], lost), 1):
        alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key in level:
            parent = tree.parents.get(key)
            alike[standing[parent] if parent else "", graph.nodes[key].type].append(key)
        for (parent, kind), members in alike.items():
            for mark in _marks(
                Mark(f"{parent}~{kind}", kind, tuple(members), distance, parent), opened, size
            ):
                marks.append(mark)
                standing |= dict.fromkeys(mark.members, mark.id)
    return marks


def _marks(group: Mark, opened: Collection[str], size: int) -> list[Mark]:
    """Return the marks that a group is drawn as: itself, its members, or some of them and the rest as a group."""
    alone = len(group.members) if len(group.members) <= size else 0
    name = group.id
    while name in opened and alone < len(group.members):
        alone += OPENED
        name = f"{group.id}+{alone}"
    found = [msgspec.structs.replace(group, id=key, members=(key,)) for key in group.members[:alone]]
    rest = group.members[alone:]
    if len(rest) == 1:
        return [*found, msgspec.structs.replace(group, id=rest[0], members=rest)]
    return [*found, msgspec.structs.replace(group, id=name, members=rest)] if rest else found


def _by_type(graph: Graph, tree: Tree, limit: int) -> list[Mark]:
    """Return the coarsest marks: the seeds, and a group for each type, the rarest types in one."""
    seeds = tree.levels[0] if tree.levels else ()
    marks = [Mark(key, graph.nodes[key].type, (key,), 0, "") for key in seeds]
    frequent = Counter(each.type for each in graph.nodes.values())
    ordered = sorted(frequent, key=lambda kind: (-frequent[kind], kind))
    kept = set(ordered[: limit - 1])
    alike: dict[str, list[str]] = defaultdict(list)
    for key, each in graph.nodes.items():
        if key not in seeds:
            alike[each.type if each.type in kept else ""].append(key)
    first = seeds[0] if seeds else ""
    return marks + [Mark(f"~{kind}", kind, tuple(members), 1, first) for kind, members in alike.items()]


def _drawn(graph: Graph, marks: list[Mark]) -> Clustered:
    standing = {key: mark.id for mark in marks for key in mark.members}
    counted: Counter[tuple[str, str, str]] = Counter()
    for each in graph.edges:
        source, target = standing[each.source], standing[each.target]
        if source != target:
            counted[source, target, each.how] += 1
    lines = tuple(Line(*ends, count) for ends, count in sorted(counted.items()))
    return Clustered({mark.id: mark for mark in marks}, lines)
