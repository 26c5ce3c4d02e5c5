"""New versions: of one's own objects at once; of objects that others assert as a proposal."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.clock import to_text
from tocsin.errors import InputError, TocsinError
from tocsin.node.drafting import Draft
from tocsin.node.proposals import Desk
from tocsin.server.api import asking, objects, parties, writing
from tocsin.server.api.objects import Entry
from tocsin.server.pages.forms import Form, in_words
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.titles import Shown, shown
from tocsin.server.pages.view import View
from tocsin.server.respond import tag_of
from tocsin.sharing.release import Released


class Changing(msgspec.Struct, frozen=True):
    """An object under change: as it stands, the text that is edited, the version it was made from, and what is wrong with it."""

    object: Shown
    text: str
    base: str
    ours: bool
    reason: str = ""
    wrong: str = ""
    good: bool = False


def show_form(view: View) -> Response:
    """Show an object for changing.

    Raises:
        NotFoundError: there is none that the reader may know of.
    """
    found = objects.latest(view.call, asking.object_id(view.call))
    text = json.dumps(msgspec.json.decode(found.value.object), indent=2, ensure_ascii=False)
    return _answer(view, found, text, tag_of(msgspec.json.encode(found.value)))


def take(view: View, form: Form) -> Response:
    """Keep a new version, or propose it to whom the object is of; `check` only looks.

    Raises:
        NotFoundError: there is none that the reader may know of.
    """
    call, identifier = view.call, asking.object_id(view.call)
    found = objects.latest(call, identifier)
    text, base, reason = form.one("json"), form.one("base"), form.one("reason")
    try:
        body = _later(view, text)
        if form.one("do") == "check":
            into = writing.target(call, found.value.collection)
            writing.examined(call, body, into)
            return _answer(view, found, text, base, reason=reason, good=True)
        if found.value.source == call.principal.organisation:
            writing.replaced(call, identifier, body, f'"{base}"')
            return redirect(view, f"/objects/{identifier}/versions")
        draft = Draft("version", reason, body)
        Desk(view.parts.store, view.parts.clearances).propose(
            call.principal, draft, channel="page", encrypted=asking.encrypted(call)
        )
    except TocsinError as error:
        wrong = in_words(error, view.look.language)
        return _answer(view, found, text, base, reason=reason, wrong=wrong)
    return redirect(view, "/proposals")


def _later(view: View, text: str) -> bytes:
    """Return the object that a text is, as modified now unless its writer has set a later moment.

    Raises:
        InputError: it is no JSON object.
    """
    try:
        made: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no JSON: {error}"[:300]) from None
    if not isinstance(made, dict):
        raise InputError("this is no JSON object")
    if "modified" in made:
        now = to_text(view.parts.store.clock() // 1000 * 1000)[:-4] + "Z"
        made["modified"] = max(str(made["modified"]), now)
    return msgspec.json.encode(made)


def _answer(
    view: View,
    found: Released[Entry],
    text: str,
    base: str,
    *,
    reason: str = "",
    wrong: str = "",
    good: bool = False,
) -> Response:
    ours = found.value.source == view.call.principal.organisation
    this = shown(found.value, parties.names(view.call))
    made = Changing(this, text, base, ours, reason, wrong, good)
    return render(view, "write/change.html", found.derive(made), status=422 if wrong else 200)
