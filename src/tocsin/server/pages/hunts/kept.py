"""Hunts that are kept, what became of their runs, and what is not raised."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from tocsin.errors import InputError
from tocsin.node import saved_hunts
from tocsin.server.api import alerts
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.store import saved, suppressions
from tocsin.store.saved import Run, Saved
from tocsin.store.suppressions import Suppression

_RUNS = 50


class Hunts(msgspec.Struct, frozen=True):
    """Hunts that are kept with their last run, and what is not raised."""

    hunts: tuple[tuple[Saved, Run | None], ...]
    suppressions: tuple[Suppression, ...]


class Runs(msgspec.Struct, frozen=True):
    """A hunt and its runs, newest first."""

    hunt: Saved
    runs: tuple[Run, ...]


def show_hunts(view: View) -> Response:
    """Show the hunts.

    Raises:
        ForbiddenError: another organisation asks.
    """
    alerts.require_own(view.call)
    with view.parts.store.connection() as connection:
        every = saved.everything(connection)
        last = {each.name: saved.runs(connection, each.name, limit=1) for each in every}
        quiet = tuple(suppressions.everything(connection, now=view.parts.store.clock()))
    hunts = tuple((each, next(iter(last[each.name]), None)) for each in every)
    return render(
        view, "hunts/hunts.html", said(Hunts(hunts, quiet), recipient=view.call.principal.organisation)
    )


def show_runs(view: View) -> Response:
    """Show one hunt and its runs.

    Raises:
        ForbiddenError: another organisation asks.
        NotFoundError: there is none of this name.
    """
    alerts.require_own(view.call)
    with view.parts.store.connection() as connection:
        hunt = saved.get(connection, _name(view))
        runs = tuple(saved.runs(connection, hunt.name, limit=_RUNS))
    return render(view, "hunts/runs.html", said(Runs(hunt, runs), recipient=view.call.principal.organisation))


def act(view: View, form: Form) -> Response:
    """Run a hunt now.

    Raises:
        ForbiddenError: another organisation asks, or one that may only read.
        NotFoundError: there is none of this name.
        InputError: there is nothing of this kind to do.
    """
    alerts.admit(view.call)
    if form.one("do") != "run":
        raise InputError("there is nothing of this kind to do")
    with view.parts.store.connection() as connection:
        hunt = saved.get(connection, _name(view))
    saved_hunts.run(view.parts.store, view.parts.clearances, hunt)
    return redirect(view, f"/hunts/{hunt.name}")


def _name(view: View) -> str:
    name: str = view.request.path_params["hunt"]
    return name.replace("\0", "")[:200]
