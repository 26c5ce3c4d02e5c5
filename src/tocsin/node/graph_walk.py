"""From a few objects outwards, level by level, within bounds on objects, levels and questions. What is asked decides for whom; this only walks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from tocsin.node.graph import Graph, Thing, graph_of, tree_of

MOST = 10_000
"""Most nodes of a graph."""
EDGES_MOST = 30_000
"""Most relationships that are read for one."""
_AT_ONCE = 2000  # ids in a question
_QUESTIONS = 150

Wanted = Callable[[Thing], bool]


class Ask(Protocol):
    """Answers from what a reader may have."""

    def these(self, ids: Sequence[str]) -> list[Thing]:
        """Return the objects of these ids."""
        ...

    def referring(self, ids: Sequence[str], most: int) -> tuple[list[Thing], bool]:
        """Return up to `most` objects that refer to one of these, and whether there are more."""
        ...


class Walked(msgspec.Struct, frozen=True):
    """What was found. `complete` is false where a bound left something out."""

    graph: Graph
    seeds: tuple[str, ...]
    complete: bool


class Bounds(NamedTuple):
    """Most nodes, and most relationships that are read."""

    nodes: int = MOST
    edges: int = EDGES_MOST


def walk(ask: Ask, seeds: Sequence[str], depth: int, wanted: Wanted, bounds: Bounds | None = None) -> Walked:
    """Return what is within `depth` edges of the seeds; `wanted` says which objects, besides the seeds, are let in."""
    made = _Walk(ask, wanted, bounds or Bounds())
    made.begin(seeds)
    for _ in range(depth):
        if not made.step():
            break
    return made.done()


def connect(
    ask: Ask, ends: tuple[str, str], depth: int, wanted: Wanted, bounds: Bounds | None = None
) -> Walked:
    """Return what is around two objects as far as it takes to connect them, but at most `depth` edges around each.

    All shortest paths of up to twice `depth` edges are in it, unless it is not complete.
    """
    made = _Walk(ask, wanted, bounds or Bounds())
    made.begin(ends)
    for _ in range(depth):
        met = tree_of(graph_of(made.things.values()), ends[:1]).distances
        if ends[1] in met or not made.step():
            break
    return made.done()


class _Walk:
    """A walk under way."""

    def __init__(self, ask: Ask, wanted: Wanted, bounds: Bounds) -> None:
        self._ask = ask
        self._wanted = wanted
        self._most, self._edges_most = bounds
        self._nodes = 0
        self._edges = 0
        self._questions = 0
        self._frontier: list[str] = []
        self._seeds: tuple[str, ...] = ()
        self.things: dict[str, Thing] = {}
        self.complete = True

    def begin(self, seeds: Sequence[str]) -> None:
        """Read the seeds; of a relationship, which is an edge, its ends."""
        found: dict[str, Thing] = {}
        for ids in _batches(dict.fromkeys(seeds)):
            found |= {each.id: each for each in self._ask.these(ids)}
        edges = [each for each in found.values() if each.type == "relationship"]
        for ids in _batches({end: None for each in edges for _, end in each.references}):
            found |= {each.id: each for each in self._ask.these(ids)}
        # in the order asked for, not in that of the answer
        wanted = [end for key in seeds if key in found for end in _ends(found[key])]
        for key in dict.fromkeys(wanted):
            if key in found and found[key].type != "relationship":
                self._keep(found[key], seed=True)
        self._seeds = tuple(self._frontier)
        for each in edges:
            self._keep(each)

    def step(self) -> bool:
        """Take one step from everything that the last one found; return whether it found anything."""
        frontier, self._frontier = self._frontier, []
        here = set(frontier)
        ends = {end: None for key in frontier for _, end in self.things[key].references}
        for ids in _batches(frontier):
            for each in self._referring(ids):
                beside = [end for _, end in each.references]
                if here.isdisjoint(beside):
                    continue  # it only says that it was made by one of them
                self._keep(each)
                if each.type == "relationship":
                    ends |= dict.fromkeys(beside)
        for ids in _batches(end for end in ends if end not in self.things):
            if not self._may_ask():
                break
            for each in self._ask.these(ids):
                self._keep(each)
        return bool(self._frontier)

    def done(self) -> Walked:
        """Return what was found."""
        return Walked(graph_of(self.things.values()), self._seeds, self.complete)

    def _referring(self, ids: Sequence[str]) -> list[Thing]:
        if not self._may_ask() or self._edges >= self._edges_most:
            self.complete = False
            return []
        found, more = self._ask.referring(ids, self._most - self._nodes + self._edges_most - self._edges)
        self.complete = self.complete and not more
        return found

    def _may_ask(self) -> bool:
        self._questions += 1
        if self._questions > _QUESTIONS or self._nodes >= self._most:
            self.complete = False
            return False
        return True

    def _keep(self, thing: Thing, *, seed: bool = False) -> None:
        if thing.id in self.things:
            return
        if thing.type == "relationship":
            if self._edges >= self._edges_most:
                self.complete = False
                return
            self._edges += 1
        elif not seed and not self._wanted(thing):
            return
        elif self._nodes >= self._most:
            self.complete = False
            return
        else:
            self._nodes += 1
            self._frontier.append(thing.id)
        self.things[thing.id] = thing


def _ends(thing: Thing) -> list[str]:
    return [end for _, end in thing.references] if thing.type == "relationship" else [thing.id]


def _batches(ids: Collection[str] | Iterator[str]) -> Iterator[list[str]]:
    listed = list(ids)
    for at in range(0, len(listed), _AT_ONCE):
        yield listed[at : at + _AT_ONCE]
