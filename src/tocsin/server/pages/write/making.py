"""New objects: an indicator, a report, a relation, or any object as JSON."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.clock import to_text
from tocsin.errors import InputError, NotFoundError, TocsinError
from tocsin.matching.values import classify
from tocsin.node.extracting import pattern_of
from tocsin.server.api import writing
from tocsin.server.pages.forms import Form, in_words
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View
from tocsin.server.taxii.access import listed
from tocsin.stix.markings import TLP, id_of

LEVELS = {
    "clear": TLP.CLEAR,
    "green": TLP.GREEN,
    "amber": TLP.AMBER,
    "amber+strict": TLP.AMBER_STRICT,
    "red": TLP.RED,
}
_KINDS = ("indicator", "report", "relation", "json")


def show_kinds(view: View) -> Response:
    """Show what can be written."""
    return show(view, "write/kinds.html", kinds=_KINDS, writable=writable(view))


def show_form(view: View) -> Response:
    """Show an empty form.

    Raises:
        NotFoundError: there is no such form.
    """
    given = {name: value[:2000] for name, value in view.request.query_params.items()}
    return _form(view, _kind(view), given, "")


def take(view: View, form: Form) -> Response:
    """Keep what was written, or show it again with what is wrong; `check` only looks.

    Raises:
        NotFoundError: there is no such form.
    """
    kind = _kind(view)
    fields = {name: "\n".join(values) for name, values in form.fields.items()}
    try:
        body = _body(view, kind, form)
        into = writing.target(view.call, form.one("collection"))
        if form.one("do") == "check":
            writing.examined(view.call, body, into)
            return _form(view, kind, fields, "", good=True)
        kept = writing.added(view.call, body, into)
    except TocsinError as error:
        return _form(view, kind, fields, in_words(error, view.look.language))
    return redirect(view, f"/objects/{kept.id}")


def writable(view: View) -> list[str]:
    """Return the aliases of the collections that the person may write to."""
    return [access.collection.alias for access in listed(view.call) if access.can_write]


def _kind(view: View) -> str:
    kind: str = view.request.path_params["kind"]
    if kind not in _KINDS:
        raise NotFoundError("there is nothing of this kind to write")
    return kind


def _form(view: View, kind: str, given: dict[str, str], wrong: str, *, good: bool = False) -> Response:
    status = 422 if wrong else 200
    return show(
        view, f"write/{kind}.html", status=status, given=given, wrong=wrong, good=good, levels=tuple(LEVELS), writable=writable(view)
    )  # fmt: skip


def _body(view: View, kind: str, form: Form) -> bytes:
    if kind == "json":
        return form.one("json").encode()
    now = to_text(view.parts.store.clock() // 1000 * 1000)[:-4] + "Z"
    type_ = {"relation": "relationship"}.get(kind, kind)
    made: dict[str, Any] = {
        "type": type_,
        "spec_version": "2.1",
        "id": f"{type_}--{uuid.uuid4()}",
        "created_by_ref": view.call.principal.organisation,
        "created": now,
        "modified": now,
    }
    said = {"indicator": _indicator, "report": _report, "relation": _relation}[kind](form, now)
    made |= {name: value for name, value in said.items() if value not in ("", [], None)}
    if (level := form.one("tlp")) in LEVELS:
        made["object_marking_refs"] = [id_of(LEVELS[level])]
    if (confidence := form.one("confidence")) != "":
        if not confidence.isdecimal() or int(confidence[:9]) > 100:
            raise InputError("confidence: a whole number from 0 to 100")
        made["confidence"] = int(confidence)
    return msgspec.json.encode(made)


def _indicator(form: Form, now: str) -> dict[str, Any]:
    pattern = form.one("pattern")
    if not pattern and (value := form.one("value")):
        found = classify(value)
        pattern = pattern_of(found.kind, found.text)
    return {
        "name": form.one("name"),
        "description": form.one("description"),
        "indicator_types": form.many("indicator_types"),
        "labels": _words(form.one("labels")),
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": moment(form.one("valid_from")) or now,
        "valid_until": moment(form.one("valid_until")),
    }


def _report(form: Form, now: str) -> dict[str, Any]:
    return {
        "name": form.one("name"),
        "description": form.one("description"),
        "report_types": form.many("report_types"),
        "published": moment(form.one("published")) or now,
        "object_refs": form.one("object_refs").split(),
    }


def _relation(form: Form, _now: str) -> dict[str, Any]:
    return {
        "relationship_type": form.one("relationship_type"),
        "source_ref": form.one("source_ref"),
        "target_ref": form.one("target_ref"),
        "description": form.one("description"),
    }


def moment(text: str) -> str:
    """Return a date, or a date and a time, as a form gives it, as STIX has it (UTC)."""
    if not text:
        return ""
    whole = text if "T" in text else f"{text}T00:00"
    return whole if whole.endswith("Z") else f"{whole}{':00' if whole.count(':') == 1 else ''}Z"


def _words(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
