"""Hunts that are kept, what became of their runs, and what is not raised."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.errors import ForbiddenError, InputError
from tocsin.node import saved_hunts
from tocsin.server.api import alerts, asking
from tocsin.server.pages.forms import Form
from tocsin.server.pages.hunts import turns
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.sharing.release import Released
from tocsin.store import saved, suppressions
from tocsin.store.saved import Run, Saved
from tocsin.store.suppressions import Suppression

_RUNS = 50
_SILENT: Micros = 600_000_000
"""One that was not heard of for so long was broken off."""


class Hunts(msgspec.Struct, frozen=True):
    """Hunts that are kept with their last run, and what is not raised. `since`: the last that is known of any run."""

    hunts: tuple[tuple[Saved, Run | None], ...]
    suppressions: tuple[Suppression, ...]
    since: str


class Runs(msgspec.Struct, frozen=True):
    """A hunt and its runs, newest first. `under_way`: the newest, while it runs; `since`: the last that is known of them."""

    hunt: Saved
    runs: tuple[Run, ...]
    under_way: Run | None
    since: str


def show_hunts(view: View) -> Response:
    """Show the hunts.

    Raises:
        ForbiddenError: another organisation asks, or the session has a ceiling.
    """
    _require_all(view)
    with view.parts.store.connection() as connection:
        every = saved.everything(connection)
        last = saved.last_runs(connection)
        quiet = tuple(suppressions.everything(connection, now=view.parts.store.clock()))
    hunts = tuple((each, last.get(each.name)) for each in every)
    made = Hunts(hunts, quiet, _since(run for _, run in hunts if run))
    return render(view, "hunts/hunts.html", said(made, recipient=view.call.principal.organisation))


def show_runs(view: View) -> Response:
    """Show one hunt and its runs.

    Raises:
        ForbiddenError: another organisation asks, or the session has a ceiling.
        NotFoundError: there is none of this name.
    """
    _require_all(view)
    with view.parts.store.connection() as connection:
        hunt = saved.get(connection, _name(view))
        runs = tuple(saved.runs(connection, hunt.name, limit=_RUNS))
    heard = view.parts.store.clock() - _SILENT
    under_way = next((each for each in runs[:1] if each.ended is None and _last(each) > heard), None)
    made = Runs(hunt, runs, under_way, _since(runs))
    return render(view, "hunts/runs.html", said(made, recipient=view.call.principal.organisation))


def moved(view: View, name: str, beyond: Micros) -> Released[tuple[int, bool]]:
    """Return how many of the last runs of a hunt, or of all hunts for "", began, came on or ended after a moment (µs).

    Raises:
        ForbiddenError: another organisation asks, or the session has a ceiling.
    """
    _require_all(view)
    with view.parts.store.connection() as connection:
        last = saved.runs(connection, name, limit=1) if name else saved.last_runs(connection).values()
    count = sum(_last(run) > beyond for run in last)
    return said((count, False), recipient=view.call.principal.organisation)


def _last(run: Run) -> Micros:
    told: Micros = run.report.get("at", run.began)  # while it runs
    return told if run.ended is None else run.ended


def _since(runs: Iterable[Run]) -> str:
    return asking.next_token(max(map(_last, runs), default=1))


def act(view: View, form: Form) -> Response:
    """Begin to run a hunt now; its page tells how far it is.

    Raises:
        ForbiddenError: another organisation asks, or one that may only read, or the session has a ceiling.
        RequestError: 503, another hunt is under way.
        NotFoundError: there is none of this name.
        InputError: there is nothing of this kind to do.
        TocsinError: it cannot be run.
    """
    alerts.admit(view.call)
    _require_all(view)
    if form.one("do") != "run":
        raise InputError("there is nothing of this kind to do")
    with view.parts.store.connection() as connection:
        hunt = saved.get(connection, _name(view))
    turns.begin(partial(saved_hunts.run, view.parts.store, view.parts.clearances, hunt))
    return redirect(view, f"/hunts/{hunt.name}")


def _require_all(view: View) -> None:
    """Make sure that the own organisation asks, and may see all: runs count and suppressions name what is found, whatever its marking."""
    alerts.require_own(view.call)
    if view.call.principal.ceiling:
        raise ForbiddenError("kept hunts are not for sessions with a ceiling")


def _name(view: View) -> str:
    name: str = view.request.path_params["hunt"]
    return name.replace("\0", "")[:200]
