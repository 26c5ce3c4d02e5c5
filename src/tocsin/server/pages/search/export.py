"""What a search finds, as a file: a STIX bundle, a table, or the values alone. The same objects as on the page, and no other."""

from __future__ import annotations

import csv
import hashlib
import io
import uuid
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.errors import NotFoundError
from tocsin.server.api import asking, objects, parties
from tocsin.server.api.objects import Entry
from tocsin.server.api.searching import Text
from tocsin.server.pages.titles import shown
from tocsin.server.pages.view import View
from tocsin.server.respond import respond
from tocsin.sharing.release import Released
from tocsin.store.search.query import parse

MOST = 5000
"""Objects in one file; for more there is TAXII."""
_AT_ONCE = 500
_BUNDLES = uuid.UUID("6b0f4a0e-5d0e-4d5e-9d3b-1f6f0c8a7e21")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Wanted(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What, and as what."""

    q: Text = ""
    format: Annotated[str, Meta(max_length=10)] = "stix"


def download(view: View) -> Response:
    """Return what is found as a file.

    Raises:
        NotFoundError: there is no such format.
        InputError: the query cannot be read.
    """
    given = asking.parameters(view.call, Wanted)
    if given.format not in _WRITERS:
        raise NotFoundError(f"no format {given.format!r}", hint=f"one of {', '.join(_WRITERS)}")
    write, media_type, ending = _WRITERS[given.format]
    found = _gathered(view, given.q)
    view.call.rested_on(found)
    name = f'attachment; filename="tocsin-search.{ending}"'
    released = found.derive(write(found.value, parties.names(view.call)))
    headers = {"Content-Disposition": name, "Cache-Control": "private, no-store", "Vary": "Cookie"}
    return respond(view.request, released, media_type=media_type, headers=headers)


def _gathered(view: View, text: str) -> Released[list[Entry]]:
    query, beyond = parse(text), None
    gathered: list[Entry] = []
    while True:
        found = objects.find(view.call, query, _AT_ONCE, beyond)
        page = objects.entries(view.call, found.value)
        gathered += page.items
        if page.next is None or len(gathered) >= MOST:
            return found.derive(gathered[:MOST])
        beyond = asking.read_token(page.next)


def _bundle(entries: Sequence[Entry], _names: dict[str, str]) -> bytes:
    parts = [bytes(entry.object) for entry in entries]
    # of what is in it: the same file twice is the same file
    identifier = f"bundle--{uuid.uuid5(_BUNDLES, hashlib.sha256(b','.join(parts)).hexdigest())}"
    return b'{"type":"bundle","id":"%s","objects":[%s]}' % (identifier.encode(), b",".join(parts))


def _table(entries: Sequence[Entry], names: dict[str, str]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("id", "type", "title", "tlp", "source", "collection", "added", "modified", "pattern"))
    for entry in entries:
        each = shown(entry, names)
        pattern = str(each.properties.get("pattern", ""))
        row = (
            each.id,
            each.type,
            each.title,
            each.tlp,
            each.source,
            each.collection,
            each.added,
            each.modified,
            pattern,
        )
        rows.writerow(map(harmless, row))
    return text.getvalue().encode()


def _values(entries: Sequence[Entry], _names: dict[str, str]) -> bytes:
    found = (msgspec.json.decode(entry.object, type=_Valued).value for entry in entries)
    lines = dict.fromkeys(each for each in found if each and "\n" not in each and "\r" not in each)
    return "".join(f"{each}\n" for each in lines).encode()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


class _Valued(msgspec.Struct):
    value: str = ""


_Writer = Callable[[Sequence[Entry], dict[str, str]], bytes]
_WRITERS: dict[str, tuple[_Writer, str, str]] = {
    "stix": (_bundle, "application/stix+json;version=2.1", "json"),
    "csv": (_table, "text/csv; charset=utf-8", "csv"),
    "values": (_values, "text/plain; charset=utf-8", "txt"),
}
