"""What a handler works with: the node's parts, the request, who asks, and what is so."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.config import Settings
from tocsin.exchange.openid import Provider
from tocsin.node.clearances import Clearances
from tocsin.node.outputs import Lists
from tocsin.server.auth import Authenticator
from tocsin.server.availability import Availability
from tocsin.server.directory import Directory, Facts
from tocsin.server.history import History
from tocsin.server.journalist import Journalist
from tocsin.server.keeping import Kept
from tocsin.server.metrics import Metrics
from tocsin.sharing.audience import Organisation
from tocsin.sharing.release import Released
from tocsin.store import Store
from tocsin.store.accounts import Principal

GROUND = "tocsin.ground"
"""Key in the ASGI scope: see `Call.rested_on`."""
HANDED = "tocsin.handed"
"""Key in the ASGI scope: see `Call.handed`."""
UNTOLD = "tocsin.untold"
"""Key in the ASGI scope: see `Call.told_nothing`."""
ASSISTANT = "tocsin.assistant"
"""Key in the ASGI scope of requests that an assistant makes (`tocsin.server.mcp`): the ceiling where its token says none. No client can set it."""


class Parts(msgspec.Struct, frozen=True):
    """The parts of a running node that handlers share."""

    settings: Settings
    store: Store
    clearances: Clearances
    directory: Directory
    authenticator: Authenticator
    availability: Availability
    journalist: Journalist
    metrics: Metrics
    lists: Lists
    history: History
    kept: Kept
    graphs: Kept
    provider: Provider | None = None


class Call(msgspec.Struct, frozen=True):
    """One request of one principal."""

    parts: Parts
    request: Request
    principal: Principal
    facts: Facts

    @property
    def organisation(self) -> Organisation:
        """The principal's organisation.

        Raises:
            ForbiddenError: this node does not know it (any more).
        """
        return self.facts.organisation(self.principal.organisation)

    @property
    def channel(self) -> str:
        """From where it comes: "api" over HTTP, "mcp" from an assistant."""
        return "mcp" if self.request.scope.get(ASSISTANT) else "api"

    def handed(self, *cursors: Micros) -> None:
        """Keep which placements are in the answer, by date added: a receipt tells who had them."""
        self.request.scope.setdefault(HANDED, []).extend(cursors)

    def rested_on(self, released: Released[Any]) -> None:
        """Keep on which ground personal data in the answer go to whom it is for: the journal tells it."""
        self.request.scope[GROUND] = released.ground

    def told_nothing(self) -> None:
        """Keep that an open page asked by itself and there was nothing to tell: that is not written into the journal, which it would fill."""
        self.request.scope[UNTOLD] = True


class Handler(Protocol):
    """A plain function from a call to a response."""

    def __call__(self, call: Call, /) -> Response:
        """Answer."""
        ...


class BodyHandler(Protocol):
    """A plain function from a call and its body, unpacked and within limits, to a response."""

    def __call__(self, call: Call, body: bytes, /) -> Response:
        """Answer."""
        ...


class Gate(Protocol):
    """Looks at a call before its body is taken in, and raises if that would be in vain."""

    def __call__(self, call: Call, /) -> None:
        """Let it pass, or raise."""
        ...
