"""A TAXII 2.1 peer on loopback that misbehaves on demand, after Let's Encrypt's Pebble.

With no fault set it is an honest, exact server: objects in the order of their dates, `added_after`, `limit`, `next`,
manifest, versions, POST with status, DELETE. `Faults` turn single promises off. Everything random comes from one seeded
generator, so that a run can be repeated.
"""

from __future__ import annotations

import gzip
import json
import random
import ssl
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import zstandard

from tocsin.clock import to_text
from tocsin.exchange.taxii.resources import moment

TAXII = "application/taxii+json;version=2.1"
EPOCH = 1_700_000_000_000_000
TOKEN = "s3cret-token-of-the-peer"


@dataclass(frozen=True)
class Faults:
    """What the peer does wrong. The defaults are honest; rates are probabilities for each request for a page."""

    # faults of the network and the machine
    status_rate: float = 0.0
    status: int = 503
    retry_after: str | None = None
    cut_rate: float = 0.0  # the body ends before Content-Length
    garble_rate: float = 0.0  # a complete body whose JSON is cut
    drip_headers: float = 0.0  # seconds between bytes
    drip_body: float = 0.0
    reset_rate: float = 0.0  # the connection closes without an answer
    # faults of paging
    repeat_rate: float = 0.0  # `next` leads to the same page once more
    shuffle: bool = False  # pages in any order
    next: str = (
        "stateless"  # stateless | moving (one token, state at the server) | none | forgotten | same (a loop)
    )
    dates: str = "honest"  # honest | missing | garbage | future | backwards | swapped | early | late
    ignore_added_after: bool = False
    empty_more: str = ""  # "next" | "bare" | "forever": empty pages that say there is more
    more_than_limit: bool = False
    # faults of the answer
    media_type: str = TAXII
    packing: str = ""  # gzip | zstd | liar | unknown | gzip-bomb | zstd-bomb
    body: str = ""  # html | list | deep | endless | huge-length | number-next | bad-utf8
    redirect: str = ""  # where the collection's objects are said to be
    error_echoes_token: bool = False
    # faults of discovery
    api_roots: tuple[str, ...] = ("/api/",)
    # faults of writing
    max_content_length: int = 10_000_000
    takes_at_most: int = 1 << 40  # bytes; larger is 413
    pending_rounds: int = 0  # status requests answered "pending"; -1 for ever
    refuse_ids: frozenset[str] = frozenset()


