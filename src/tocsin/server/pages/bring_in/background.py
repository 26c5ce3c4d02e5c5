"""Imports from a browser run on a thread of their own, one after the other: a request does not wait for a large one, and writing stays quick for others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from tocsin.errors import TocsinError
from tocsin.server.problems import RequestError

AT_MOST = 20
"""Imports that run or wait in a process; each holds what was sent, in a file."""
PATIENCE = 2.0
"""Seconds that a request waits: most imports have ended by then, and their report is what is shown first."""
_log = logging.getLogger("tocsin.server")
_room = threading.BoundedSemaphore(AT_MOST)


def begin(work: Callable[[], None]) -> None:
    """Do some work, and wait a little for its end.

    Raises:
        RequestError: 503, too much is under way.
    """
    if not _room.acquire(blocking=False):
        raise RequestError(503, "too many imports are under way", hint="try again when some have ended")
    wait([_pool().submit(_do, work)], timeout=PATIENCE)


def _do(work: Callable[[], None]) -> None:
    try:
        work()
    except TocsinError as error:  # it stands with the import
        _log.info("an import ended early: %s", error.code)
    except Exception:  # noqa: BLE001 - on a thread of its own nobody else would tell of it
        _log.exception("an import broke off")
    finally:
        _room.release()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="import")
