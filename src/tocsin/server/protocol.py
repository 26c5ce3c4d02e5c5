"""The HTTP protocol of uvicorn with deadlines and limits, which it has none of before a request is complete.

Held off here: clients that trickle their request line or headers, send too many of them, open connections without end, or
do not read what they asked for. The deadline of a body is in `bodies`, which knows what it is for.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD = b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: 0\r\n%b\r\n"
_SLOW = _HEAD % (b"408 Request Timeout", b"")
_FAT = _HEAD % (b"431 Request Header Fields Too Large", b"")
_BUSY = _HEAD % (b"503 Service Unavailable", b"Retry-After: 5\r\n")


class Limits(msgspec.Struct, frozen=True):
    """What a connection may take.

    Attributes:
        header_seconds: from the first byte of a request to the end of its headers.
        header_bytes: request line and headers together.
        stall_seconds: how long a client may leave what it asked for unread.
        connections: at most open in one process.
    """

    header_seconds: float = 15.0
    header_bytes: int = 64 * 1024
    stall_seconds: float = 60.0
    connections: int = 1000


class DeadlineProtocol(HttpToolsProtocol):
    """A connection under `limits`; one that breaks them is answered, where that is possible, and closed."""

    limits: ClassVar[Limits] = Limits()

    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _head_bytes = 0  # of the request whose headers are coming in, as they came
    _line_bytes = 0  # the same, as the parser hands them out
    _in_head = True
    _in_body = False
    _over = False  # refused: whatever still comes is not looked at

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the wait for the first request, unless there are too many connections."""
        super().connection_made(transport)
        opened = transport.get_extra_info("socket")
        if opened is not None and opened.family in {socket.AF_INET, socket.AF_INET6}:
            # Head and body go out as two segments, and Nagle would hold the second back for 40 ms.
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self.connections) > self.limits.connections:
            self._end(_BUSY)
            return
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a further request on a kept connection has its deadline from its first byte."""
        if self._over:
            return
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._arm()
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # One endless header reaches `on_header` only when it ends, which it never does.
        if self._in_head and self._head_bytes > self.limits.header_bytes:
            self._end(_FAT)

    def on_message_begin(self) -> None:
        """Count the headers of this request from nothing."""
        self._in_head, self._head_bytes, self._line_bytes = True, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the target with the headers."""
        if self._fits(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Refuse more bytes of headers than the limit."""
        if self._fits(len(name) + len(value)):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The client was quick enough."""
        self._in_head, self._in_body = False, True
        self._disarm()
        if not self._over:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if not self._over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body = False
        if not self._over:
            super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not read: give it some time."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self.limits.stall_seconds, self._abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._settle()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        self._disarm()
        self._settle()
        super().connection_lost(exc)

    def _fits(self, size: int) -> bool:
        self._line_bytes += size
        if not self._over and self._line_bytes > self.limits.header_bytes:
            self._end(_FAT)
        return not self._over

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(self.limits.header_seconds, self._late)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _settle(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _late(self) -> None:
        # Behind an answered request whose body never ended there is nobody who waits for a status.
        self._end(b"" if self._in_body else _SLOW)

    def _end(self, answer: bytes) -> None:
        self._over = True
        self._disarm()
        if not self.transport.is_closing():
            if answer:
                self.transport.write(answer)
            self.transport.close()

    def _abort(self) -> None:
        self._over = True
        self.transport.abort()


def protocol(seconds: float, limits: Limits | None = None) -> Any:
    """Return the protocol class for a server whose clients have `seconds` for a request (uvicorn makes the instances)."""
    given = limits or Limits(header_seconds=min(seconds, 15.0), stall_seconds=max(seconds, 1.0))
    return type("BoundProtocol", (DeadlineProtocol,), {"limits": given})
