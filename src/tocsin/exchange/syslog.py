"""Syslog from the network: UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425), into a bounded queue.

Over TCP a sender is held back when the queue is full: nothing is read from it until there is room. Over UDP what finds no room is dropped and
counted. Framing is told by the first byte of a message (RFC 6587 section 3.4): a digit begins a count of octets, anything else a line.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import msgspec

from tocsin.errors import ConfigError, FormatError

LONGEST: Final = 64 * 1024
"""Most bytes of a message; a longer line comes in pieces, a longer count ends its connection."""
QUEUED: Final = 50_000
"""Messages that wait at most."""
CONNECTIONS: Final = 256
_BITE = 64 * 1024
_TICK = 0.2  # seconds after which a thread looks whether to stop
_HANDSHAKE = 10.0
_RECEIVED = 4 * 1024 * 1024  # bytes that the system is asked to hold of UDP


class Address(msgspec.Struct, frozen=True):
    """Where to listen: `udp`, `tcp` or `tls`, a host and a port; for TLS a certificate with its key, and who may connect ("": anybody)."""

    transport: str
    host: str
    port: int
    certificate: str = ""
    key: str = ""
    ca: str = ""


def frames(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the messages of a TCP stream, without what ends them; empty ones never.

    Raises:
        FormatError: a count is none, or larger than a message may be: where the next message begins cannot be told.
    """
    held = b""
    for chunk in chunks:
        held += chunk
        at = 0
        while at < len(held):
            if 49 <= held[at] <= 57:  # MSG-LEN begins with a digit that is not zero
                blank = held.find(b" ", at, at + 8)
                if blank < 0 and len(held) - at < 8:
                    break
                if blank < 0 or not held[at:blank].isdigit() or int(held[at:blank]) > LONGEST:
                    raise FormatError("the sender counts octets in a way that cannot be followed")
                end = blank + 1 + int(held[at:blank])
                if end > len(held):
                    break
                found, at = held[blank + 1 : end], end
            else:
                end = held.find(b"\n", at)
                if (end if end >= 0 else len(held)) - at > LONGEST:
                    found, at = held[at : at + LONGEST], at + LONGEST
                elif end < 0:
                    break
                else:
                    found, at = held[at:end], end + 1
            found = found.strip(b"\r\n\0")
            if found:
                yield found
        held = held[at:]
    if held.strip(b"\r\n\0") and not 49 <= held[0] <= 57:
        yield held.strip(b"\r\n\0")


class Listener:
    """Listens on one address, in threads of its own."""

    def __init__(self, address: Address) -> None:
        """Begin to listen.

        Raises:
            ConfigError: the address is taken or none, or a certificate cannot be used.
        """
        self.dropped = 0
        self.faults = 0
        self._queue: queue.Queue[tuple[str, bytes]] = queue.Queue(QUEUED)
        self._stopping = threading.Event()
        self._connections = threading.BoundedSemaphore(CONNECTIONS)
        self._tls = _context(address) if address.transport == "tls" else None
        self._scheme = address.transport
        self._socket = _bound(address)
        self.port: int = self._socket.getsockname()[1]
        work = self._datagrams if address.transport == "udp" else self._accept
        self._thread = threading.Thread(target=work, name=f"syslog-{address.transport}", daemon=True)
        self._thread.start()

    def take(self, most: int = 10_000) -> list[tuple[str, bytes]]:
        """Return messages that have come, each with who sent it, at most so many; without line feeds."""
        found: list[tuple[str, bytes]] = []
        with suppress(queue.Empty):
            while len(found) < most:
                found.append(self._queue.get_nowait())
        return found

    def close(self) -> None:
        """Stop listening; what was not taken is gone."""
        self._stopping.set()
        self._socket.close()
        self._thread.join(5)

    def _datagrams(self) -> None:
        while not self._stopping.is_set():
            try:
                data, peer = self._socket.recvfrom(65_535)
            except TimeoutError:
                continue
            except OSError:
                return
            message = data.strip(b"\r\n\0")
            if not message:
                continue
            try:
                self._queue.put_nowait((f"{self._scheme}://{peer[0]}", _line(message)))
            except queue.Full:
                self.dropped += 1

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                opened, peer = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            if not self._connections.acquire(blocking=False):
                self.faults += 1
                opened.close()
                continue
            name = f"{self._scheme}://{peer[0]}"
            threading.Thread(target=self._serve, args=(opened, name), name="syslog-peer", daemon=True).start()

    def _serve(self, opened: socket.socket, name: str) -> None:
        try:
            with opened:
                opened.settimeout(_HANDSHAKE)
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                stream = opened if self._tls is None else self._tls.wrap_socket(opened, server_side=True)
                stream.settimeout(_TICK)
                with stream:
                    for message in frames(self._chunks(stream)):
                        self._hold_back(name, _line(message))
        except (OSError, FormatError):  # a sender that goes away, or that nobody can follow
            self.faults += 1
        finally:
            self._connections.release()

    def _chunks(self, stream: socket.socket) -> Iterator[bytes]:
        while not self._stopping.is_set():
            try:
                data = stream.recv(_BITE)
            except TimeoutError:
                continue
            if not data:
                return
            yield data

    def _hold_back(self, name: str, message: bytes) -> None:
        while not self._stopping.is_set():
            with suppress(queue.Full):
                self._queue.put((name, message), timeout=_TICK)
                return


def _line(message: bytes) -> bytes:
    """Return a message as one line: within a counted one a line feed may stand."""
    return message.replace(b"\n", b" ").replace(b"\r", b" ")


def _bound(address: Address) -> socket.socket:
    kind = socket.SOCK_DGRAM if address.transport == "udp" else socket.SOCK_STREAM
    try:
        family, _, _, _, where = socket.getaddrinfo(
            address.host, address.port, type=kind, flags=socket.AI_PASSIVE | socket.AI_NUMERICHOST
        )[0]
        opened = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"{address.host!r} is no address to listen on", hint="an address such as 127.0.0.1 or ::1"
        ) from error
    try:
        opened.settimeout(_TICK)
        if kind == socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(where)
            opened.listen(CONNECTIONS)
        else:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVED)
            opened.bind(where)
    except OSError as error:
        opened.close()
        raise ConfigError(f"cannot listen on {address.host} port {address.port}: {error.strerror}") from error
    return opened


def _context(address: Address) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(address.certificate, address.key or None)
        if address.ca:
            context.load_verify_locations(cafile=address.ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the certificate for syslog over TLS cannot be used: {error}") from error
    return context
