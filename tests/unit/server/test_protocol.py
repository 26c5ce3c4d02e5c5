"""Deadlines and limits of connections, on real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
import uvloop

from tocsin.server.protocol import Limits, protocol

LIMITS = Limits(header_seconds=0.5, header_bytes=4096, stall_seconds=0.7, connections=5)
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def app(scope, receive, send) -> None:
    if scope["type"] == "lifespan":
        return
    if scope["method"] == "POST" and scope["path"] == "/read":
        while (await receive())["more_body"]:
            pass
    body = b"x" * 30_000_000 if scope["path"] == "/large" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture
def port(listening: socket.socket, server: uvicorn.Server) -> int:
    assert server.started
    return int(listening.getsockname()[1])


@pytest.fixture(params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest, listening: socket.socket) -> Iterator[uvicorn.Server]:
    config = uvicorn.Config(app, http=protocol(60, LIMITS), ws="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def run() -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(server.serve(sockets=[listening]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server
    server.should_exit = server.force_exit = True
    thread.join(10)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as opened:
        yield opened


def everything(opened: socket.socket) -> bytes:
    """Read until the other side closes."""
    found = bytearray()  # adding to bytes copies all there is: a slow machine was taken for a slow client
    try:
        while part := opened.recv(1 << 16):
            found += part
    except ConnectionError:
        pass
    return bytes(found)


def answer(opened: socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"ok"):
        found += opened.recv(1 << 16)
    return found


def test_a_quick_client_is_served_and_kept(port: int) -> None:
    with connected(port) as opened:
        for _ in range(3):
            opened.sendall(HEAD + b"\r\n")
            assert answer(opened).startswith(b"HTTP/1.1 200")
        time.sleep(0.8)  # idle between requests is no crime
        opened.sendall(HEAD + b"\r\n")
        assert answer(opened).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("first", [b"", b"G", HEAD, b"\r\n", HEAD + b"X-A: "])
def test_a_client_that_trickles_is_cut_off(port: int, first: bytes) -> None:
    began = time.monotonic()
    with connected(port) as opened:
        opened.sendall(first)
        opened.settimeout(0.05)
        found = b""
        while time.monotonic() - began < 4:
            try:
                opened.sendall(b"a" if first.endswith(b" ") else b"")
                part = opened.recv(100)
                found += part
                if not part:
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert time.monotonic() - began < 3
    assert b" 408 " in found


def test_trickling_on_a_kept_connection_is_no_better(port: int) -> None:
    with connected(port) as opened:
        opened.sendall(HEAD + b"\r\n")
        answer(opened)
        opened.sendall(HEAD)
        began = time.monotonic()
        assert b" 408 " in everything(opened)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 100) for n in range(100)) + b"\r\n",
        HEAD + b"X-A: " + b"a" * 8000 + b"\r\n\r\n",
        HEAD + b"X-A: " + b"a" * 500_000,  # a header that never ends
        b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 500_000,
    ],
    ids=["many", "long", "endless", "target", "endless target"],
)
def test_headers_without_measure_are_431(port: int, head: bytes) -> None:
    with connected(port) as opened:
        try:
            opened.sendall(head)
        except ConnectionError:
            return  # it had closed before all was sent
        assert everything(opened).startswith((b"HTTP/1.1 431", b""))
    with connected(port) as opened:
        opened.sendall(HEAD + b"\r\n")
        assert answer(opened)


def test_as_many_bytes_as_allowed_pass(port: int) -> None:
    with connected(port) as opened:
        opened.sendall(HEAD + b"X-A: " + b"a" * 3900 + b"\r\n\r\n")
        assert answer(opened).startswith(b"HTTP/1.1 200")


def test_a_body_nobody_wanted_is_thrown_away_and_then_cut_off(port: int) -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
    began = time.monotonic()
    with connected(port) as opened:
        opened.sendall(post + b"x" * 100_000)
        found = answer(opened)
        try:
            while time.monotonic() - began < 4:
                opened.sendall(b"x" * 1000)
                time.sleep(0.02)
        except ConnectionError:
            pass
    assert found.startswith(b"HTTP/1.1 200")
    assert time.monotonic() - began < 3


def test_a_small_unwanted_body_leaves_the_connection_usable(port: int) -> None:
    with connected(port) as opened:
        for _ in range(3):
            opened.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
            assert answer(opened).startswith(b"HTTP/1.1 200")


def test_a_client_that_does_not_read_is_dropped(port: int, server: uvicorn.Server) -> None:
    with connected(port) as opened:
        opened.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        opened.recv(1)
        held = server.server_state.connections
        assert len(held) == 1
        deadline = time.monotonic() + 4
        while held and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not held


def test_a_client_that_reads_slowly_gets_all(port: int) -> None:
    with connected(port) as opened:
        opened.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert len(everything(opened)) > 30_000_000


def test_more_connections_than_allowed_are_told_so(port: int) -> None:
    held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(5)]
    try:
        for each in held:
            each.sendall(HEAD + b"\r\n")
            answer(each)
        with connected(port) as late:
            found = everything(late)
            assert found.startswith(b"HTTP/1.1 503")
            assert b"Retry-After" in found
        held.pop().close()
        time.sleep(0.2)
        with connected(port) as later:
            later.sendall(HEAD + b"\r\n")
            assert answer(later)
    finally:
        for each in held:
            each.close()


@pytest.mark.parametrize(
    "bad",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nX : y\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS where there is none
    ],
)
def test_what_is_no_http_is_answered_or_cut_off(port: int, bad: bytes) -> None:
    with connected(port) as opened:
        opened.sendall(bad)
        found = everything(opened)
        assert found == b"" or found.startswith((b"HTTP/1.1 400", b"HTTP/1.1 408"))
    with connected(port) as opened:
        opened.sendall(HEAD + b"\r\n")
        assert answer(opened)
