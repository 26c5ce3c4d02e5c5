"""Texts: indicators are taken from what is pasted, looked at in a table, marked, and kept with where they came from."""

from __future__ import annotations

import uuid

import msgspec
from starlette.responses import Response

from tocsin.clock import to_text
from tocsin.errors import InputError
from tocsin.matching.values import classify
from tocsin.node import known_lists
from tocsin.node.extracting import Extracted, extract, pattern_of
from tocsin.node.importing import recorder
from tocsin.server.api import writing
from tocsin.server.pages.bring_in.files import Taken
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import render, show
from tocsin.server.pages.view import View
from tocsin.server.pages.write.making import LEVELS, writable
from tocsin.server.respond import said
from tocsin.stix.markings import id_of

_MOST = 2000


class Review(msgspec.Struct, frozen=True):
    """Values found in a text, before anything is kept."""

    found: tuple[Extracted, ...]


def review(view: View, form: Form) -> Response:
    """Show the indicators in a text or a text file."""
    text = form.one("text") or "\n".join(
        upload.content.decode("utf-8", "replace") for upload in form.files.get("file", [])
    )
    if not text.strip():
        return show(
            view, "bring_in/import.html", status=422, writable=writable(view), levels=tuple(LEVELS), wrong="empty", text=""
        )  # fmt: skip
    found = extract(text.replace("\0", " "), known_lists.lists(view.parts.store))
    told = said(Review(found), recipient=view.call.principal.organisation)
    return render(view, "bring_in/review.html", told, writable=writable(view), source=form.one("source"))


def keep(view: View, form: Form) -> Response:
    """Keep the values that a person has chosen, as indicators.

    Raises:
        InputError: none was chosen, too many were, or one is none.
        NotFoundError, ForbiddenError: the person may not write to the collection.
    """
    chosen = form.many("value")
    if not 0 < len(chosen) <= _MOST:
        raise InputError(f"choose 1 to {_MOST:,} values")
    into = writing.target(view.call, form.one("collection"))
    level = LEVELS.get(form.one("tlp"))
    if level is None:
        raise InputError("say how they are marked")
    bodies = [_indicator(view, text, form, id_of(level)) for text in dict.fromkeys(chosen)]
    who = view.call.principal
    recording = recorder(
        view.parts.store,
        organisation=who.organisation,
        account=who.account,
        channel="page",
        collection=into.collection.alias,
        name=form.one("source") or "text",
    )
    report = recording.run(
        lambda on_committed: writing.added_together(view.call, bodies, into, on_committed=on_committed)
    )
    told = said((Taken(form.one("source") or "text", report),), recipient=view.call.principal.organisation)
    return render(view, "bring_in/taken.html", told, collection=into.collection.alias)


def _indicator(view: View, text: str, form: Form, marking: str) -> bytes:
    value = classify(text)
    now = to_text(view.parts.store.clock() // 1000 * 1000)[:-4] + "Z"
    made = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid4()}",
        "created_by_ref": view.call.principal.organisation,
        "created": now,
        "modified": now,
        "name": value.text,
        "pattern": pattern_of(value.kind, value.text),
        "pattern_type": "stix",
        "valid_from": now,
        "object_marking_refs": [marking],
    }
    if source := form.one("source"):
        made["description"] = source[:2000]
    return msgspec.json.encode(made)
