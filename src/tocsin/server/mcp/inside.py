"""Asks the application in this process, as the holder of a token: recognised, decided about, limited and journaled like any other request.

So an assistant can do nothing that the REST interface would not let its token do, and there is no second way to the data.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.types import Message, Scope

from tocsin.config import Settings
from tocsin.server.api.operation import ROOT
from tocsin.server.app import App
from tocsin.server.context import ASSISTANT
from tocsin.store import Store

CEILING = "green"
"""The strictest TLP that an assistant is shown where its token names none."""


class Answer(msgspec.Struct, frozen=True):
    """Status and document of an answer."""

    status: int
    document: Any


class Inside:
    """The application, asked without a network."""

    def __init__(self, settings: Settings, store: Store, token: str) -> None:
        """Bind to a node, on behalf of who holds `token`.

        Raises:
            NotFoundError: the node was never initialised.
        """
        # what webhooks are to be told is the business of the processes that serve
        self._app = App(msgspec.structs.replace(settings, webhook_origins=""), store).asgi
        self._token = token

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the application write its journal and keep its index; on the way out what waits is written."""
        async with self._app.router.lifespan_context(self._app):
            yield

    async def get(self, path: str, **query: str | int) -> Answer:
        """Ask one of the routes under `/api/v1`; parameters that are "" are left out."""
        given = {name: str(value) for name, value in query.items() if value != ""}
        return await self._ask("GET", path, urlencode(given), b"")

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Send JSON to one of the routes under `/api/v1`."""
        return await self._ask("POST", path, "", json.dumps(body).encode())

    async def _ask(self, method: str, path: str, query: str, body: bytes) -> Answer:
        raw = f"{ROOT}{path}"
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",  # what may go over encrypted channels only does not go to a model
            "path": raw,
            "raw_path": raw.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [
                (b"host", b"mcp"),
                (b"authorization", b"Bearer " + self._token.encode()),
                (b"accept", b"application/json"),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("mcp", 0),
            "server": ("mcp", 0),
            ASSISTANT: CEILING,
        }
        told: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            told.append(message)

        await self._app(scope, receive, send)
        status = int(told[0]["status"])
        content = b"".join(each.get("body", b"") for each in told[1:])
        return Answer(status, json.loads(content) if content else {})
