"""Files of intelligence: what `tocsin import` reads, with a report of what was taken and what was refused and why."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
from starlette.responses import Response

from tocsin.errors import InputError
from tocsin.formats import open_path
from tocsin.formats.items import Limits
from tocsin.node.intake import Intake, IntakeReport
from tocsin.server.api import writing
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import render, show
from tocsin.server.pages.view import View
from tocsin.server.pages.write.making import LEVELS, writable
from tocsin.server.respond import said
from tocsin.store.values import Origin

LIMIT = 100 * 1024 * 1024
_NAME = 100
_MOST = 20


class Taken(msgspec.Struct, frozen=True):
    """What became of one file; `name` is what the browser called it."""

    name: str
    report: IntakeReport


def show_form(view: View) -> Response:
    """Show what can be brought in."""
    return show(
        view, "bring_in/import.html", writable=writable(view), levels=tuple(LEVELS), wrong="", text=""
    )


def take(view: View, form: Form) -> Response:
    """Take files in.

    Raises:
        InputError: there is no file, or too many.
        NotFoundError, ForbiddenError: the person may not write to the collection.
    """
    uploads = form.files.get("file", [])
    if not uploads:
        raise InputError("choose a file first")
    if len(uploads) > _MOST:
        raise InputError(f"choose at most {_MOST} files")
    into = writing.target(view.call, form.one("collection"))
    level = form.one("assume")
    who = view.call.principal.organisation
    intake = Intake(view.parts.store, view.call.facts.snapshot.own.id, view.parts.store.clock)
    # as `server.bodies` has it for what is posted packed
    limits = Limits(unpacked_bytes=view.parts.settings.max_content_length)
    taken = []
    for upload in uploads:
        name = Path(upload.name.replace("\\", "/")).name[:_NAME] or "file"
        with tempfile.TemporaryDirectory(prefix="tocsin-import-") as folder:
            file = Path(folder) / "upload"
            file.write_bytes(upload.content)
            report = intake.take(
                open_path(str(file), limits=limits),
                collection=into.collection.id,
                origin=Origin(who, None, "page"),
                owner=who,
                recipients=(view.call.facts.snapshot.own.id,),
                assumed=level if level in LEVELS else None,
            )
        taken.append(Taken(name, _named(report, str(file), name)))
    told = said(tuple(taken), recipient=who)
    return render(view, "bring_in/taken.html", told, collection=into.collection.alias)


def _named(report: IntakeReport, path: str, name: str) -> IntakeReport:
    """Return the report with the file called what its owner calls it."""
    examples = {rule: (where.replace(path, name), why) for rule, (where, why) in report.examples.items()}
    return msgspec.structs.replace(report, examples=examples)
