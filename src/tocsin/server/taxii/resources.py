"""Discovery, API root, status and collections (TAXII 2.1 sections 4, 5.1 and 5.2)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.responses import Response

from tocsin.errors import NotFoundError
from tocsin.server.context import Call
from tocsin.server.respond import STIX, TAXII, describe, echo, respond
from tocsin.server.taxii.access import Access, listed, one
from tocsin.store import postings

ROOT = "node"


def discovery(call: Call) -> Response:
    """Section 4.1."""
    root = _root_url(call)
    title = f"Tocsin node of {call.facts.snapshot.own.name}"
    return respond(call.request, describe({"title": title, "default": root, "api_roots": [root]}))


def api_root(call: Call) -> Response:
    """Section 4.2."""
    document = {
        "title": f"Tocsin node of {call.facts.snapshot.own.name}",
        "versions": [TAXII],
        "max_content_length": call.parts.settings.max_content_length,
        # a custom property (section 7.1): dates added are unique and rise in the order in which objects become visible
        "x_tocsin_exact_cursor": True,
    }
    return respond(call.request, describe(document))


def status(call: Call) -> Response:
    """Section 4.3.

    Raises:
        NotFoundError: there is none, or another organisation posted.
    """
    try:
        identifier = UUID(call.request.path_params["status"])
    except ValueError:
        raise NotFoundError("no such status") from None
    with call.parts.store.connection() as connection:
        found = postings.get(connection, identifier, call.principal.organisation)
    return respond(call.request, echo(found, recipient=call.principal.organisation))


def collections(call: Call) -> Response:
    """Section 5.1."""
    found = [_resource(access) for access in listed(call)]
    return respond(call.request, describe({"collections": found} if found else {}))


def collection(call: Call) -> Response:
    """Section 5.2."""
    return respond(call.request, describe(_resource(one(call))))


def _root_url(call: Call) -> str:
    """Return the address of the API root: absolute must be HTTPS (section 4.1.1), anything else is relative."""
    path = f"/taxii2/{ROOT}/"
    public = call.parts.settings.public_url.rstrip("/")
    return f"{public}{path}" if public.startswith("https://") else path


def _resource(access: Access) -> dict[str, Any]:
    collection = access.collection
    resource: dict[str, Any] = {"id": str(collection.id), "title": collection.title}
    if collection.description:
        resource["description"] = collection.description
    return resource | {
        "alias": collection.alias,
        "can_read": access.can_read,
        "can_write": access.can_write,
        "media_types": [STIX],
    }
