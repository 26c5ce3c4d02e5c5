"""How the node stands, and for whom it takes the caller."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from tocsin import __version__
from tocsin.server.api import asking, records
from tocsin.server.api.objects import Nothing
from tocsin.server.context import Call
from tocsin.store.search import index


class StatusAnswer(msgspec.Struct, frozen=True):
    """What this node is, for whom it takes the caller, and what the caller's token permits.

    `index` is told to the node's own organisation: whether search knows all that is held, and up to which date added.
    """

    version: str
    organisation: str
    account: str
    scopes: tuple[str, ...]
    ceiling: str | None
    own: bool
    index: dict[str, Any] | None


def status(call: Call) -> Response:
    """Say how things stand."""
    asking.parameters(call, Nothing)
    who, own = call.principal, call.organisation.own
    state = None
    if own:
        with call.parts.store.connection() as connection:
            progress = index.progress(connection)
        through = asking.moment_text(progress.mark) if progress.mark > 0 else None
        state = {"complete": progress.done, "through": through}
    answer = StatusAnswer(
        __version__, who.organisation, who.account, who.scopes, who.ceiling or None, own, state
    )
    return records.answer(call, records.told(call, answer))
