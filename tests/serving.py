"""A real node on loopback: the whole application behind uvicorn, in a thread of the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvloop

from factories import FRIEND, OWN, STRANGER
from tocsin.config import Settings
from tocsin.server import run
from tocsin.store import Store, accounts
from tocsin.store.accounts import SCOPES, Account

MEDIA = "application/taxii+json;version=2.1"


class Node:
    """A served node and tokens for its organisations, each under the organisation's name in lower case."""

    def __init__(self, store: Store, url: str) -> None:
        self.store = store
        self.url = url
        self.tokens: dict[str, str] = {}
        with store.connection() as connection:
            for organisation in (OWN, FRIEND, STRANGER):
                name = organisation.name.lower()
                accounts.add(
                    connection, Account(name, organisation.id, administrator=organisation.own, created=1)
                )
                scopes = SCOPES if organisation.own else ("taxii:read", "taxii:write")
                self.tokens[name], _ = accounts.issue(connection, name, scopes, now=store.clock())

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def client(self, who: str | None = "own", **headers: str) -> httpx.Client:
        fields = {"Accept": MEDIA, "Content-Type": MEDIA, **headers}
        if who is not None:
            fields["Authorization"] = f"Bearer {self.tokens[who]}"
        return httpx.Client(base_url=self.url, headers=fields, timeout=30)

    @contextmanager
    def browser(self, who: str | None = "own") -> Iterator[httpx.Client]:
        """A browser without scripts; `who` has signed in."""
        fields = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}
        with httpx.Client(base_url=self.url, headers=fields, timeout=30) as made:
            if who is not None:
                answer = made.post("/sign-in", data={"token": self.tokens[who]})
                assert answer.status_code == 303, answer.text
            yield made


@contextmanager
def serving(store: Store, home: Path, **changes: Any) -> Iterator[Node]:
    settings = Settings(home=home, port=0, pool_size=4, **changes)
    opened = run.listen(settings)
    ready = threading.Event()
    server = run.make(opened, settings, store, lambda _url: ready.set())

    def serve() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[opened]))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield Node(store, run.address(settings, opened))
    finally:
        server.should_exit = True
        thread.join(30)
        opened.close()
        assert not thread.is_alive()
