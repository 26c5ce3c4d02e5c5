"""Is it alive, is it ready, how is it doing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tocsin.errors import ForbiddenError, StoreError
from tocsin.server.auth import require_scope
from tocsin.server.context import Call, Parts
from tocsin.server.respond import describe, plain, respond
from tocsin.store import migrate

JSON = "application/json"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


def alive(_parts: Parts, request: Request, _body: bytes) -> Response:
    """The process answers. Needs no thread and no database."""
    return respond(request, describe({"status": "alive"}), media_type=JSON)


def ready(parts: Parts, request: Request, _body: bytes) -> Response:
    """The database answers and has the schema that this program needs; 503 otherwise."""
    try:
        with parts.availability.watched(), parts.store.connection() as connection:
            migrate.require_current(connection)
    except StoreError:
        document = {"status": "not ready"}
        return respond(request, describe(document), media_type=JSON, status=503, headers={"Retry-After": "2"})
    return respond(request, describe({"status": "ready"}), media_type=JSON)


def public_metrics(parts: Parts, request: Request, _body: bytes) -> Response:
    """Figures without a token, where the setting `metrics_public` allows it; `app` has looked."""
    return respond(request, plain(parts.metrics.text()), media_type=_METRICS)


def metrics(call: Call) -> Response:
    """Figures, for tokens of the node's own organisation with the scope `metrics`: they count what everybody does here.

    Raises:
        ForbiddenError: the token lacks it, or is another organisation's.
    """
    require_scope(call.principal, "metrics")
    if not call.organisation.own:
        raise ForbiddenError("figures are for the organisation that runs this node")
    return respond(call.request, plain(call.parts.metrics.text()), media_type=_METRICS)
