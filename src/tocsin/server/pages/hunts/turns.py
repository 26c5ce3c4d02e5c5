"""One hunt from a browser at a time in a process: forms share two threads with everything that is written, and one has to stay free."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.node import scanner
from tocsin.server.problems import RequestError

_ROOM = threading.BoundedSemaphore(1)


@contextmanager
def taken() -> Iterator[None]:
    """Hold the one turn there is.

    Raises:
        RequestError: 503, another hunt is under way, or the scanner is being prepared.
    """
    if scanner.is_being_prepared():
        raise RequestError(
            503,
            "the scanner is being prepared, once on this machine",
            headers={"Retry-After": str(scanner.SECONDS)},
            hint=f"try again in about {scanner.SECONDS} seconds",
        )
    if not _ROOM.acquire(blocking=False):
        raise RequestError(503, "another hunt is under way", hint="try again when it has ended")
    try:
        yield
    finally:
        _ROOM.release()
