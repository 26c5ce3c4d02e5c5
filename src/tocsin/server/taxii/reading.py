"""Objects, manifests and versions (TAXII 2.1 sections 5.3, 5.4, 5.6, 5.8). A page is the stored bytes, joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

import msgspec
from starlette.responses import Response

from tocsin.clock import Micros, to_text
from tocsin.errors import NotFoundError
from tocsin.server.context import Call
from tocsin.server.respond import STIX, respond
from tocsin.server.taxii import query
from tocsin.server.taxii.access import one
from tocsin.sharing.release import Clearance, Released
from tocsin.store import Store, pages
from tocsin.store.values import Page, PageQuery, Records, Stale

T = TypeVar("T")


class _Listed(msgspec.Struct, frozen=True, gc=False):
    """A manifest record (section 5.3.1)."""

    id: str
    date_added: str
    version: str
    media_type: str


def objects(call: Call) -> Response:
    """Section 5.4: objects of a collection."""
    wanted = _of_collection(call)
    return _respond_page(call, wanted, _page(call, wanted))


def object_by_id(call: Call) -> Response:
    """Section 5.6: the versions of one object.

    Raises:
        NotFoundError: there is none that this reader may know of.
    """
    wanted = _of_object(call, query.OF_OBJECT)
    found = _page(call, wanted)
    if not found.value.count:
        _require_known(call, wanted)
    return _respond_page(call, wanted, found)


def manifest(call: Call) -> Response:
    """Section 5.3: what is there, without the objects."""
    wanted = _of_collection(call)
    found = records(call, wanted)
    listed = [_Listed(r.id, to_text(r.added), version_text(r.version), STIX) for r in found.value.records]
    return _respond_listing(call, wanted, found, "objects", listed)


def versions(call: Call) -> Response:
    """Section 5.8: which versions of one object there are.

    Raises:
        NotFoundError: there is none that this reader may know of.
    """
    wanted = msgspec.structs.replace(_of_object(call, query.OF_VERSIONS), versions=("all",))
    found = records(call, wanted)
    if not found.value.records:
        _require_known(call, wanted)
    listed = [version_text(r.version) for r in found.value.records]
    return _respond_listing(call, wanted, found, "versions", listed)


def version_text(at: Micros) -> str:
    """Return a version as STIX writes it: three digits, or six where that would lose something."""
    text = to_text(at)
    return f"{text[:-4]}Z" if text.endswith("000Z") else text


def records(call: Call, wanted: PageQuery) -> Released[Records]:
    """Return the records of a selection that the principal's organisation may have."""
    return _ask(call, lambda store, clearance: pages.records(store, wanted, clearance))


def _page(call: Call, wanted: PageQuery) -> Released[Page]:
    return _ask(call, lambda store, clearance: pages.page(store, wanted, clearance))


def _ask(call: Call, question: Callable[[Store, Clearance], Released[T] | Stale]) -> Released[T]:
    """Ask the store under what the principal's organisation may have over this channel."""
    store = call.parts.store
    released = call.parts.clearances.ask(
        call.principal.organisation,
        lambda clearance: question(store, clearance),
        encrypted=call.request.url.scheme == "https",
        ceiling=call.principal.ceiling,
    )
    call.rested_on(released)
    return released


def _of_collection(call: Call) -> PageQuery:
    access = one(call, read=True)
    size = call.parts.settings.page_size
    return query.read(call.request, access.collection.id, fields=query.OF_COLLECTION, page_size=size)


def _of_object(call: Call, fields: AbstractSet[str]) -> PageQuery:
    access = one(call, read=True)
    size = call.parts.settings.page_size
    return query.read(
        call.request, access.collection.id, fields=fields, page_size=size, object_id=object_id(call)
    )


def object_id(call: Call) -> str:
    """Return the STIX id that the path names.

    Raises:
        NotFoundError: it cannot be one.
    """
    found: str = call.request.path_params["object"]
    if "\0" in found:
        raise NotFoundError("no such object")
    return found


def _require_known(call: Call, wanted: PageQuery) -> None:
    """Tell an empty selection (200) from an object that is not there, or not for this reader (404)."""
    anything = PageQuery(collection=wanted.collection, ids=wanted.ids, versions=("all",), limit=1)
    if not records(call, anything).value.records:
        raise NotFoundError("no such object")


def _respond_page(call: Call, wanted: PageQuery, released: Released[Page]) -> Response:
    page = released.value
    call.handed(*page.cursors)
    if not page.count:
        return respond(call.request, released.derive(b"{}"), headers=_nothing_after(wanted))
    head = b'{"objects":['
    if page.more:
        head = b'{"more":true,"next":"%b","objects":[' % query.next_token(page.last).encode()
    body = b"".join((head, page.body, b"]}"))
    return respond(call.request, released.derive(body), headers=_dates(page.first, page.last))


def _respond_listing(
    call: Call, wanted: PageQuery, found: Released[Records], name: str, listed: Sequence[object]
) -> Response:
    document: dict[str, object] = {}
    headers = _nothing_after(wanted)
    if listed:
        kept = found.value.records
        headers = _dates(kept[0].added, kept[-1].added)
        if found.value.more:
            document |= {"more": True, "next": query.next_token(kept[-1].added)}
        document[name] = listed
    return respond(call.request, found.derive(msgspec.json.encode(document)), headers=headers)


def _dates(first: Micros, last: Micros) -> dict[str, str]:
    return {"X-TAXII-Date-Added-First": to_text(first), "X-TAXII-Date-Added-Last": to_text(last)}


def _nothing_after(wanted: PageQuery) -> dict[str, str]:
    """Return the dates of an empty page, which section 3.2 wants too: where the client stands, so that it stays there."""
    return _dates(max(wanted.after, 0), max(wanted.after, 0))
