from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import ConfigError
from tocsin.exchange import syslog
from tocsin.exchange.syslog import LONGEST, Address, Listener, frames


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"<1>one\n<2>two\r\n\n<3>three\0\n", [b"<1>one", b"<2>two", b"<3>three"]),
        (b"6 <1>one7 <2>\nabc", [b"<1>one", b"<2>\nabc"]),
        (b"5 hello11 hello world", [b"hello", b"hello world"]),
        (b"<1>" + b"x" * (LONGEST + 5) + b"\n", [b"<1>" + b"x" * (LONGEST - 3), b"x" * 8]),
        (
            b"70000 <1>" + b"x" * 69_997 + b"6 <1>end",
            [b"<1>" + b"x" * (LONGEST - 3), b"x" * (70_000 - LONGEST), b"<1>end"],
        ),
        (b"<1>one\0<2>t\0wo\0" + b"5 three", [b"<1>one", b"<2>t\0wo", b"three"]),
        (
            b"2026-11-30 10:00 dated\n192.0.2.1 - -\n99999999 x\n",
            [b"2026-11-30 10:00 dated", b"192.0.2.1 - -", b"99999999 x"],
        ),
        (b"9 cut", [b"cut"]),
        (b"12", [b"12"]),
        (b"<1>no end", [b"<1>no end"]),
        (b"", []),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_framing(stream, expected, size):
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert list(frames(iter(chunks))) == expected


def test_what_nobody_ends_comes_after_a_while():
    read = frames(
        iter([b"<1>one", *[b""] * syslog._QUIET, b"<2>two\0", b"", b"9 <3>th", *[b""] * 99, b"ree\n"])
    )
    assert [*read] == [b"<1>one", b"<2>two", b"<3>three"]


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_whatever_comes_is_bounded(chunks):
    for each in frames(iter(chunks)):
        assert 0 < len(each) <= LONGEST


def _taken(listener, count, seconds=20.0):
    found = []
    until = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        found += listener.take()
        time.sleep(0.01)
    return found


@pytest.mark.parametrize(("bound", "most"), [("QUEUED", 5), ("QUEUED_BYTES", 5 * len(b"<1>number 0"))])
def test_datagrams_and_what_finds_no_room(monkeypatch, bound, most):
    monkeypatch.setattr(syslog, bound, most)
    listener = Listener(Address("udp", "127.0.0.1", 0))
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(9):
                sender.sendto(b"<1>number %d\n" % number, ("127.0.0.1", listener.port))
            until = time.monotonic() + 20
            while listener.dropped < 4 and time.monotonic() < until:
                time.sleep(0.01)
        assert _taken(listener, 5) == [("udp://127.0.0.1", b"<1>number %d" % number) for number in range(5)]
        assert listener.dropped == 4
    finally:
        listener.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what it dropped")
def test_datagrams_that_the_system_dropped_are_counted():
    listener = Listener(Address("udp", "127.0.0.1", 0))
    try:
        listener._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(3000):
                sender.sendto(b"<1>x" * 100, ("127.0.0.1", listener.port))
            taken = len(_taken(listener, 3000, 1.0))
        assert listener.dropped > 0
        assert taken + listener.dropped == 3000
    finally:
        listener.close()


def test_a_sender_over_tcp_is_held_back_and_loses_nothing(monkeypatch):
    monkeypatch.setattr(syslog, "QUEUED", 5)
    listener = Listener(Address("tcp", "127.0.0.1", 0))
    try:
        with socket.create_connection(("127.0.0.1", listener.port)) as sender:
            sender.sendall(b"".join(b"<1>number %d\n" % number for number in range(300)))
        found = _taken(listener, 300)
        assert [text for _, text in found] == [b"<1>number %d" % number for number in range(300)]
        assert listener.dropped == 0
    finally:
        listener.close()


def test_tls(tmp_path: Path):
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    files = [
        "-keyout",
        "key",
        "-out",
        "cert",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    subprocess.run([*made, *files], cwd=tmp_path, check=True, capture_output=True)
    cert, key = str(tmp_path / "cert"), str(tmp_path / "key")
    listener = Listener(Address("tls", "127.0.0.1", 0, cert, key))
    try:
        context = ssl.create_default_context(cafile=cert)
        with (
            socket.create_connection(("127.0.0.1", listener.port)) as opened,
            context.wrap_socket(opened, server_hostname="localhost") as sender,
        ):
            sender.sendall(b"10 <1>two\nabc<1>x\n"[:13])
        assert _taken(listener, 1) == [("tls://127.0.0.1", b"<1>two abc")]
        with socket.create_connection(("127.0.0.1", listener.port)) as plain:
            plain.sendall(b"<1>plain text\n" * 100)
        assert _taken(listener, 1, 1.0) == []
    finally:
        listener.close()


@pytest.mark.parametrize(
    "address",
    [
        Address("udp", "no address", 0),
        Address("tcp", "203.0.113.7", 0),
        Address("tls", "127.0.0.1", 0, "/nothing"),
    ],
)
def test_what_cannot_be_listened_on_is_said(address):
    with pytest.raises(ConfigError):
        Listener(address)
