"""Discovery, API root, collections and status (TAXII 2.1 sections 4 and 5.1, 5.2)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.responses import Response

from tocsin.errors import NotFoundError
from tocsin.server.context import Call
from tocsin.server.respond import STIX, TAXII, describe, respond
from tocsin.server.taxii.access import Access, listed, one
from tocsin.store import postings

ROOT = "node"


def base_url(call: Call) -> str:
    """Return the address under which the client reaches this node."""
    return (call.parts.settings.public_url or str(call.request.base_url)).rstrip("/")


def discovery(call: Call) -> Response:
    """Section 4.1."""
    own = call.parts.clearances.snapshot.own
    root = f"{base_url(call)}/taxii2/{ROOT}/"
    return respond(
        call.request,
        describe({"title": f"Tocsin node of {own.name}", "default": root, "api_roots": [root]}),
    )


def api_root(call: Call) -> Response:
    """Section 4.2."""
    return respond(
        call.request,
        describe(
            {
                "title": f"Tocsin node of {call.parts.clearances.snapshot.own.name}",
                "versions": [TAXII],
                "max_content_length": call.parts.settings.max_content_length,
                # a custom property (section 7.1): dates added are unique and rise in the order objects become visible
                "x_tocsin_exact_cursor": True,
            }
        ),
    )


def status(call: Call) -> Response:
    """Section 4.3."""
    try:
        identifier = UUID(call.request.path_params["status"])
    except ValueError:
        raise NotFoundError("no such status") from None
    with call.parts.store.connection() as connection:
        found = postings.get(connection, identifier, call.principal.organisation)
    return respond(call.request, describe(found))


def collections(call: Call) -> Response:
    """Section 5.1."""
    found = [_resource(access) for access in listed(call)]
    return respond(call.request, describe({"collections": found} if found else {}))


def collection(call: Call) -> Response:
    """Section 5.2."""
    return respond(call.request, describe(_resource(one(call))))


def _resource(access: Access) -> dict[str, Any]:
    collection = access.collection
    resource: dict[str, Any] = {
        "id": str(collection.id),
        "title": collection.title,
        "alias": collection.alias,
        "can_read": access.can_read,
        "can_write": access.can_write,
        "media_types": [STIX],
    }
    if collection.description:
        resource["description"] = collection.description
    return resource
