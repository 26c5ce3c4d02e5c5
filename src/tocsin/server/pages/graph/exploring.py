"""The graph that an address asks for, of what the reader may have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tocsin.errors import NotFoundError
from tocsin.node.graph import Graph, Thing, part, shortest_paths
from tocsin.node.graph_clusters import Clustered, clustered
from tocsin.node.graph_walk import MOST, Walked, connect, walk
from tocsin.server.api import objects
from tocsin.server.api.objects import Entry
from tocsin.server.context import Call
from tocsin.server.pages.gathering import gathered
from tocsin.server.pages.graph.state import SEEDS, State
from tocsin.server.pages.titles import title_of
from tocsin.sharing.release import Released
from tocsin.stix.timestamps import micros_or_none
from tocsin.store.search.query import Clause, Lexeme, Query, parse
from tocsin.store.search.terms import fit

_PAGE = 10_000  # each page sorts anew what refers to something
_NO_CONTENT = ("object_marking_refs", "created_by_ref")
# An organisation is named by all that it has made; what says something about it is of these types.
_ABOUT_IDENTITIES = ("relationship", "sighting", "report", "grouping", "note", "opinion", "incident")


class Explored(msgspec.Struct, frozen=True):
    """A graph, as marks and lines and whole. `paths`: the shortest ways, where one was asked for."""

    graph: Graph
    drawn: Clustered
    seeds: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...]
    complete: bool


def explored(call: Call, state: State) -> Released[Explored]:
    """Return the graph.

    Raises:
        NotFoundError: it begins with nothing that the reader may know of.
        InputError: the query or a time cannot be read.
    """
    # which groups are open, and which part of the tables is shown, is no part of it
    what = ("graph", state.seeds, state.q, state.to, state.depth, state.types, state.bounds)
    found = gathered(call, what, lambda: _walked(call, state), call.parts.graphs)
    if not found.value.seeds or (state.to and len(found.value.seeds) < 2):
        raise NotFoundError("no such object")
    return found.derive(_explored(state, found.value))


def _walked(call: Call, state: State) -> Released[Walked]:
    held = _Held(call, state.types)
    seeds = state.seeds or held.found(state.q)
    wanted = _wanted(state, seeds)
    if state.to and seeds:
        found = connect(held, (seeds[0], state.to), max(state.depth, 2), wanted)
    else:
        found = walk(held, seeds, state.depth, wanted)
    return held.released.derive(found)


def thing_of(entry: Entry) -> Thing:
    """Return an entry as a part of a graph."""
    said = msgspec.json.decode(entry.object)
    references: list[tuple[str, str]] = []
    for name, value in said.items():
        if name in _NO_CONTENT:
            continue
        if name.endswith("_ref") and isinstance(value, str):
            references.append((_words(name[:-4]), value))
        elif name.endswith("_refs") and isinstance(value, list):
            references += [(_words(name[:-5]), each) for each in value if isinstance(each, str)]
    title = title_of(said)
    if title == entry.id:
        title = entry.type  # a sighting has no name, and its id would only hide what is behind it
    return Thing(entry.id, entry.type, title, entry.tlp, entry.modified, tuple(references))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _explored(state: State, found: Walked) -> Explored:
    graph, seeds = found.graph, found.seeds
    paths: tuple[tuple[str, ...], ...] = ()
    if state.to:
        paths = shortest_paths(graph, seeds[0], seeds[1])
        graph = part(graph, {key for path in paths for key in path} or set(seeds))
        seeds = seeds[:1] if paths else seeds
    drawn = clustered(graph, seeds, state.opened, **({"limit": MOST} if state.all else {}))
    return Explored(graph, drawn, seeds, paths, found.complete)


def _wanted(state: State, seeds: Sequence[str]) -> Callable[[Thing], bool]:
    after, before = state.bounds
    types, always = frozenset(state.types), {*seeds, state.to}

    def wanted(thing: Thing) -> bool:
        if thing.id in always:
            return True
        if types and thing.type not in types:
            return False
        at = micros_or_none(thing.modified) or 0
        return (after is None or at >= after) and (before is None or at < before)

    return wanted


class _Held:
    """What the reader may have, for a walk. `released` is what the last answer was released as."""

    def __init__(self, call: Call, types: tuple[str, ...]) -> None:
        self._call = call
        self._types = types
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
            found += [thing_of(each) for each in objects.entries(self._call, answer.value).items]
            if not answer.value.more:
                return found, False
            beyond = answer.value.items[-1].added
