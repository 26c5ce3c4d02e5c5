"""The HTTP/1.1 client that all TAXII benchmarks share, and a server of ready-made answers: the limit beside them.

The client is a socket, a buffer that is used again and a search for the end of the headers: 20 to 40 µs a request, and 0.2 ms
for a page of 0.8 MB. The server sends bytes made beforehand, from an asyncio protocol on uvloop in a process of its own: as
fast as one process with Python's usual stack can put those bytes on loopback.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import re
import selectors
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple, cast
from urllib.parse import quote, urlsplit

import uvloop

MEDIA = "application/taxii+json;version=2.1"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CLOSE = re.compile(rb"(?i)\r\nconnection: *close")
_NEXT = re.compile(rb'"next" *: *"([^"]+)"')
_OBJECT = re.compile(rb'"id" *: *"indicator--')
_EDGE = 400  # `next` stands before the objects or behind them


class Served(NamedTuple):
    """A TAXII server that runs: what it is called, and what a client has to know.

    Attributes:
        name: for the lines that are printed.
        url: of the collection, without a slash at the end.
        authorization: value of that header.
        pid: its process, the parent of all others that it has.
        seconds: from its start until it answered as ready; of peers, until they answered at all.
    """

    name: str
    url: str
    authorization: str
    pid: int = 0
    seconds: float = 0.0


class Answer(NamedTuple):
    """An answer: status, header fields as they came, body. The body is good until the next request."""

    status: int
    head: bytes
    body: memoryview

    def field(self, name: str) -> str:
        """Return a header field, or ""."""
        found = re.search(rb"(?i)\r\n" + name.encode() + rb": *([^\r]*)", self.head)
        return found.group(1).decode() if found else ""

    def next(self) -> str:
        """Return the value of `next`, or "" at the end; peers write it before or behind the objects."""
        found = _NEXT.search(self.body[:_EDGE]) or _NEXT.search(self.body[-_EDGE:])
        return found.group(1).decode() if found else ""

    def indicators(self) -> int:
        """Return how many indicators there are. Takes a millisecond a thousand: not for timed stretches."""
        return sum(1 for _ in _OBJECT.finditer(self.body))


class Connector:
    """One kept connection, made again where the server closes it. With `begin` and `take`, several can be driven at once."""

    def __init__(self, served: Served) -> None:
        parts = urlsplit(served.url)
        self.path = parts.path
        self._address = (parts.hostname or "", parts.port or 80)
        host, port = self._address
        self._fields = f"Host: {host}:{port}\r\nAccept: {MEDIA}\r\nAuthorization: {served.authorization}\r\n"
        self._buffer = bytearray(1 << 20)
        self._have = 0
        self._whole = 0  # bytes of headers and body together, once the headers are there
        self._start = 0
        self.socket: socket.socket | None = None

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def request(self, target: str, *, method: str = "GET", length: int = 0) -> bytes:
        """Return the head of a request for `target`, relative to the collection."""
        extra = f"Content-Type: {MEDIA}\r\nContent-Length: {length}\r\n" if length else ""
        return f"{method} {self.path}{target} HTTP/1.1\r\n{self._fields}{extra}\r\n".encode()

    def begin(self, request: bytes, body: bytes = b"") -> socket.socket:
        """Send a request."""
        if self.socket is None:
            self.socket = socket.create_connection(self._address)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._have = self._whole = 0
        self.socket.sendall(request)
        if body:
            self.socket.sendall(body)
        return self.socket

    def take(self) -> Answer | None:
        """Receive once; return the answer when it is whole."""
        assert self.socket is not None
        if self._have == len(self._buffer):
            self._buffer.extend(bytes(len(self._buffer)))
        # a view would keep the buffer from growing
        with memoryview(self._buffer) as whole, whole[self._have :] as free:
            got = self.socket.recv_into(free)
        if not got:
            raise ConnectionError("the server closed the connection")
        self._have += got
        if not self._whole:
            end = self._buffer.find(b"\r\n\r\n", 0, self._have)
            if end < 0:
                return None
            found = _LENGTH.search(self._buffer, 0, end + 2)
            if found is None:
                raise ConnectionError(f"an answer without length: {bytes(self._buffer[:end])!r}")
            self._start = end + 4
            self._whole = self._start + int(found.group(1))
        if self._have < self._whole:
            return None
        head = bytes(self._buffer[: self._start])
        if _CLOSE.search(head) or head.startswith(b"HTTP/1.0"):
            self.close()
        return Answer(int(head[9:12]), head, memoryview(self._buffer)[self._start : self._whole])

    def ask(self, target: str, *, method: str = "GET", body: bytes = b"") -> Answer:
        """Send a request and wait for the answer.

        Raises:
            ConnectionError: no answer, or one that is no success.
        """
        try:
            self.begin(self.request(target, method=method, length=len(body)), body)
        except (BrokenPipeError, ConnectionResetError):  # closed since the last answer
            self.close()
            self.begin(self.request(target, method=method, length=len(body)), body)
        answer = None
        while answer is None:
            answer = self.take()
        if answer.status >= 300:
            raise ConnectionError(f"{method} {target}: {answer.status} {bytes(answer.body[:300])!r}")
        return answer


class Walked(NamedTuple):
    """A walk through all pages: objects, bytes of bodies, and seconds of each page."""

    objects: int
    bytes: int
    seconds: list[float]

    @property
    def rate(self) -> float:
        """Objects a second."""
        return self.objects / sum(self.seconds)


def walk(served: Served, limit: int = 1000) -> Walked:
    """Follow `next` from the first page to the last.

    The clock of a page runs from sending the request to having found `next` in the whole answer; that the page holds what
    it should is counted while it stands.
    """
    connector = Connector(served)
    seconds = []
    objects = size = 0
    target = first = f"/objects/?limit={limit}"
    while target:
        began = time.perf_counter()
        answer = connector.ask(target)
        following = answer.next()
        seconds.append(time.perf_counter() - began)
        objects += answer.indicators()
        size += len(answer.body)
        answer.body.release()
        target = f"{first}&next={quote(following)}" if following else ""
    connector.close()
    return Walked(objects, size, seconds)


def drive(served: Served, targets: Iterator[str], *, connections: int, seconds: float) -> list[float]:
    """Keep `connections` busy from one thread for `seconds`; return the ms that each answer took.

    Raises:
        ConnectionError: an answer that is no success.
    """
    taken = []
    with selectors.DefaultSelector() as selector:
        open_: dict[int, tuple[Connector, float]] = {}

        def send(connector: Connector) -> None:
            opened = connector.begin(connector.request(next(targets)))
            open_[opened.fileno()] = (connector, time.perf_counter())
            selector.register(opened, selectors.EVENT_READ)

        for _ in range(connections):
            send(Connector(served))
        end = time.perf_counter() + seconds
        while open_:
            for key, _ in selector.select():
                connector, began = open_[key.fd]
                opened = connector.socket
                assert opened is not None
                answer = connector.take()
                if answer is None:
                    continue
                now = time.perf_counter()
                taken.append((now - began) * 1000)
                if answer.status != 200:
                    raise ConnectionError(f"{answer.status} {bytes(answer.body[:300])!r}")
                answer.body.release()
                selector.unregister(key.fileobj)
                del open_[key.fd]
                if now < end:
                    send(connector)
                else:
                    connector.close()
    return taken


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median_ms(connector: Connector, target: str, times: int) -> float:
    """Return the median ms of asking for `target`, one request after the other."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer = connector.ask(target)
        taken.append((time.perf_counter() - began) * 1000)
        answer.body.release()
    return statistics.median(taken)


class _Static(asyncio.Protocol):
    answers: list[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._number = 0

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(self.answers[self._number % len(self.answers)])
            self._number += 1


def _serve_static(bodies: list[bytes], pipe: Connection) -> None:
    _Static.answers = [
        b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (MEDIA.encode(), len(b), b)
        for b in bodies
    ]

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Static, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


@contextmanager
def static(bodies: list[bytes]) -> Iterator[Served]:
    """Serve `bodies` in turn, whatever is asked for, in another process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_static, args=(bodies, theirs), daemon=True)
    process.start()
    try:
        yield Served("static", f"http://127.0.0.1:{ours.recv()}", "none")
    finally:
        process.terminate()
        process.join()


def report(
    what: str, ours: float, peer: float | None, limit: float | None, ratio: float | None, **more: object
) -> None:
    """Print a figure as a line of JSON."""

    def short(value: float | None) -> float | None:
        return None if value is None else float(f"{value:.4g}")

    line = {
        "what": what,
        "ours": short(ours),
        "peer": short(peer),
        "limit": short(limit),
        "ratio": short(ratio),
    }
    print(json.dumps(line | more), flush=True)
