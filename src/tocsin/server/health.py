"""Is it alive, is it ready, how is it doing; and the claim of the first administrator."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tocsin.errors import StoreError, UnauthenticatedError
from tocsin.server.auth import require_scope
from tocsin.server.context import Call, Parts
from tocsin.server.problems import RequestError
from tocsin.server.respond import describe, plain, respond
from tocsin.store import accounts, migrate
from tocsin.store.journal import Entry

_JSON = "application/json"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


class _Claim(msgspec.Struct):
    code: str
    name: str


def alive(_parts: Parts, request: Request, _body: bytes) -> Response:
    """The process answers."""
    return respond(request, describe({"status": "alive"}), media_type=_JSON)


def ready(parts: Parts, request: Request, _body: bytes) -> Response:
    """The database answers and has the schema that this program needs; 503 otherwise."""
    try:
        with parts.store.connection() as connection:
            migrate.require_current(connection)
    except StoreError:
        return respond(
            request,
            describe({"status": "not ready"}),
            media_type=_JSON,
            status=503,
            headers={"Retry-After": "2"},
        )
    return respond(request, describe({"status": "ready"}), media_type=_JSON)


def public_metrics(parts: Parts, request: Request, _body: bytes) -> Response:
    """Figures without a token, where the operator allows it; the caller has checked."""
    return respond(request, plain(parts.metrics.text()), media_type=_METRICS)


def metrics(call: Call) -> Response:
    """Figures, for tokens with the scope `metrics`.

    Raises:
        ForbiddenError: the token lacks it.
    """
    require_scope(call.principal, "metrics")
    return respond(call.request, plain(call.parts.metrics.text()), media_type=_METRICS)


def claim(parts: Parts, request: Request, body: bytes) -> Response:
    """Trade the one-time code from the console for the first administrator's token.

    Raises:
        RequestError: 400, not the JSON that is needed.
        UnauthenticatedError: the code does not hold; never says why.
    """
    try:
        wanted = msgspec.json.decode(body, type=_Claim)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RequestError(400, 'send {"code": "…", "name": "…"}') from None
    parts.authenticator.require_patience(request)
    own = parts.clearances.snapshot.own
    now = parts.store.clock()
    try:
        with parts.store.connection() as connection:
            secret = accounts.claim(connection, wanted.code, wanted.name, own.id, now=now)
    except UnauthenticatedError:
        parts.authenticator.note_failure(request)
        parts.journalist.note(Entry(now, "nobody", "claim", "administrator", "refused"))
        raise
    parts.journalist.note(Entry(now, wanted.name, "claim", "administrator", "granted"))
    return respond(request, describe({"account": wanted.name, "token": secret}), media_type=_JSON, status=201)