@dataclass
class Peer:
    """What the peer holds, and what was asked of it."""

    faults: Faults = field(default_factory=Faults)
    seed: int = 0
    exact: bool = True
    require_token: bool = True
    now: int = EPOCH + 86_400_000_000
    held: list[tuple[int, bytes]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    seen_headers: list[dict[str, str]] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.id = str(uuid.UUID(int=7))
        self.lock = threading.Lock()
        self._chains: dict[str, list[list[tuple[int, bytes]]]] = {}
        self._repeated: set[str] = set()
        self._status: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/taxii2/"

    def add(self, count: int, *, same_date: int = 1, start: int | None = None) -> list[bytes]:
        """Add objects, `same_date` of them under each date; return their bytes."""
        made = []
        at = self.held[-1][0] if self.held else EPOCH
        at = at if start is None else start
        for number in range(count):
            if number % same_date == 0:
                at += 1_000_000
            name = f"indicator--{uuid.UUID(int=len(self.held) + 1, version=4)}"
            stamp = "2026-01-01T00:00:00.000Z"
            raw = json.dumps(
                {
                    "type": "indicator",
                    "spec_version": "2.1",
                    "id": name,
                    "created": stamp,
                    "modified": stamp,
                    "pattern": f"[ipv4-addr:value = '198.51.100.{len(self.held) % 250}']",
                    "pattern_type": "stix",
                    "valid_from": stamp,
                }
            ).encode()
            self.held.append((at, raw))
            made.append(raw)
        return made

    # --- pages -------------------------------------------------------------------------------------------------

    def page(self, query: dict[str, str]) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Return status, headers and body (objects as text) of a page."""
        f = self.faults
        limit = int(query.get("limit", "100"))
        if f.more_than_limit:
            limit *= 3
        after = moment(query.get("added_after"))
        if f.ignore_added_after:
            after = None
        token = query.get("next", "")
        pages = self._snapshot(token) or self._pages(after, limit)
        if f.next == "moving":
            return self._moving(token, pages)
        index = int(token.split("-")[-1]) if token else 0
        if f.next == "forgotten" and token:
            return 404, {}, {"title": "unknown next"}
        if index >= len(pages):
            return self._answer([], more=False, token="")
        chosen = pages[index]
        more = index + 1 < len(pages)
        following = index + 1
        key = f"{after}:{index}"
        if more and key not in self._repeated and self.dice.random() < f.repeat_rate:
            self._repeated.add(key)
            following = index
        if f.empty_more and more and f"e{key}" not in self._repeated:
            if f.empty_more != "forever":
                self._repeated.add(f"e{key}")
            fresh = f"empty{self.dice.random()}-{index}"
            return self._answer([], more=True, token=fresh if f.empty_more != "bare" else "")
        if f.next == "same":
            return self._answer(pages[0], more=True, token="again-0")
        if f.next == "none":
            return self._answer(chosen, more=more, token="")
        chain = self._keep(pages, token) if f.shuffle and more else f"t{after}"
        return self._answer(chosen, more=more, token=f"{chain}-{following}" if more else "")

    def _keep(self, pages: list[list[tuple[int, bytes]]], token: str) -> str:
        """Pages in no order are a snapshot that the token names; pages in order are computed anew each time."""
        name = token.split("-", maxsplit=1)[0] if token else f"s{len(self._chains)}"
        self._chains[name] = pages
        return name

    def _snapshot(self, token: str) -> list[list[tuple[int, bytes]]] | None:
        return self._chains.get(token.split("-", maxsplit=1)[0]) if token.startswith("s") else None

    def _pages(self, after: int | None, limit: int) -> list[list[tuple[int, bytes]]]:
        found = [item for item in self.held if after is None or item[0] > after]
        pages = [found[at : at + limit] for at in range(0, len(found), limit)]
        if self.faults.shuffle:
            random.Random(len(pages)).shuffle(pages)
        return pages

    def _moving(
        self, token: str, pages: list[list[tuple[int, bytes]]]
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Like medallion: one token for the chain, and each request for it takes the next page away."""
        if not token:
            token = uuid.UUID(int=self.dice.getrandbits(128)).hex
            self._chains[token] = list(pages)
        if token not in self._chains:
            return 400, {}, {"title": "'next' not valid"}
        left = self._chains[token]
        chosen = left.pop(0) if left else []
        if not left:
            self._chains.pop(token)
        return self._answer(chosen, more=bool(left), token=token if left else "")

    def _answer(
        self, chosen: list[tuple[int, bytes]], *, more: bool, token: str
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        body: dict[str, Any] = {"more": more}
        if token:
            body["next"] = token
        if chosen:
            body["objects"] = [raw.decode() for _, raw in chosen]
        return 200, self._date_headers(chosen), body

    def _date_headers(self, chosen: list[tuple[int, bytes]]) -> dict[str, str]:
        how = self.faults.dates
        if not chosen or how == "missing":
            return {}
        first, last = chosen[0][0], chosen[-1][0]
        if how == "swapped":
            first, last = last, first
        if how == "future":
            first, last = first, EPOCH * 2
        if how == "backwards":
            first = last = EPOCH - 10**9 * self.dice.randrange(1, 50)
        if how == "early":
            first, last = first - 10**9, last - 10**9
        if how == "late":  # plausible and false: later than true, not yet in the future
            first, last = self.now - 1, self.now
        texts = ("yesterday", "tomorrow") if how == "garbage" else (to_text(first), to_text(last))
        return {"X-TAXII-Date-Added-First": texts[0], "X-TAXII-Date-Added-Last": texts[1]}

    # --- writing -----------------------------------------------------------------------------------------------

    def post(self, raw: bytes) -> tuple[int, dict[str, Any]]:
        self.received.append(raw)
        if len(raw) > self.faults.takes_at_most:
            return 413, {"title": "too large"}
        objects = json.loads(raw)["objects"]
        good = [o for o in objects if o["id"] not in self.faults.refuse_ids]
        for o in good:
            self.held.append(
                (max(self.now, self.held[-1][0] + 1 if self.held else 0), json.dumps(o).encode())
            )
        identifier = str(uuid.UUID(int=self.dice.getrandbits(128)))
        self._status[identifier] = self.faults.pending_rounds
        self._last = {
            "id": identifier,
            "total_count": len(objects),
            "success_count": len(good),
            "failure_count": len(objects) - len(good),
            "failures": [
                {"id": o["id"], "version": o["modified"], "message": "no"} for o in objects if o not in good
            ],
            "pending_count": 0,
        }
        return 202, self.status(identifier)

    def status(self, identifier: str) -> dict[str, Any]:
        left = self._status[identifier]
        if left:
            self._status[identifier] = left - 1 if left > 0 else left
            return {
                "id": identifier,
                "status": "pending",
                "total_count": self._last["total_count"],
                "pending_count": 1,
            }
        return self._last | {"status": "complete"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    peer: Peer

    def log_message(self, *_: object) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.peer.now / 1_000_000, usegmt=True)

    def do_GET(self) -> None:
        with self.peer.lock:
            self._get()

    def do_DELETE(self) -> None:
        with self.peer.lock:
            self.peer.requests["DELETE"] += 1
            wanted = urlsplit(self.path).path.rstrip("/").rsplit("/", 1)[-1]
            kept = [item for item in self.peer.held if json.loads(item[1])["id"] != wanted]
            gone = len(kept) < len(self.peer.held)
            self.peer.held[:] = kept
            self._send(200 if gone else 404, {}, b"" if gone else b'{"title": "nothing there"}')

    def do_POST(self) -> None:
        with self.peer.lock:
            self.peer.requests["POST"] += 1
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            if self._misbehaves():
                return
            self._json(*self.peer.post(raw))

    def _get(self) -> None:
        peer = self.peer
        parts = urlsplit(self.path)
        peer.seen_headers.append(dict(self.headers.items()))
        peer.requests[parts.path] += 1
        if peer.require_token and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._json(401, {"title": "who are you?"})
            return
        objects = f"/api/collections/{peer.id}/objects/"
        if parts.path in {"/taxii2/", "/taxii2"}:
            self._json(
                200,
                {
                    "title": "hostile",
                    "default": peer.faults.api_roots[0],
                    "api_roots": list(peer.faults.api_roots),
                },
            )
        elif parts.path == "/api/":
            root = {
                "title": "root",
                "versions": [TAXII],
                "max_content_length": peer.faults.max_content_length,
            }
            self._json(200, root | ({"x_tocsin_exact_cursor": True} if peer.exact else {}))
        elif parts.path == "/api/collections/":
            c = {
                "id": peer.id,
                "title": "Feed",
                "alias": "feed",
                "can_read": True,
                "can_write": True,
                "media_types": ["application/stix+json;version=2.1"],
            }
            self._json(200, {"collections": [c]})
        elif parts.path == objects:
            peer.requests["page"] += 1
            self._objects(dict(parse_qsl(parts.query)))
        elif parts.path.startswith("/api/status/"):
            self._json(200, peer.status(parts.path.split("/")[3]))
        elif parts.path.endswith("/manifest/"):
            records = [
                {"id": json.loads(r)["id"], "date_added": to_text(d), "version": "2026-01-01T00:00:00.000Z"}
                for d, r in peer.held
            ]
            self._json(200, {"objects": records})
        elif parts.path.startswith(objects):
            self._one(parts.path.removeprefix(objects).strip("/").split("/"))
        else:
            self._json(404, {"title": "nothing there"})

    def _one(self, path: list[str]) -> None:
        found = [r for _, r in self.peer.held if json.loads(r)["id"] == path[0]]
        if not found:
            self._json(404, {"title": "nothing there"})
        elif path[1:] == ["versions"]:
            self._json(200, {"versions": [json.loads(r)["modified"] for r in found]})
        else:
            self._send(200, {}, b'{"objects": [' + b",".join(found) + b"]}")

    def _misbehaves(self) -> bool:
        f, dice = self.peer.faults, self.peer.dice
        if f.redirect:
            self._send(307, {"Location": f.redirect}, b"")
            return True
        if dice.random() < f.reset_rate:
            self.close_connection = True
            return True
        if dice.random() < f.status_rate:
            self.peer.requests["faults"] += 1
            headers = {"Retry-After": f.retry_after} if f.retry_after else {}
            title = (
                f"failed for {self.headers.get('Authorization')}\x1b[2J" if f.error_echoes_token else "failed"
            )
            self._send(f.status, headers, json.dumps({"title": title}).encode())
            return True
        return False

    def _objects(self, query: dict[str, str]) -> None:
        f = self.peer.faults
        if self._misbehaves():
            return
        status, headers, body = self.peer.page(query)
        objects = body.pop("objects", None)
        raw = json.dumps(body).encode()
        if objects is not None:
            raw = raw[:-1] + b', "objects": [' + ",".join(objects).encode() + b"]}"
        if f.body:
            if f.body == "endless":
                self._endless()
                return
            raw = _BODIES.get(f.body, raw)
            if f.body == "huge-length":
                headers["Content-Length"] = str(1 << 40)
            if f.body == "bad-utf8":
                raw = raw.replace(b"indicator", b"indic\xff\xfetor", 1)
        if self.peer.dice.random() < f.garble_rate:
            self.peer.requests["faults"] += 1
            raw = raw[: len(raw) // 2]
        raw, encoding = _pack(f.packing, raw)
        self._send(status, headers | ({"Content-Encoding": encoding} if encoding else {}), raw)

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", TAXII)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            while True:
                self.wfile.write(chunk)
        except OSError:
            self.close_connection = True

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, {}, json.dumps(body).encode())

    def _send(self, status: int, headers: dict[str, str], raw: bytes) -> None:
        f = self.peer.faults
        pages = self.path.split("?")[0].endswith("/objects/")
        all_headers = {
            "Content-Type": f.media_type if pages else TAXII,
            "Content-Length": str(len(raw)),
        } | headers
        cut = pages and status == 200 and self.command == "GET" and self.peer.dice.random() < f.cut_rate
        try:
            if pages and f.drip_headers:
                self._drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000, f.drip_headers)
                return
            self.send_response(status)
            for name, value in all_headers.items():
                self.send_header(name, value)
            self.end_headers()
            if cut:
                self.peer.requests["faults"] += 1
                self.wfile.write(raw[: len(raw) // 2])
                self.close_connection = True
            elif pages and f.drip_body:
                self._drip(raw, f.drip_body)
            else:
                self.wfile.write(raw)
        except OSError:
            self.close_connection = True

    def _drip(self, raw: bytes, pause: float) -> None:
        for at in range(len(raw)):
            self.wfile.write(raw[at : at + 1])
            self.wfile.flush()
            time.sleep(pause)


_BODIES = {
    "html": b"<html>log in</html>",
    "list": b"[1, 2]",
    "deep": b'{"objects": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    "number-next": b'{"more": "yes"}',
}


def _pack(how: str, raw: bytes) -> tuple[bytes, str]:
    if how == "gzip":
        return gzip.compress(raw), "gzip"
    if how == "zstd":
        return zstandard.ZstdCompressor().compress(raw), "zstd"
    if how == "liar":
        return raw, "gzip"
    if how == "unknown":
        return raw, "br"
    if how == "gzip-bomb":
        return gzip.compress(bytes(40_000_000)), "gzip"
    if how == "zstd-bomb":
        return zstandard.ZstdCompressor().compress(bytes(400_000_000)), "zstd"
    return raw, ""


@contextmanager
def serving(peer: Peer, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Serve `peer` on a free port of loopback, over TLS when a context is given."""
    handler = type("Handler", (_Handler,), {"peer": peer})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        peer.scheme = "https"
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that hang up are the point
    peer.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def with_faults(peer: Peer, **faults: Any) -> Peer:
    """Change what `peer` does wrong from now on."""
    peer.faults = replace(peer.faults, **faults)
    return peer
