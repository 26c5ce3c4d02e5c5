"""The graph as a page (a drawing and its tables), as data for a script, and as a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from tocsin.node.graph import Edge, Thing
from tocsin.node.graph_clusters import LIMIT, Mark
from tocsin.node.graph_layout import Place, layout
from tocsin.server.api import asking
from tocsin.server.pages.graph.exploring import Explored, explored
from tocsin.server.pages.graph.state import State
from tocsin.server.pages.rendering import document, render, show
from tocsin.server.pages.view import View

ROWS = 50
"""Rows of a page of the tables."""
_DRAWN = 1000  # marks that the page itself draws; more are for the script
_LABELS = 80
_MARGIN = 60
_FAMILIES = {
    "indicator": "sign", "observed-data": "sign", "sighting": "sign",
    "threat-actor": "actor", "intrusion-set": "actor", "campaign": "actor", "incident": "actor",
    "malware": "means", "tool": "means", "infrastructure": "means", "attack-pattern": "means", "vulnerability": "means", "malware-analysis": "means",
    "report": "word", "grouping": "word", "note": "word", "opinion": "word", "course-of-action": "word",
    "identity": "who", "location": "who",
}  # fmt: skip


class Point(msgspec.Struct, frozen=True):
    """A mark as it is drawn: an object (`path` is its page), or a group of `count` objects (`path` opens it)."""

    id: str
    title: str
    type: str
    family: str
    tlp: str
    count: int
    x: float
    y: float
    r: float
    path: str
    labelled: bool
    seed: bool


class Stroke(msgspec.Struct, frozen=True):
    """A line as it is drawn."""

    source: str
    target: str
    how: str
    count: int


class Drawing(msgspec.Struct, frozen=True):
    """What is drawn: points, strokes by the ids of their points, and left, top, width and height of it all."""

    points: tuple[Point, ...]
    strokes: tuple[Stroke, ...]
    box: tuple[float, float, float, float]

    @property
    def by_id(self) -> dict[str, Point]:
        """The points by id."""
        return {each.id: each for each in self.points}


class Group(msgspec.Struct, frozen=True):
    """A group in the table; `path` opens it."""

    id: str
    type: str
    count: int
    path: str


class Row(msgspec.Struct, frozen=True):
    """An object in the table."""

    thing: Thing
    distance: int
    edges: int


class Shown(msgspec.Struct, frozen=True):
    """What the page shows; `drawing` is none where only the script could draw it."""

    state: State
    seeds: tuple[Thing, ...]
    drawing: Drawing | None
    groups: tuple[Group, ...]
    rows: tuple[Row, ...]
    edges: tuple[Edge, ...]
    things: dict[str, Thing]
    types: tuple[tuple[str, int], ...]
    paths: tuple[tuple[str, ...], ...]
    nodes: int
    links: int
    marks: int
    complete: bool
    pages: int


def show_graph(view: View) -> Response:
    """Show a graph, or where one can begin.

    Raises:
        NotFoundError: it begins with nothing that the reader may know of.
        InputError: the query or a time cannot be read.
    """
    state = asking.parameters(view.call, State)
    if not state.seeds and not state.q.strip():
        return show(view, "graph/begin.html")
    found = explored(view.call, state)
    return render(view, "graph/graph.html", found.derive(_shown(state, found.value)), limit=LIMIT)


def data(view: View) -> Response:
    """Return a graph's drawing as JSON, for the script.

    Raises:
        NotFoundError: it begins with nothing that the reader may know of.
        InputError: the query or a time cannot be read.
    """
    state = asking.parameters(view.call, State)
    found = explored(view.call, state)
    return document(view, found.derive(drawing_of(state, found.value)))


def drawing(view: View) -> Response:
    """Return a graph's drawing as an SVG file.

    Raises:
        NotFoundError: it begins with nothing that the reader may know of.
        InputError: the query or a time cannot be read.
    """
    state = asking.parameters(view.call, State)
    found = explored(view.call, state)
    headers = {
        "Content-Disposition": 'attachment; filename="tocsin-graph.svg"',
        "Cache-Control": "private, no-store",
    }
    made = found.derive(drawing_of(state, found.value))
    return render(view, "graph/drawing.svg", made, headers=headers, media_type="image/svg+xml")


def drawing_of(state: State, found: Explored) -> Drawing:
    """Return what is drawn of a graph."""
    places = layout(found.drawn)
    marks = found.drawn.marks
    inner = Counter(mark.parent for mark in marks.values())
    worth = sorted(marks.values(), key=lambda m: (m.distance, not m.group, -inner[m.id], m.id))
    labelled = {mark.id for mark in worth[:_LABELS]}
    points = tuple(
        _point(state, found.survey.graph.nodes, mark, places[mark.id], labelled=mark.id in labelled)
        for mark in marks.values()
    )
    strokes = tuple(Stroke(each.source, each.target, each.how, each.count) for each in found.drawn.lines)
    return Drawing(points, strokes, _box(places))


def _point(state: State, things: Mapping[str, Thing], mark: Mark, place: Place, *, labelled: bool) -> Point:
    family = _FAMILIES.get(mark.type, "value")
    seed = mark.distance == 0
    if mark.group:
        path = state.opening(mark.id)
        return Point(mark.id, "", mark.type, family, "", len(mark.members), *place, path, labelled, seed)
    thing = things[mark.id]
    path = f"/objects/{quote(mark.id)}"
    return Point(mark.id, thing.title, mark.type, family, thing.tlp, 1, *place, path, labelled, seed)


def _box(places: Mapping[str, Place]) -> tuple[float, float, float, float]:
    left = min((p.x - p.r for p in places.values()), default=0) - _MARGIN
    top = min((p.y - p.r for p in places.values()), default=0) - _MARGIN
    right = max((p.x + p.r for p in places.values()), default=0) + _MARGIN
    bottom = max((p.y + p.r for p in places.values()), default=0) + _MARGIN
    return round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1)


def _shown(state: State, found: Explored) -> Shown:
    survey, marks = found.survey, found.drawn.marks
    graph, order = survey.graph, survey.order
    page = slice((state.page - 1) * ROWS, state.page * ROWS)
    several = (m for m in marks.values() if len(m.members) > 1)
    groups = sorted(several, key=lambda m: (-len(m.members), m.id))
    longest = max(len(order), len(graph.edges))
    return Shown(
        state=state,
        seeds=tuple(graph.nodes[key] for key in survey.seeds),
        drawing=drawing_of(state, found) if len(marks) <= _DRAWN else None,
        groups=tuple(Group(m.id, m.type, len(m.members), state.opening(m.id)) for m in groups),
        rows=tuple(Row(t, survey.tree.distance(t.id), survey.edges[t.id]) for t in order[page]),
        edges=graph.edges[page],
        things=graph.nodes,
        types=survey.types,
        paths=survey.paths,
        nodes=len(graph.nodes),
        links=len(graph.edges),
        marks=len(marks),
        complete=survey.complete,
        pages=-(-longest // ROWS),
    )
