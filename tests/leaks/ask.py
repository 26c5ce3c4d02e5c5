"""Asks a node over one connection and keeps the answer as it was on the wire."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from leaks.world import TOKENS
from serving import MEDIA, Node

NOT_COMPARED = {
    "date": "the web server's own wall clock",
    "x-request-id": "random for each request",
}
"""Headers that differ between any two answers, and why."""


def tells_back(path: str) -> bool:
    """Return whether an answer may hold the words of the question: a page does, and a feed in its title; the rest of the interfaces must not."""
    return not path.startswith(("/api/", "/taxii2")) or path.startswith("/api/v1/search/feed")


class Answer(NamedTuple):
    """Status, headers in their order without those of `NOT_COMPARED`, and body, packed as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class Line:
    """A connection to one node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        who: str | None = "reader",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask on behalf of an account of `world.TOKENS`, or of nobody."""
        sent = {"Host": "node.example", "Accept": MEDIA, "Accept-Encoding": "identity"}
        if body is not None:
            sent["Content-Type"] = MEDIA
        if who is not None:
            sent["Authorization"] = f"Bearer {TOKENS.get(who, who)}"
            sent["Cookie"] = f"tocsin={TOKENS.get(who, who)}"
        try:
            self._connection.request(method, path, body, sent | dict(headers or {}))
            answer = self._connection.getresponse()
        except ConnectionError:  # the line was idle for longer than the node keeps it; the next one is new
            self._connection.close()
            self._connection.request(method, path, body, sent | dict(headers or {}))
            answer = self._connection.getresponse()
        kept = tuple((k.lower(), v) for k, v in answer.getheaders() if k.lower() not in NOT_COMPARED)
        return Answer(answer.status, kept, answer.read())


class Fresh(NamedTuple):
    """A node of its own, a connection to it, and the code that claims it."""

    node: Node
    line: Line
    code: str
