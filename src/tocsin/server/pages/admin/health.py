"""How the node is: what is checked, what it runs under, and what it has done since it started."""

from __future__ import annotations

import msgspec
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import Response

from tocsin import __version__
from tocsin.config import SETTINGS
from tocsin.node import checkup
from tocsin.node.checkup import Finding
from tocsin.server.history import Point
from tocsin.server.pages.admin import drawing
from tocsin.server.pages.admin.drawing import Series
from tocsin.server.pages.admin.gate import require_administrator
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.store.search import index

_HIDDEN = "set, and not shown"


class Health(msgspec.Struct, frozen=True):
    """What the first page of the administration shows; `indexed`: search knows all that is held."""

    version: str
    findings: tuple[Finding, ...]
    indexed: bool


class Line(msgspec.Struct, frozen=True):
    """A setting: its name, value, what it means, and the variable that sets it."""

    name: str
    value: str
    meaning: str
    variable: str
    usual: bool


class Route(msgspec.Struct, frozen=True):
    """What was asked of one route since this process started: how often, how many failed, and seconds on average."""

    path: str
    requests: int
    failed: int
    mean: float


class Figures(msgspec.Struct, frozen=True):
    """What was asked of each route, how that went over the last day as lines, and the same as rows."""

    routes: tuple[Route, ...]
    series: tuple[Series, ...]
    rows: tuple[Point, ...]


def show_health(view: View) -> Response:
    """Show what is checked.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    require_administrator(view)
    store = view.parts.store
    findings = (*checkup.of_machine(view.parts.settings), *checkup.of_store(store))
    with store.connection() as connection:
        indexed = index.progress(connection).done
    told = said(Health(__version__, findings, indexed), recipient=view.call.principal.organisation)
    return render(view, "admin/health.html", told)


def show_settings(view: View) -> Response:
    """Show the settings that this process runs under; secrets are not among them.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    require_administrator(view)
    lines = []
    for each in SETTINGS:
        value = getattr(view.parts.settings, each.name)
        shown = _HIDDEN if each.secret and value else str(value)
        lines.append(Line(each.name, shown, each.meaning, each.variable, value == each.default))
    return render(view, "admin/settings.html", said(tuple(lines), recipient=view.call.principal.organisation))


def show_figures(view: View) -> Response:
    """Show what was asked of this process.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    require_administrator(view)
    points = view.parts.history.points()
    made = Figures(_routes(view.parts.metrics.text()), drawing.series_of(points), drawing.rows_of(points))
    told = said(made, recipient=view.call.principal.organisation)
    return render(view, "admin/figures.html", told, size=(drawing.WIDTH, drawing.HEIGHT))


def _routes(text: str) -> tuple[Route, ...]:
    counts: dict[str, list[int]] = {}
    seconds: dict[str, tuple[float, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            path = sample.labels.get("route") or sample.labels.get("path")
            if path is None:
                continue
            if sample.name.endswith("_requests_total"):
                found = counts.setdefault(path, [0, 0])
                found[0] += int(sample.value)
                found[1] += int(sample.value) if sample.labels.get("status", "")[:1] == "5" else 0
            elif sample.name.endswith(("_sum", "_count")):
                total, number = seconds.get(path, (0.0, 0.0))
                at_sum = sample.name.endswith("_sum")
                seconds[path] = (total + sample.value, number) if at_sum else (total, number + sample.value)
    made = []
    for path, (number, failed) in counts.items():
        total, measured = seconds.get(path, (0.0, 0.0))
        made.append(Route(path, number, failed, total / measured if measured else 0.0))
    return tuple(sorted(made, key=lambda each: -each.requests))
