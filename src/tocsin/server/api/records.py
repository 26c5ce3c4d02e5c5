"""The operator's records: for whom they are, and how they are told.

What is the operator's alone (peers, policies, the journal) is refused to everybody else in the same words, whatever there is.
"""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

import msgspec
from starlette.responses import Response

from tocsin.errors import ForbiddenError
from tocsin.server.api import asking
from tocsin.server.context import Call
from tocsin.server.respond import respond, said
from tocsin.sharing.release import Released

T = TypeVar("T")


def require_own(call: Call) -> None:
    """Make sure that it is the node's own organisation that asks.

    Raises:
        ForbiddenError: it is another one.
    """
    if not call.organisation.own or call.organisation.suspended:
        raise ForbiddenError("this is for the node's own organisation")


def told(call: Call, told: T) -> Released[T]:
    """Release the operator's records to whom they are for; they hold no content of objects."""
    return said(told, recipient=call.principal.organisation)


def answer(call: Call, told: Released[Any]) -> Response:
    """Answer with what was released, as JSON."""
    document = msgspec.to_builtins(told.value, builtin_types=(UUID,))
    return respond(call.request, told.derive(msgspec.json.encode(document)), media_type=asking.JSON)
