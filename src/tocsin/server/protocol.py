"""The HTTP protocol of uvicorn with deadlines: a client that trickles its request line or headers is cut off."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEADERS_AT_MOST = 64 * 1024
_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_FAT = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

header_seconds = 15.0


class DeadlineProtocol(HttpToolsProtocol):
    """Closes connections whose headers take longer than `header_seconds` or more than 64 KiB."""

    _deadline: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the wait for the first request."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """A further request on a kept connection has its deadline from its first byte."""
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._arm()
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Count the headers of this request from nothing."""
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the target with the headers."""
        if self._fits(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Refuse more than 64 KiB of headers."""
        if self._fits(len(name) + len(value)):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The client was quick enough."""
        self._disarm()
        if not self.transport.is_closing():
            super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        self._disarm()
        super().connection_lost(exc)

    def _fits(self, size: int) -> bool:
        self._header_bytes += size
        if self._header_bytes <= _HEADERS_AT_MOST:
            return True
        self._end(_FAT)
        return False

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(header_seconds, self._end, _SLOW)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self, answer: bytes) -> None:
        self._disarm()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


def protocol(seconds: float) -> Any:
    """Return the protocol class with this deadline for headers."""
    global header_seconds  # noqa: PLW0603 - uvicorn makes the instances: the class is the only way in
    header_seconds = seconds
    return DeadlineProtocol
