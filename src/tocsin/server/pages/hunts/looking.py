"""A log that somebody pastes or drops, against everything that may be matched. Nothing of it is kept, and no sighting is written."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
from starlette.responses import Response

from tocsin.errors import InputError
from tocsin.formats.items import Limits
from tocsin.node import following
from tocsin.node.hits import Hit, Options
from tocsin.node.hunt import Hunt
from tocsin.node.logs import Reading
from tocsin.server.api import alerts
from tocsin.server.pages.forms import Form
from tocsin.server.pages.hunts import turns
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View

LIMIT = 64 * 1024 * 1024
UNPACKED = Limits(unpacked_bytes=1024 * 1024 * 1024)
"""What a log may unpack to: a small file can stand for more than a thread gets through in hours."""
_SHOWN = 500
_NAME = 100


class Looked(msgspec.Struct, frozen=True):
    """What was found in a log: raised or flagged hits as far as they are shown, and counts of all."""

    name: str
    hits: tuple[Hit, ...]
    raised: int
    flagged: int
    lines: int
    size: int
    indicators: int
    formats: dict[str, int]
    malformed: int
    faults: tuple[tuple[str, str], ...]


def look(view: View, form: Form) -> Response:
    """Hunt in a log.

    Raises:
        ForbiddenError: another organisation asks.
        InputError: there is no log.
        RequestError: 503, another hunt is under way.
    """
    alerts.require_own(view.call)
    upload = next(iter(form.files.get("file", [])), None)
    content = upload.content if upload is not None else form.one("text").encode()
    if not content.strip():
        raise InputError("paste a log, or choose a file")
    name = Path(upload.name.replace("\\", "/")).name[:_NAME] if upload is not None else "pasted"
    parts = view.parts
    with turns.taken(), tempfile.TemporaryDirectory(prefix="tocsin-hunt-") as folder:
        known = following.load(parts.store, parts.clearances, ceiling=view.call.principal.ceiling)
        hunt = Hunt(known.value, now=parts.store.clock(), options=Options(reading=Reading(limits=UNPACKED)))
        file = Path(folder) / "log"
        file.write_bytes(content)
        hits = [msgspec.structs.replace(hit, file=name) for hit in _first(hunt, str(file))]
    report = hunt.report
    made = Looked(
        name, tuple(hits), report.hits, report.flagged, report.lines, len(content), known.value.indicators,
        dict(report.formats), report.malformed, tuple((name, why) for _, why in report.faults),
    )  # fmt: skip
    return render(view, "hunts/looked.html", known.derive(made))


def _first(hunt: Hunt, path: str) -> list[Hit]:
    """Return the first hits; all are counted."""
    kept: list[Hit] = []
    for hit in hunt.run([path]):
        if len(kept) < _SHOWN:
            kept.append(hit)
    return kept
