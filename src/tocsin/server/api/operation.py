"""What the table of routes says of each: the columns of `table.OPERATIONS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from tocsin.server.context import BodyHandler, Call, Gate, Handler

ROOT = "/api/v1"

Waiting = Callable[[Call, float], Response | None]


class Operation(NamedTuple):
    """One route: what it does, what it takes, what it answers.

    Attributes:
        path, method, action: as `server.routes.Route` has them; the action is also the operation's id.
        summary: what it does, in a line.
        query: its parameters.
        answer: what it answers with; None where that is no JSON.
        handler: for routes without a body.
        taking: handler and gate for routes with one.
        waiting: for routes that wait for something to happen.
        body: what the body is; None for a STIX object.
        bare: it takes a request with a body as others do, and needs none.
        status: of success.
        errors: statuses of refusals beside 400, 401 and 503, which any may have.
        media: media types of an answer that is no JSON.
    """

    path: str
    method: str
    action: str
    summary: str
    query: type[msgspec.Struct]
    answer: type[msgspec.Struct] | None
    handler: Handler | None = None
    taking: tuple[Gate, BodyHandler] | None = None
    waiting: Waiting | None = None
    body: type[msgspec.Struct] | None = None
    bare: bool = False
    status: int = 200
    errors: tuple[int, ...] = ()
    media: tuple[str, ...] = ()
