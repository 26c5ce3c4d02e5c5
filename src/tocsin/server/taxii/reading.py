"""Objects, manifests and versions (TAXII 2.1 sections 5.3, 5.4, 5.6, 5.8). A page is the stored bytes, joined."""

from __future__ import annotations

import json
from collections.abc import Sequence

from starlette.responses import Response

from tocsin.clock import Micros, to_text
from tocsin.errors import NotFoundError
from tocsin.server.context import Call
from tocsin.server.respond import STIX, respond
from tocsin.server.taxii import query
from tocsin.server.taxii.access import one
from tocsin.sharing.release import Released
from tocsin.store import pages
from tocsin.store.values import Page, PageQuery, Records

_ALL = {"id", "type", "version", "spec_version"}


def objects(call: Call) -> Response:
    """Section 5.4: objects of a collection."""
    access = one(call, read=True)
    return _page(call, query.read(call.request, access.collection.id, allowed=_ALL, page_size=_size(call)))


def object_by_id(call: Call) -> Response:
    """Section 5.6: the versions of one object.

    Raises:
        NotFoundError: there is none that this reader may know of.
    """
    return _page(call, _for_one(call, {"version", "spec_version"}))


def manifest(call: Call) -> Response:
    """Section 5.3: what is there, without the objects."""
    access = one(call, read=True)
    wanted = query.read(call.request, access.collection.id, allowed=_ALL, page_size=_size(call))
    found = _records(call, wanted)
    listed = [
        {"id": r.id, "date_added": to_text(r.added), "version": version_text(r.version), "media_type": STIX}
        for r in found.value.records
    ]
    return _respond_listing(call, "objects", listed, found)


def versions(call: Call) -> Response:
    """Section 5.8: which versions of one object there are.

    Raises:
        NotFoundError: there is none that this reader may know of.
    """
    wanted = _for_one(call, {"spec_version"})
    found = _records(call, _all_versions(wanted))
    return _respond_listing(call, "versions", [version_text(r.version) for r in found.value.records], found)


def version_text(at: Micros) -> str:
    """Return a version as STIX writes it: three digits, or six where that would lose something."""
    text = to_text(at)
    return f"{text[:-4]}Z" if text.endswith("000Z") else text


def _for_one(call: Call, allowed: set[str]) -> PageQuery:
    access = one(call, read=True)
    object_id = call.request.path_params["object"]
    wanted = query.read(
        call.request, access.collection.id, allowed=allowed, page_size=_size(call), object_id=object_id
    )
    everything = PageQuery(collection=access.collection.id, ids=(object_id,), versions=("all",), limit=1)
    if not _records(call, everything).value.records:
        raise NotFoundError("no such object")
    return wanted


def _all_versions(wanted: PageQuery) -> PageQuery:
    return PageQuery(
        collection=wanted.collection,
        after=wanted.after,
        limit=wanted.limit,
        ids=wanted.ids,
        versions=("all",),
        spec_versions=wanted.spec_versions,
    )


def _size(call: Call) -> int:
    return call.parts.settings.page_size


def _page(call: Call, wanted: PageQuery) -> Response:
    store = call.parts.store
    released = call.parts.clearances.ask(call.principal.organisation, lambda c: pages.page(store, wanted, c))
    page = released.value
    if not page.count:
        return respond(call.request, released.derive(b"{}"))
    return respond(call.request, released.derive(_envelope(page)), headers=_dates(page.first, page.last))


def _envelope(page: Page) -> bytes:
    head = (
        b'{"more":true,"next":"%b","objects":[' % query.next_token(page.last).encode()
        if page.more
        else b'{"objects":['
    )
    return b"".join((head, page.body, b"]}"))


def _records(call: Call, wanted: PageQuery) -> Released[Records]:
    store = call.parts.store
    return call.parts.clearances.ask(call.principal.organisation, lambda c: pages.records(store, wanted, c))


def _respond_listing(call: Call, name: str, listed: Sequence[object], found: Released[Records]) -> Response:
    document: dict[str, object] = {}
    headers = {}
    if records := found.value.records:
        if found.value.more:
            document |= {"more": True, "next": query.next_token(records[-1].added)}
        document[name] = listed
        headers = _dates(records[0].added, records[-1].added)
    body = json.dumps(document, separators=(",", ":")).encode()
    return respond(call.request, found.derive(body), headers=headers)


def _dates(first: Micros, last: Micros) -> dict[str, str]:
    return {"X-TAXII-Date-Added-First": to_text(first), "X-TAXII-Date-Added-Last": to_text(last)}
