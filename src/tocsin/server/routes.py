"""All routes in one table: path, method, handler, and what the journal calls it. A route without a principal stands in `OPEN`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from tocsin.server import health
from tocsin.server.context import Handler, Parts
from tocsin.server.taxii import reading, resources, writing

OpenHandler = Callable[[Parts, Request, bytes], Response]
_ROOT = f"/taxii2/{resources.ROOT}"
_COLLECTION = _ROOT + "/collections/{collection}"


class Route(NamedTuple):
    """A route that needs a principal. `taxii` routes negotiate TAXII media types."""

    path: str
    method: str
    handler: Handler
    action: str
    taxii: bool = True


ROUTES = (
    Route("/taxii2/", "GET", resources.discovery, "taxii-discovery"),
    Route(f"{_ROOT}/", "GET", resources.api_root, "taxii-root"),
    Route(f"{_ROOT}/status/{{status}}/", "GET", resources.status, "taxii-status"),
    Route(f"{_ROOT}/collections/", "GET", resources.collections, "taxii-collections"),
    Route(f"{_COLLECTION}/", "GET", resources.collection, "taxii-collection"),
    Route(f"{_COLLECTION}/manifest/", "GET", reading.manifest, "taxii-manifest"),
    Route(f"{_COLLECTION}/objects/", "GET", reading.objects, "taxii-objects"),
    Route(f"{_COLLECTION}/objects/", "POST", writing.add, "taxii-add"),
    Route(f"{_COLLECTION}/objects/{{object}}/", "GET", reading.object_by_id, "taxii-object"),
    Route(f"{_COLLECTION}/objects/{{object}}/", "DELETE", writing.delete, "taxii-delete"),
    Route(f"{_COLLECTION}/objects/{{object}}/versions/", "GET", reading.versions, "taxii-versions"),
    Route("/metrics", "GET", health.metrics, "metrics", taxii=False),
)

# Nobody is asked who they are here; nothing here tells of intelligence.
OPEN: tuple[tuple[str, str, OpenHandler], ...] = (
    ("/healthz", "GET", health.alive),
    ("/readyz", "GET", health.ready),
    ("/claim", "POST", health.claim),
)
