"""One hunt from a browser at a time in a process: forms share two threads with everything that is written, and one has to stay free.

A hunt that is kept runs on a thread of its own, so that nobody has to wait for it: how far it is stands with its run.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager

from tocsin.errors import TocsinError
from tocsin.node import scanner
from tocsin.server.problems import RequestError

PATIENCE = 2.0
"""Seconds that a request waits: many hunts have ended by then."""
_ROOM = threading.BoundedSemaphore(1)
_log = logging.getLogger("tocsin.hunts")


@contextmanager
def taken() -> Iterator[None]:
    """Hold the one turn there is.

    Raises:
        RequestError: 503, another hunt is under way, or the scanner is being prepared.
    """
    _take()
    try:
        yield
    finally:
        _ROOM.release()


def begin(work: Callable[[], object]) -> None:
    """Do some work in the one turn there is, and wait a little for its end.

    Raises:
        RequestError: 503, another hunt is under way, or the scanner is being prepared.
        TocsinError: what the work raises, if it ends so soon.
    """
    _take()
    ended: Future[None] = Future()
    # a hunt may take hours: it is given up when the server ends
    threading.Thread(target=_do, args=(work, ended), name="hunt", daemon=True).start()
    if wait([ended], PATIENCE).done:
        ended.result()


def _take() -> None:
    if scanner.is_being_prepared():
        raise RequestError(
            503,
            "the scanner is being prepared, once on this machine",
            headers={"Retry-After": str(scanner.SECONDS)},
            hint=f"try again in about {scanner.SECONDS} seconds",
        )
    if not _ROOM.acquire(blocking=False):
        raise RequestError(503, "another hunt is under way", hint="try again when it has ended")


def _do(work: Callable[[], object], ended: Future[None]) -> None:
    failed: Exception | None = None
    try:
        work()
    except TocsinError as error:  # it stands with the run
        failed = error
    except Exception as error:  # noqa: BLE001 - on a thread of its own nobody else would tell of it
        _log.exception("a hunt broke off")
        failed = error
    finally:
        _ROOM.release()
    if failed is None:
        ended.set_result(None)
    else:
        ended.set_exception(failed)
