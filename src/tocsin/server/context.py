"""What a handler works with: the node's parts, the request and who asks."""

from __future__ import annotations

from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tocsin.config import Settings
from tocsin.node.clearances import Clearances
from tocsin.server.auth import Authenticator
from tocsin.server.journalist import Journalist
from tocsin.server.metrics import Metrics
from tocsin.store import Store
from tocsin.store.accounts import Principal


class Parts(msgspec.Struct, frozen=True):
    """The parts of a running node that handlers share."""

    settings: Settings
    store: Store
    clearances: Clearances
    authenticator: Authenticator
    journalist: Journalist
    metrics: Metrics


class Call(msgspec.Struct, frozen=True):
    """One request of one principal. `body` is unpacked and within limits; empty unless the method has one."""

    parts: Parts
    request: Request
    principal: Principal
    body: bytes


class Handler(Protocol):
    """A plain function from a call to a response."""

    def __call__(self, call: Call, /) -> Response:
        """Answer."""
        ...
