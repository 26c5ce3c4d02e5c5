"""Syslog from the network: UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425), into a bounded queue.

Over TCP a sender is held back when the queue is full: nothing is read from it until there is room. Over UDP what finds no room, here or in the
system's own buffer, is dropped and counted. Framing is told by how a message begins (RFC 6587 section 3.4): a number and a blank are a count of octets,
anything else is a line, which ends with a line feed or with a NUL before the next message.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import msgspec

from tocsin.errors import ConfigError

_log = logging.getLogger("tocsin.syslog")

LONGEST: Final = 64 * 1024
"""Most bytes of a message; a longer one comes in pieces."""
QUEUED: Final = 50_000
"""Messages that wait at most."""
QUEUED_BYTES: Final = 64 * 1024 * 1024
"""Bytes of messages that wait at most."""
CONNECTIONS: Final = 256
_BITE = 64 * 1024
_TICK = 0.2  # seconds after which a thread looks whether to stop
_QUIET = 50  # ticks after which a line that nobody ended is taken for whole
_HANDSHAKE = 10.0
_RECEIVED = 4 * 1024 * 1024  # bytes that the system is asked to hold of UDP
_MEMINFO = 55  # SO_MEMINFO of Linux
_DROPS = 8  # which of its numbers says how many datagrams the system dropped
_TOLD = 1000  # senders whose faults are told at most
_COUNT = re.compile(rb"([1-9]\d{0,6}) ")
_PART_OF_COUNT = re.compile(rb"[1-9]\d{0,6}\Z")
_LINE_END = re.compile(rb"\n|\0(?=[<1-9])")


class Address(msgspec.Struct, frozen=True):
    """Where to listen: `udp`, `tcp` or `tls`, a host and a port; for TLS a certificate with its key, and who may connect ("": anybody)."""

    transport: str
    host: str
    port: int
    certificate: str = ""
    key: str = ""
    ca: str = ""


def frames(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the messages of a TCP stream, without what ends them; empty ones never. An empty chunk says that nothing came for a tick.

    Nothing is lost, however it is framed: what is too long comes in pieces, and what nobody ends comes after ten seconds of silence, or with the end
    of the stream.
    """
    held = bytearray()
    seen = 0  # so far no line ends: one that comes byte by byte is not searched anew for each
    owed = 0  # octets that a count has announced
    quiet = 0
    for chunk in chunks:
        quiet = 0 if chunk else quiet + 1
        held += chunk
        at = 0
        while at < len(held):
            counted = None if owed else _COUNT.match(held, at)
            if counted is not None:
                owed, at = int(counted[1]), counted.end()
            end = _end_of_counted(held, at, owed) if owed else _end_of_line(held, at, seen)
            if end < 0:
                break
            yield from _text(bytes(held[at:end]))
            owed -= min(owed, end - at)
            at = end
        del held[:at]
        seen = len(held) - 1
        if not owed and (quiet >= _QUIET or (quiet and held.endswith(b"\0"))):
            yield from _text(bytes(held))
            held.clear()
    yield from _text(bytes(held))


def _end_of_counted(held: bytearray, at: int, owed: int) -> int:
    end = at + min(owed, LONGEST)
    return end if end <= len(held) else -1


def _end_of_line(held: bytearray, at: int, seen: int) -> int:
    if _PART_OF_COUNT.match(held, at):
        return -1
    found = _LINE_END.search(held, max(at, seen), at + LONGEST)
    if found is not None:
        return found.end()
    return at + LONGEST if len(held) - at > LONGEST else -1


def _text(message: bytes) -> Iterator[bytes]:
    found = message.strip(b"\r\n\0")
    if found:
        yield found


class _Queue:
    """Messages that wait, bounded in number and in bytes: whoever reaches the port decides how long they are."""

    def __init__(self) -> None:
        self._messages: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()

    def put(self, name: str, message: bytes, *, wait: float = 0.0) -> bool:
        """Add a message if there is room, or comes to be within `wait` seconds; tell whether there was."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(len(message)), wait):
                return False
            self._messages.append((name, message))
            self._bytes += len(message)
            return True

    def take(self, most: int) -> list[tuple[str, bytes]]:
        """Return at most so many messages, the oldest first."""
        with self._changed:
            found = [self._messages.popleft() for _ in range(min(most, len(self._messages)))]
            self._bytes -= sum(len(message) for _, message in found)
            if found:
                self._changed.notify_all()
        return found

    def _has_room(self, size: int) -> bool:
        return len(self._messages) < QUEUED and self._bytes + size <= QUEUED_BYTES


class Listener:
    """Listens on one address, in threads of its own."""

    def __init__(self, address: Address) -> None:
        """Begin to listen.

        Raises:
            ConfigError: the address is taken or none, or a certificate cannot be used.
        """
        self.faults = 0
        self._queue = _Queue()
        self._no_room = self._overflown = 0
        self._told: set[tuple[str, str]] = set()
        self._stopping = threading.Event()
        self._connections = threading.BoundedSemaphore(CONNECTIONS)
        self._tls = _context(address) if address.transport == "tls" else None
        self._scheme = address.transport
        self._socket = _bound(address)
        self.port: int = self._socket.getsockname()[1]
        work = self._datagrams if address.transport == "udp" else self._accept
        self._thread = threading.Thread(target=work, name=f"syslog-{address.transport}", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Datagrams that found no room, here or in the system's buffer."""
        if self._scheme == "udp" and sys.platform == "linux":
            with suppress(OSError):  # closed: the last count stands
                told = self._socket.getsockopt(socket.SOL_SOCKET, _MEMINFO, 4 * (_DROPS + 1))
                self._overflown = memoryview(told).cast("I")[_DROPS]
        return self._no_room + self._overflown

    def take(self, most: int = 10_000) -> list[tuple[str, bytes]]:
        """Return messages that have come, each with who sent it, at most so many; without line feeds."""
        return self._queue.take(most)

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
            if not self._queue.put(f"{self._scheme}://{peer[0]}", _line(message)):
                self._no_room += 1

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                opened, peer = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            name = f"{self._scheme}://{peer[0]}"
            if not self._connections.acquire(blocking=False):
                self._fault(name, f"{CONNECTIONS} others are connected: it is turned away")
                opened.close()
                continue
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
        except OSError as error:  # a sender that goes away, or that may not connect
            self._fault(name, getattr(error, "reason", None) or error.strerror or str(error))
        finally:
            self._connections.release()

    def _fault(self, name: str, reason: str) -> None:
        self.faults += 1
        if (name, reason) not in self._told and len(self._told) < _TOLD:
            self._told.add((name, reason))
            _log.warning("%s: %s", name, reason)

    def _chunks(self, stream: socket.socket) -> Iterator[bytes]:
        while not self._stopping.is_set():
            try:
                data = stream.recv(_BITE)
            except TimeoutError:
                yield b""
                continue
            if not data:
                return
            yield data

    def _hold_back(self, name: str, message: bytes) -> None:
        while not self._stopping.is_set():
            if self._queue.put(name, message, wait=_TICK):
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
