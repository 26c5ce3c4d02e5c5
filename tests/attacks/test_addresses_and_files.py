"""Addresses that are read, and files that are uploaded: the node asks no address that somebody else chose, and hands out no file again.

Requests of the node's own go to peers and a provider that the operator named on the console or in the settings, and to webhooks whose origin the
operator listed. So it does not matter what a name resolves to: a name that is not on a list is never looked up (fixture `asked`).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from attacks.objects import originals, planted
from databases import copied
from factories import IMPORT, indicator, place, settle
from serving import Node, serving
from tocsin.errors import ExchangeError
from tocsin.exchange.endpoint import Endpoint
from tocsin.node.scanner import prepare
from tocsin.stix.markings import TLP
from tocsin.store import Store, objects
from tocsin.store.embedded import Embedded

_ALLOWED = "https://soar.example.org"
_INSIDE = (
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://0/", "http://localhost/", "http://localhost./",
    "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://[fe80::1%25eth0]/", "http://[fd00::1]/",
    "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://metadata.google.internal/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/",
    "https://100.64.0.1/", "https://127.0.0.1.nip.io/", "https://localtest.me/", "https://rebinding.example/",
    "https://soar.example.org@127.0.0.1/", "https://soar.example.org:443@127.0.0.1/", "https://127.0.0.1#@soar.example.org/", "https://127.0.0.1\\@soar.example.org/",
    "https://soar.example.org.planted.example/", "https://soar.example.org:8443/", "http://soar.example.org/", "https://soar.example.org\u3002planted.example/", "https://127\u30020\u30020\u30021/", "https://①②⑦.0.0.1/",
    "file:///etc/passwd", "gopher://127.0.0.1:5432/", "ftp://soar.example.org/", "dict://127.0.0.1/", "unix:///run/tocsin.sock", "//127.0.0.1/", "https:127.0.0.1", "https:///127.0.0.1/", "jar:https://soar.example.org!/",
    "https://soar.example.org/\r\nX-Planted: 1", "https://soar.example.org/ HTTP/1.1", "https://soar.example.org\t/",
)  # fmt: skip
"""This machine, its network, its cloud, in every spelling; and what only looks like an address that is allowed."""
_POLYGLOTS = {
    "page.html": b"<!doctype html><script>planted()</script>",
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="planted()"><script>planted()</script></svg>',
    "picture.gif": b"GIF89a/*\x00\x00*/=1;<script>planted()</script>",
    "list.json": b'{"type":"bundle","objects":[]}<script>planted()</script>',
    "paper.pdf": b"%PDF-1.7\n<script>planted()</script>",
    "style.css": b"*{background:url(//planted.example)}",
}


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    prepare()  # on a machine where nobody has hunted yet, that takes longer than a request is waited for
    with copied(pg, "addresses") as dsn, Store(dsn, pool_size=6) as store:
        intel = settle(store)
        made = [place(indicator(1, tlp=TLP.GREEN), communities=(str(intel.community),))]
        objects.put(store, intel.id, made, origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home"), webhook_origins=_ALLOWED) as served:
            yield served


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, node: Node) -> Iterator[list[str]]:
    """What this process, and the node in it, asks a resolver for: nothing, by the end of any test."""
    looked_up: list[str] = []
    known = socket.getaddrinfo

    def look(host: Any, *rest: Any, **more: Any) -> Any:
        if host not in ("127.0.0.1", b"127.0.0.1"):
            looked_up.append(str(host))
        return known(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    yield looked_up
    assert looked_up == []


# requests of the node's own


@contextmanager
def _listening() -> Iterator[tuple[str, list[str]]]:
    """Listen on loopback; yield an address there, and who came."""
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        over = threading.Event()

        def wait() -> None:
            while not over.is_set():
                try:
                    found, peer = server.accept()
                except TimeoutError:
                    continue
                came.append(str(peer))
                found.close()

        thread = threading.Thread(target=wait)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/planted", came
        finally:
            over.set()
            thread.join()


def test_addresses_in_what_people_send_are_never_asked(node: Node) -> None:
    """In every field of every type, in texts, logs, queries, names and policies: the node asks no address that it reads. Webhooks go to what the operator allows."""
    with _listening() as (address, came), node.browser("own") as own:
        things = [planted(kind, 0x2000 + n, lambda: address) for n, kind in enumerate(originals())]
        bundle = json.dumps(
            {"type": "bundle", "id": "bundle--44af6c39-c09b-49c5-9de2-394224b04982", "objects": things}
        ).encode()
        taken = own.post("/import", files={"file": ("x.json", bundle)}, data={"collection": "intel"})
        assert address in own.get(f"/objects/{things[0]['id']}").text, taken.text
        own.post("/import", files={"file": (address, address.encode())}, data={"collection": "intel"})
        assert (
            address in own.post("/import/text", data={"text": f"see {address} now", "source": address}).text
        )
        own.post("/import/keep", data={"value": [address], "tlp": "green", "source": address})
        own.post("/hunts", data={"text": f"GET {address} 200"})
        for path in ("/search", "/palette", "/search/suggestions", "/timeline"):
            assert own.get(path, params={"q": address}).status_code < 500, path
        own.get("/sign-in", params={"next": address})
        own.post("/admin/organisations/add", data={"name": address})
        own.post("/views", data={"name": address, "query": address})
        own.post("/write/json", data={"json": json.dumps(things[0]), "collection": "intel"})
        own.get(
            "/",
            headers={
                "Referer": address,
                "Host": urlsplit(address).netloc,
                "X-Forwarded-Host": urlsplit(address).netloc,
            },
        )
        with node.client("own", **{"Content-Type": "application/json", "Accept": "application/json"}) as api:
            hook = api.post("/api/v1/webhooks", json={"url": address, "query": ""})
            assert hook.status_code in (403, 422), hook.text
    assert came == []


@pytest.mark.parametrize("way", ["page", "interface"])
def test_a_webhook_goes_where_the_operator_said_and_nowhere_else(node: Node, way: str) -> None:
    with (
        node.browser("own") as own,
        node.client("own", **{"Content-Type": "application/json", "Accept": "application/json"}) as api,
    ):
        for address in _INSIDE:
            if way == "page":
                answer = own.post("/subscriptions", data={"query": "", "url": address})
            else:
                answer = api.post("/api/v1/webhooks", json={"url": address, "query": ""})
            assert answer.status_code == 422, (address, answer.text[:300])
        assert api.get("/api/v1/webhooks").json()["items"] == []


@pytest.mark.parametrize("address", [*_INSIDE, "https://cdn.example.org/"])
def test_a_peer_sends_us_nowhere_else(address: str) -> None:
    """Roots that it names and redirects go through the same guard (`tests/federation` has a peer that tries)."""
    with pytest.raises(ExchangeError):
        Endpoint("p", f"{_ALLOWED}/taxii2/").guard(address)


def test_the_control_what_is_looked_up_is_seen(asked: list[str]) -> None:
    with suppress(OSError):
        socket.getaddrinfo("planted.invalid", 1)
    assert asked == ["planted.invalid"]
    asked.clear()


# files


def test_what_is_uploaded_is_never_handed_out_again(node: Node) -> None:
    """A file is read, and is not there afterwards under any name: nobody else's browser is given it."""
    with node.browser("own") as own:
        for name, content in _POLYGLOTS.items():
            for path in ("/import", "/import/text", "/hunts"):
                answer = own.post(
                    path,
                    files={"file": (name, content, "text/html")},
                    data={"collection": "intel"},
                    follow_redirects=True,  # to the page of the import
                )
                assert answer.status_code in (200, 422), (path, name)
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert b"<script>planted()" not in answer.content
                assert b"onload=" not in answer.content.replace(b"onload=&#34;", b"")
            for where in (
                f"/{name}",
                f"/import/{name}",
                f"/static/{name}",
                f"/hunts/{name}",
                f"/static/..%2f{name}",
            ):
                assert own.get(where).status_code == 404, where
