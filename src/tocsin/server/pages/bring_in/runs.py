"""Imports under way and of before: one can leave them and come back."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.errors import ForbiddenError
from tocsin.server.api import asking
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.sharing.release import Released
from tocsin.store import imports
from tocsin.store.imports import Import

MOST = 50
_SILENT: Final[Micros] = 600_000_000
"""One that was not heard of for so long was broken off."""


class Run(msgspec.Struct, frozen=True):
    """An import and its state: "running", "broken" (off), "failed" or "done"."""

    made: Import
    state: str


class Runs(msgspec.Struct, frozen=True):
    """Imports, newest first. `since`: the last that is known of them."""

    items: tuple[Run, ...]
    since: str


def show_runs(view: View) -> Response:
    """Show the imports of the reader's organisation.

    Raises:
        ForbiddenError: the session has a ceiling.
    """
    return _answer(view, "bring_in/runs.html", _found(view, ""))


def show_run(view: View) -> Response:
    """Show one import of the reader's organisation.

    Raises:
        ForbiddenError: the session has a ceiling.
        NotFoundError: there is none of this id.
    """
    return _answer(view, "bring_in/run.html", _found(view, view.request.path_params["run"]))


def moved(view: View, identifier: str, beyond: Micros) -> Released[tuple[int, bool]]:
    """Return how many imports of the reader's organisation, or 1 for that of an id, were heard of after a moment (µs).

    Raises:
        ForbiddenError: the session has a ceiling.
        NotFoundError: there is none of this id.
    """
    count = sum(each.moved > beyond for each in _found(view, identifier))
    return said((count, False), recipient=view.call.principal.organisation)


def _found(view: View, identifier: str) -> list[Import]:
    """Return the import of an id, or for "" the newest ones, of the reader's organisation."""
    _require_all(view)
    whose = view.call.principal.organisation
    with view.parts.store.connection() as connection:
        if identifier:
            return [imports.get(connection, identifier, whose)]
        return imports.newest(connection, whose, limit=MOST)


def _answer(view: View, template: str, found: list[Import]) -> Response:
    told = in_order(found, view.parts.store.clock())
    return render(view, template, said(told, recipient=view.call.principal.organisation))


def in_order(found: list[Import], now: Micros) -> Runs:
    """Return imports with their states at a moment (µs)."""
    items = tuple(Run(each, _state(each, now)) for each in found)
    return Runs(items, asking.next_token(max((each.moved for each in found), default=1)))


def may_return(view: View) -> bool:
    """Return whether imports are told to a session: their reports name what is in them, whatever its marking."""
    return not view.call.principal.ceiling


def _require_all(view: View) -> None:
    if not may_return(view):
        raise ForbiddenError("imports are not for sessions with a ceiling")


def _state(made: Import, now: Micros) -> str:
    if made.ended is None:
        return "running" if now - made.moved < _SILENT else "broken"
    return "failed" if "failed" in made.report else "done"
