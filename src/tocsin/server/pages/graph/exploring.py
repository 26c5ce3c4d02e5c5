"""The graph that an address asks for, of what the reader may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tocsin.errors import NotFoundError
from tocsin.node.graph import Graph, Thing, Tree, degrees, part, shortest_paths, tree_of
from tocsin.node.graph_clusters import Clustered, clustered
from tocsin.node.graph_walk import MOST, Bounds, Walked, connect, walk
from tocsin.server.api import asking, objects
from tocsin.server.context import Call
from tocsin.server.pages.gathering import gathered
from tocsin.server.pages.graph.state import SEEDS, State
from tocsin.server.pages.titles import how_of, title_of
from tocsin.sharing.release import Released
from tocsin.store.search.finding import Item
from tocsin.store.search.query import Clause, Lexeme, Query, parse
from tocsin.store.search.terms import fit

PART = 150
"""Most objects, and most relationships, that a graph opens with: what is read, decided and drawn in some tens of milliseconds."""
_PAGE = 10_000  # each page sorts anew what refers to something
_REFERENCES = ("_ref", "_refs")
_NO_CONTENT = ("object_marking_refs", "created_by_ref")
# An organisation is named by all that it has made; what says something about it is of these types.
_ABOUT_IDENTITIES = ("relationship", "sighting", "report", "grouping", "note", "opinion", "incident")


class Surveyed(msgspec.Struct, frozen=True):
    """A graph and what its tables need: all that is the same whichever groups are open. `paths`: the shortest ways, where one was asked for.

    Attributes:
        tree: of the graph, from the seeds.
        order: its objects, those near the seeds first.
        edges: how many edges each object has, by id.
        types: how many objects there are of each type, the most frequent first.
        grouped: as it is drawn with no group open.
    """

    graph: Graph
    seeds: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...]
    complete: bool
    tree: Tree
    order: tuple[Thing, ...]
    edges: Mapping[str, int]
    types: tuple[tuple[str, int], ...]
    grouped: Clustered


class Explored(msgspec.Struct, frozen=True):
    """A graph, and what is drawn of it."""

    survey: Surveyed
    drawn: Clustered


def explored(call: Call, state: State) -> Released[Explored]:
    """Return the graph.

    Raises:
        NotFoundError: it begins with nothing that the reader may know of.
        InputError: the query or a time cannot be read.
    """
    # which groups are open, and which part of the tables is shown, is no part of it
    what = ("graph", state.seeds, state.q, state.to, state.depth, state.types, state.bounds, state.part)
    found = gathered(call, what, lambda: _walked(call, state), call.parts.graphs)
    survey = found.value
    if survey is None:
        raise NotFoundError("no such object")
    if not state.opened and not state.all:
        return found.derive(Explored(survey, survey.grouped))
    limit = {"limit": MOST} if state.all else {}
    drawn = clustered(survey.graph, survey.seeds, state.opened, tree=survey.tree, **limit)
    return found.derive(Explored(survey, drawn))


def _walked(call: Call, state: State) -> Released[Surveyed | None]:
    """Return the graph; None where it begins, or is to end, with nothing that the reader may know of."""
    held = _Held(call, state.types)
    seeds = state.seeds or held.found(state.q)
    wanted = _wanted(state, seeds)
    if state.to and seeds:
        found = connect(held, (seeds[0], state.to), max(state.depth, 2), wanted)
    elif state.part:
        found = walk(held, seeds, state.depth, wanted, Bounds(PART, PART))
    else:
        found = walk(held, seeds, state.depth, wanted)
    nothing = not found.seeds or (state.to and len(found.seeds) < 2)
    return held.released.derive(None if nothing else _surveyed(state, found))


def thing_of(item: Item, tlp: str) -> Thing:
    """Return what was found, and is marked with a level, as a part of a graph."""
    said = msgspec.json.decode(item.body)
    references: list[tuple[str, str]] = []
    for name, value in said.items():
        if not name.endswith(_REFERENCES) or name in _NO_CONTENT:
            continue
        how, _, form = name.rpartition("_")
        if form == "ref" and isinstance(value, str):
            references.append((_words(how), value))
        elif form == "refs" and isinstance(value, list):
            references += [(_words(how), each) for each in value if isinstance(each, str)]
    title = how_of(said) if item.type == "relationship" else title_of(said)
    if title == item.id:
        title = item.type  # a sighting has no name, and its id would only hide what is behind it
    return Thing(item.id, item.type, title, tlp, item.version, tuple(references))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _surveyed(state: State, found: Walked) -> Surveyed:
    graph, seeds = found.graph, found.seeds
    paths: tuple[tuple[str, ...], ...] = ()
    if state.to:
        paths = shortest_paths(graph, seeds[0], seeds[1])
        graph = part(graph, {key for path in paths for key in path} or set(seeds))
        seeds = seeds[:1] if paths else seeds
    tree = tree_of(graph, seeds)
    order = sorted(
        graph.nodes.values(), key=lambda t: (tree.distance(t.id), t.type, t.title.casefold(), t.id)
    )
    types = Counter(each.type for each in order)
    return Surveyed(
        graph=graph, seeds=seeds, paths=paths, complete=found.complete, tree=tree,
        order=tuple(order),
        edges=degrees(graph),
        types=tuple(sorted(types.items(), key=lambda each: (-each[1], each[0]))),
        grouped=clustered(graph, seeds, tree=tree),
    )  # fmt: skip


def _wanted(state: State, seeds: Sequence[str]) -> Callable[[Thing], bool]:
    after, before = state.bounds
    types, always = frozenset(state.types), {*seeds, state.to}

    def wanted(thing: Thing) -> bool:
        if thing.id in always:
            return True
        if types and thing.type not in types:
            return False
        return (after is None or thing.modified >= after) and (before is None or thing.modified < before)

    return wanted


class _Held:
    """What the reader may have, for a walk. `released` is what the last answer was released as."""

    def __init__(self, call: Call, types: tuple[str, ...]) -> None:
        self._call = call
        self._types = types
        self._levels: dict[int, str] = {}  # thousands of objects are under a few label sets
        self.released: Released[Any] = objects.several(call, ())

    def found(self, text: str) -> tuple[str, ...]:
        """Return the ids of the newest objects that a query finds, but for relationships."""
        if not text.strip():
            return ()
        things, _ = self._ask(parse(text), SEEDS)
        return tuple(each.id for each in things)

    def these(self, ids: Sequence[str]) -> list[Thing]:
        sought = tuple(each for each in ids if "\0" not in each)
        return self._ask(Query(ids=sought), len(sought))[0] if sought else []

    def referring(self, ids: Sequence[str], most: int) -> tuple[list[Thing], bool]:
        found: list[Thing] = []
        more = False
        narrowed = ("relationship", *self._types) if self._types else ()
        identities = [each for each in ids if each.startswith("identity--")]
        others = [each for each in ids if not each.startswith("identity--")]
        about = tuple(each for each in _ABOUT_IDENTITIES if not narrowed or each in narrowed)
        naming = Clause(tuple((Lexeme(fit(f"r:{each}")),) for each in identities))
        for some, query in (
            (others, Query(refers=tuple(others), types=narrowed)),
            (identities, Query(clauses=(naming,), types=about)),
        ):
            if some:
                things, further = self._ask(query, most - len(found))
                found += things
                more = more or further
        return found, more

    def _ask(self, query: Query, most: int) -> tuple[list[Thing], bool]:
        found: list[Thing] = []
        beyond = None
        while True:
            room = min(_PAGE, most - len(found))
            if room <= 0:
                return found, True
            answer = objects.find(self._call, query, room, beyond)
            self.released = answer
            items = answer.value.items
            self._call.handed(*(each.added for each in items))
            found += [thing_of(each, self._level(each.label)) for each in items]
            if not answer.value.more:
                return found, False
            beyond = items[-1].added

    def _level(self, label: int) -> str:
        if label not in self._levels:
            self._levels[label] = asking.searcher(self._call).tlp_of(label)
        return self._levels[label]
