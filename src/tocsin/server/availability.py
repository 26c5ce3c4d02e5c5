"""While the database is away, requests fail at once instead of each waiting for it; one a second tries.

A request that waits for a connection holds a thread for ten seconds, and there are few. (The store starts the node's own
server again if that is what went away.)
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tocsin.errors import StoreUnavailableError

_log = logging.getLogger("tocsin.server")
_EVERY = 1.0  # seconds between tries


class Availability:
    """Knows whether the database was there when it was last asked. Safe to share between threads."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        """Begin with the database there; `ticks` gives seconds."""
        self._ticks = ticks
        self._lock = threading.Lock()
        self._away = False
        self._next = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Run a block that asks the database.

        Raises:
            StoreUnavailableError: it is away; the block may not have run.
        """
        if self._away:
            self._require_turn()
        try:
            yield
        except StoreUnavailableError as error:
            if _is_away(error):
                self._lost()
            raise
        if self._away:
            self._found()

    def _require_turn(self) -> None:
        with self._lock:
            if self._away and self._ticks() < self._next:
                raise StoreUnavailableError("the database is away")
            self._next = self._ticks() + _EVERY

    def _lost(self) -> None:
        with self._lock:
            if not self._away:
                _log.error("the database went away")
            self._away = True
            self._next = self._ticks() + _EVERY

    def _found(self) -> None:
        with self._lock:
            if self._away:
                _log.warning("the database is back")
            self._away = False


def _is_away(error: StoreUnavailableError) -> bool:
    """Tell a database that does not answer from one that says why it will not (full, busy), by its SQLSTATE."""
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    return state is None or state[:2] in {"08", "57"}  # connection exception, operator intervention
