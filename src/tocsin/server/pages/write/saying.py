"""What one says about an object: a note, an opinion, a sighting, a relation to another. It carries the object's markings."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.errors import InputError, TocsinError
from tocsin.server.api import asking, objects, parties, writing
from tocsin.server.api.objects import Entry
from tocsin.server.pages.forms import Form, in_words
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.titles import Shown, shown
from tocsin.server.pages.view import View
from tocsin.server.pages.write.making import moment
from tocsin.sharing.release import Released

_OPINIONS = ("strongly-disagree", "disagree", "neutral", "agree", "strongly-agree")


class Saying(msgspec.Struct, frozen=True):
    """An object that something is said about, what was typed, and what is wrong with it."""

    object: Shown
    given: dict[str, str] = {}
    wrong: str = ""


def show_form(view: View) -> Response:
    """Show what can be said.

    Raises:
        NotFoundError: there is no such object that the reader may know of.
    """
    return _answer(view, objects.latest(view.call, asking.object_id(view.call)), {}, "")


def take(view: View, form: Form) -> Response:
    """Keep what was said, or show it again with what is wrong.

    Raises:
        NotFoundError: there is no such object that the reader may know of.
    """
    call, identifier = view.call, asking.object_id(view.call)
    found = objects.latest(call, identifier)
    try:
        writing.said(call, identifier, _said(view, form), form.one("collection"))
    except TocsinError as error:
        wrong = in_words(error, view.look.language)
        return _answer(view, found, {name: form.one(name) for name in form.fields}, wrong)
    return redirect(view, f"/objects/{identifier}")


def _said(view: View, form: Form) -> dict[str, Any]:
    kind = form.one("kind")
    if kind == "note":
        return {"type": "note", "content": form.one("content"), "abstract": form.one("abstract")}
    if kind == "opinion":
        return {"type": "opinion", "opinion": form.one("opinion"), "explanation": form.one("explanation")}
    if kind == "sighting":
        count = form.one("count", "1")
        if not count.isdecimal() or len(count) > 9:
            raise InputError("count: a whole number")
        return {
            "type": "sighting",
            "count": int(count),
            "first_seen": moment(form.one("first_seen")),
            "last_seen": moment(form.one("last_seen")),
            "where_sighted_refs": [view.call.principal.organisation],
        }
    raise InputError("say what it is: a note, an opinion or a sighting")


def _answer(view: View, found: Released[Entry], given: dict[str, str], wrong: str) -> Response:
    made = Saying(shown(found.value, parties.names(view.call)), given, wrong)
    return render(
        view, "write/say.html", found.derive(made), status=422 if wrong else 200, opinions=_OPINIONS
    )
