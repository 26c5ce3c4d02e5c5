"""A node whose time can be moved, and what a person does at it to sign in: for tests of sign-in."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyotp

from authenticators import Authenticator
from databases import copied
from factories import settle
from serving import Node, serving
from tocsin.clock import system_clock
from tocsin.store import Store, ceremonies, journal
from tocsin.store.embedded import Embedded

SECOND = 1_000_000
_ADDRESSES = itertools.count(1)


class Clock:
    """The wall clock, moved by hand."""

    def __init__(self) -> None:
        self.moved = 0

    def __call__(self) -> int:
        return system_clock() + self.moved

    def forward(self, seconds: float) -> None:
        self.moved += int(seconds * SECOND)


@contextmanager
def node_of(
    pg: Embedded, home: Path, name: str, clock: Clock | None = None, **settings: Any
) -> Iterator[Node]:
    """Serve a node on a database of its own."""
    with copied(pg, name) as dsn, Store(dsn, pool_size=6, clock=clock or Clock()) as store:
        settle(store)
        with serving(store, home, **settings) as served:
            yield served


@contextmanager
def browser_at(node: Node, host: str = "localhost") -> Iterator[httpx.Client]:
    """A stranger's browser that reaches the node under a name, so that it has passkeys, from an address of its own: addresses that fail wait."""
    fields = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Host": f"{host}:{node.port}"}
    number = next(_ADDRESSES)
    transport = httpx.HTTPTransport(local_address=f"127.1.{number >> 8}.{number & 255}")
    with httpx.Client(base_url=node.url, headers=fields, timeout=30, transport=transport) as made:
        yield made


def plant(browser: httpx.Client, secret: str, name: str = "tocsin") -> None:
    """Put a cookie of the node into a browser."""
    browser.cookies.set(name, secret, domain="127.0.0.1", path="/")


def authenticator_at(node: Node, **how: Any) -> Authenticator:
    return Authenticator(f"http://localhost:{node.port}", **how)


def invite(node: Node, account: str, minutes: int = 60) -> str:
    """Return the code of a one-time link, as `tocsin account invite` makes it."""
    with node.store.transaction() as connection:
        ceremonies.drop(connection, account, "link")
        life = minutes * ceremonies.MINUTE
        return ceremonies.begin(connection, "link", {}, now=node.store.clock(), life=life, account=account)


def come_by_link(browser: httpx.Client, node: Node, account: str) -> None:
    answer = browser.post("/sign-in/link", data={"code": invite(node, account)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")


def signed_in(browser: httpx.Client) -> bool:
    return browser.get("/account").status_code == 200


def add_passkey(browser: httpx.Client, device: Authenticator, name: str = "key") -> httpx.Response:
    options = json.loads(browser.post("/account/passkeys/options").text)
    return browser.post("/account/passkeys", data={"name": name, "credential": device.create(options)})


def use_passkey(browser: httpx.Client, device: Authenticator, **more: str) -> httpx.Response:
    options = json.loads(browser.post("/sign-in/passkey/options").text)
    return browser.post("/sign-in/passkey", data={"credential": device.get(options), **more})


class App:
    """An authenticator app: knows a secret and the node's time."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._totp = pyotp.TOTP(secret)
        self._clock = clock

    def code(self, ahead: int = 0) -> str:
        return self._totp.generate_otp(self._clock() // (30 * SECOND) + ahead)

    def wrong(self) -> str:
        """A code that is none of those near."""
        near = {self.code(n) for n in range(-3, 4)}
        return next(f"{n:06}" for n in range(100) if f"{n:06}" not in near)


def set_up_app(browser: httpx.Client, clock: Clock) -> tuple[App, list[str]]:
    """Set an app up on the account page; return it and the recovery codes."""
    page = browser.post("/account/app/new").text
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert found is not None, page
    app = App(found[1].replace(" ", ""), clock)
    answer = browser.post("/account/app", data={"code": app.code()})
    assert answer.status_code == 200, answer.text
    return app, re.findall(r"<li><code>([a-z2-7-]+)</code></li>", answer.text)


def noted(node: Node, action: str) -> list[journal.Entry]:
    """Return what the journal says about an action, newest first, once it has been written."""
    time.sleep(0.7)
    with node.store.connection() as connection:
        return list(journal.page(connection, journal.Sought(action=action), limit=1000).entries)
