"""All routes in one table: path, method, handler, and what the journal calls it. Routes without a principal stand in `OPEN`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from tocsin.server import claim, health, well_known
from tocsin.server.api import table
from tocsin.server.context import BodyHandler, Call, Gate, Handler, Parts
from tocsin.server.taxii import reading, resources, writing

OpenHandler = Callable[[Parts, Request, bytes], Response]
_ROOT = f"/taxii2/{resources.ROOT}"
_COLLECTION = _ROOT + "/collections/{collection}"
_OBJECT = _COLLECTION + "/objects/{object}"


class Route(NamedTuple):
    """A route that needs a principal and takes no body. `taxii` routes negotiate TAXII media types."""

    path: str
    method: str
    handler: Handler
    action: str
    taxii: bool = True


class BodyRoute(NamedTuple):
    """A route that needs a principal and takes a body, which is read only when `gate` has let the call pass."""

    path: str
    method: str
    gate: Gate
    handler: BodyHandler
    action: str
    taxii: bool = True


class WaitingRoute(NamedTuple):
    """A route that needs a principal and answers when there is something to tell: the handler is asked again until it does."""

    path: str
    method: str
    handler: Callable[[Call, float], Response | None]
    action: str


class OpenRoute(NamedTuple):
    """A route where nobody is asked who they are, with the most bytes of body that it takes; it tells no intelligence."""

    path: str
    method: str
    handler: OpenHandler
    body: int = 0


# The router looks at one after the other: those that are asked most come first.
ROUTES = (
    Route(f"{_COLLECTION}/objects/", "GET", reading.objects, "taxii-objects"),
    Route(f"{_OBJECT}/", "GET", reading.object_by_id, "taxii-object"),
    Route(f"{_COLLECTION}/manifest/", "GET", reading.manifest, "taxii-manifest"),
    Route(f"{_ROOT}/status/{{status}}/", "GET", resources.status, "taxii-status"),
    Route(f"{_ROOT}/collections/", "GET", resources.collections, "taxii-collections"),
    Route(f"{_COLLECTION}/", "GET", resources.collection, "taxii-collection"),
    Route(f"{_OBJECT}/versions/", "GET", reading.versions, "taxii-versions"),
    Route(f"{_OBJECT}/", "DELETE", writing.delete, "taxii-delete"),
    Route("/taxii2/", "GET", resources.discovery, "taxii-discovery"),
    Route(f"{_ROOT}/", "GET", resources.api_root, "taxii-root"),
    Route("/metrics", "GET", health.metrics, "metrics", taxii=False),
    *(
        Route(each.path, each.method, each.handler, each.action, taxii=False)
        for each in table.OPERATIONS
        if each.handler is not None
    ),
)
BODY_ROUTES = (
    BodyRoute(f"{_COLLECTION}/objects/", "POST", writing.admit, writing.add, "taxii-add"),
    *(
        BodyRoute(each.path, each.method, *each.taking, each.action, taxii=False)
        for each in table.OPERATIONS
        if each.taking is not None
    ),
)
WAITING = tuple(
    WaitingRoute(each.path, each.method, each.waiting, each.action)
    for each in table.OPERATIONS
    if each.waiting is not None
)
OPEN = (
    OpenRoute("/readyz", "GET", health.ready),
    OpenRoute(well_known.PATH, "GET", well_known.security_text),
    OpenRoute(table.OPENAPI, "GET", table.openapi),
    OpenRoute("/claim", "POST", claim.claim, body=claim.LIMIT),
)
