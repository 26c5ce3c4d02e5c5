"""Drops what is over, beside the requests: sessions a day after their end, and what browsers began and never ended."""

from __future__ import annotations

import logging
import threading

from tocsin.errors import TocsinError
from tocsin.store import Store, ceremonies, sessions

_log = logging.getLogger("tocsin.server")
_EVERY = 300.0  # seconds
_STOP_SECONDS = 5.0


class Caretaker:
    """A thread that drops; several processes on one database do it one after the other, and no harm is done."""

    def __init__(self, store: Store, *, every: float = _EVERY) -> None:
        """Bind to a store; `start` begins."""
        self._store = store
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def drop(self) -> int:
        """Drop what is over now; return how many rows that were."""
        now = self._store.clock()
        with self._store.connection() as connection:
            return sessions.forget(connection, now=now) + ceremonies.forget(connection, now=now)

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self.drop()
            except TocsinError as error:
                _log.error("what is over is not dropped: %s", error)
