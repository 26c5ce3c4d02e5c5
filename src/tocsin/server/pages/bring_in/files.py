"""Files of intelligence: what `tocsin import` reads, with a report of what was taken and what was refused and why."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
from starlette.responses import Response

from tocsin.errors import FormatError, InputError, LimitError
from tocsin.formats import open_path
from tocsin.formats.items import Limits
from tocsin.node.importing import OnCommitted, Recorder, recorder
from tocsin.node.intake import Intake, IntakeReport
from tocsin.server.api import writing
from tocsin.server.pages.bring_in import background
from tocsin.server.pages.bring_in.runs import may_return
from tocsin.server.pages.forms import Form, Upload
from tocsin.server.pages.rendering import redirect, render, show
from tocsin.server.pages.view import View
from tocsin.server.pages.write.making import LEVELS, writable
from tocsin.server.respond import said
from tocsin.server.taxii.access import Access
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
        RequestError: 503, too many imports are under way.
    """
    uploads = form.files.get("file", [])
    if not uploads:
        raise InputError("choose a file first")
    if len(uploads) > _MOST:
        raise InputError(f"choose at most {_MOST} files")
    into = writing.target(view.call, form.one("collection"))
    level = form.one("assume")
    work = _Work(view, into, uploads, level if level in LEVELS else None)
    if not may_return(view):  # a session that is not told of imports is told of this one alone
        told = said(tuple(work.do()), recipient=view.call.principal.organisation)
        return render(view, "bring_in/taken.html", told, collection=into.collection.alias)
    background.begin(work.finish)
    one = work.recorders[0].made.id
    return redirect(view, f"/import/runs/{one}" if len(uploads) == 1 else "/import/runs")


class _Work:
    """Files on their way in. They are kept on disk until they are taken: a request may have ended long before."""

    def __init__(self, view: View, into: Access, uploads: Sequence[Upload], assumed: str | None) -> None:
        """Note that they begin."""
        call, store = view.call, view.parts.store
        self._store, self._into, self._assumed = store, into, assumed
        self._who, self._own = call.principal.organisation, call.facts.snapshot.own.id
        # as `server.bodies` has it for what is posted packed
        self._limits = Limits(unpacked_bytes=view.parts.settings.max_content_length)
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-import-")
        self._files: list[tuple[str, Path]] = []
        self.recorders: list[Recorder] = []
        for number, upload in enumerate(uploads):
            name = Path(upload.name.replace("\\", "/")).name[:_NAME] or "file"
            file = Path(self._folder.name) / str(number)
            file.write_bytes(upload.content)
            self._files.append((name, file))
            self.recorders.append(
                recorder(
                    store,
                    organisation=self._who,
                    account=call.principal.account,
                    channel="page",
                    collection=into.collection.alias,
                    name=name,
                )
            )

    def do(self) -> Iterator[Taken]:
        """Take them in, one after the other.

        Raises:
            TocsinError: one cannot be read at all, or the store is away.
        """
        intake = Intake(self._store, self._own, self._store.clock)
        with self._folder:
            for recording, (name, file) in zip(self.recorders, self._files, strict=True):
                yield Taken(name, recording.run(partial(self._one, intake, name, file)))

    def finish(self) -> None:
        """Take all of them in; one that cannot be read costs no other."""
        intake = Intake(self._store, self._own, self._store.clock)
        with self._folder:
            for recording, (name, file) in zip(self.recorders, self._files, strict=True):
                with suppress(FormatError, LimitError):  # it stands with the import
                    recording.run(partial(self._one, intake, name, file))

    def _one(self, intake: Intake, name: str, file: Path, on_committed: OnCommitted) -> IntakeReport:
        report = intake.take(
            open_path(str(file), limits=self._limits),
            collection=self._into.collection.id,
            origin=Origin(self._who, None, "page"),
            owner=self._who,
            recipients=(self._own,),
            assumed=self._assumed,
            on_committed=on_committed,
        )
        return _named(report, str(file), name)


def _named(report: IntakeReport, path: str, name: str) -> IntakeReport:
    """Return the report with the file called what its owner calls it."""
    examples = {rule: (where.replace(path, name), why) for rule, (where, why) in report.examples.items()}
    return msgspec.structs.replace(report, examples=examples)
