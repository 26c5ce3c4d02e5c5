"""Sockets with one deadline for a whole exchange.

HTTP libraries bound each read, so a peer that sends a byte now and then keeps us for ever, in headers as in the body.
Here every operation on the socket gets no more than what is left of one budget.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

Ticks = Callable[[], float]

_PIECE = 64 * 1024


class Budget:
    """Seconds left for the exchange under way; one exchange at a time."""

    def __init__(self, ticks: Ticks) -> None:
        """Take a clock that only goes forward, in seconds."""
        self._ticks = ticks
        self._end = float("inf")

    def start(self, seconds: float) -> None:
        """Begin an exchange that may take `seconds`."""
        self._end = self._ticks() + seconds

    def cut(self, timeout: float | None) -> float:
        """Return how long the next operation may take; 0 or less when the time is over."""
        left = self._end - self._ticks()
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, budget: Budget) -> None:
        self._inner = inner
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._budget.cut(timeout)
        if left <= 0:
            raise httpcore.ReadTimeout("the whole exchange takes too long")
        return self._inner.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for at in range(0, len(buffer), _PIECE):
            left = self._budget.cut(timeout)
            if left <= 0:
                raise httpcore.WriteTimeout("the whole exchange takes too long")
            self._inner.write(buffer[at : at + _PIECE], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = max(self._budget.cut(timeout), 0.001)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, budget: Budget) -> None:
        self._inner = httpcore.SyncBackend()
        self._budget = budget

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = max(self._budget.cut(timeout), 0.001)
        return _Stream(
            self._inner.connect_tcp(host, port, left, local_address, socket_options or ()), self._budget
        )


class Transport(httpx.HTTPTransport):
    """httpx's own transport on one connection, whose sockets keep to a budget."""

    def __init__(self, context: ssl.SSLContext, budget: Budget) -> None:
        super().__init__(verify=context)
        # httpx has no public way to name a network backend; tests/federation proves that it is in use (slow headers)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=30.0,
            network_backend=_Backend(budget),
        )
