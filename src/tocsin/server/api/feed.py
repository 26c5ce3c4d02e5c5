"""What a search finds, newest first, as a feed that any reader of feeds follows (RFC 4287, Atom).

Readers sign in with HTTP Basic: the name of an account and one of its tokens. An entry says what a list says; the object itself is at its link.
"""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.server.api import asking, objects, parties
from tocsin.server.api.objects import Entry
from tocsin.server.api.operation import ROOT
from tocsin.server.api.searching import Text
from tocsin.server.context import Call
from tocsin.server.pages.titles import shown
from tocsin.server.respond import respond
from tocsin.store.search.query import parse

PATH = f"{ROOT}/search/feed"
MEDIA = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_IDS = uuid.UUID("5b8f0c52-3c1d-4d0c-9a55-0d4a4d2c6b17")
_NEVER = "1970-01-01T00:00:00Z"
_SUMMARY = 1000
# XML 1.0 section 2.2 has no place for these, whatever they are escaped as
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Feeding(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is followed."""

    q: Text = ""
    limit: Annotated[int, Meta(ge=1, le=200, description="Most entries.")] = 50


def feed(call: Call) -> Response:
    """Return what a search finds as a feed.

    Raises:
        InputError: the query cannot be read.
    """
    given = asking.parameters(call, Feeding)
    found = objects.find(call, parse(given.q), given.limit, None)
    page = objects.entries(call, found.value)
    call.rested_on(found)
    text = _written(given, page.items, parties.names(call), _root(call))
    return respond(call.request, found.derive(text), media_type=f"{MEDIA}; charset=utf-8")


def address(root: str, query: str) -> str:
    """Return where the feed of a query is, of a node whose pages are below `root`."""
    return f"{root}{PATH}?{urlencode({'q': query})}"


def _root(call: Call) -> str:
    return call.parts.settings.public_url.rstrip("/") or str(call.request.base_url).rstrip("/")


def _written(given: Feeding, items: tuple[Entry, ...], names: dict[str, str], root: str) -> bytes:
    here = address(root, given.q)
    top = ET.Element("feed", {"xmlns": _ATOM})
    _say(top, "id", uuid.uuid5(_IDS, here).urn)
    _say(top, "title", f"Tocsin: {given.q}" if given.q.strip() else "Tocsin")
    _say(top, "updated", max((each.added for each in items), default=_NEVER))
    ET.SubElement(top, "link", {"rel": "self", "type": MEDIA, "href": _clean(here)})
    page = f"{root}/search?{urlencode({'q': given.q})}"
    ET.SubElement(top, "link", {"rel": "alternate", "type": "text/html", "href": _clean(page)})
    for each in items:
        _add(top, each, names, root)
    written: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return written


def _add(top: ET.Element, found: Entry, names: dict[str, str], root: str) -> None:
    """Write an entry. Versions of one object share an id, so that a reader of feeds shows the newest."""
    this = shown(found, names)
    entry = ET.SubElement(top, "entry")
    _say(entry, "id", uuid.uuid5(_IDS, this.id).urn)
    _say(entry, "title", this.title)
    _say(entry, "updated", this.added)
    _say(ET.SubElement(entry, "author"), "name", this.source or "not told")
    link = f"{root}/objects/{quote(this.id, safe='')}"
    ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": link})
    ET.SubElement(entry, "category", {"term": _clean(this.type), "label": "type"})
    ET.SubElement(
        entry, "category", {"term": f"TLP:{this.tlp.upper()}" if this.tlp else "no TLP", "label": "marking"}
    )
    _say(entry, "summary", _summary(this.properties))


def _summary(properties: dict[str, Any]) -> str:
    said = (properties.get(name) for name in ("description", "pattern", "content", "explanation"))
    return next((text[:_SUMMARY] for text in said if isinstance(text, str) and text.strip()), "")


def _say(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _clean(text)


def _clean(text: str) -> str:
    return _NO_XML.sub("�", text)
