"""Drops what is over, beside the requests: sessions a day after their end, and what browsers began and never ended."""

from __future__ import annotations

from tocsin.server.beside import Beside
from tocsin.store import Store, ceremonies, sessions


class Caretaker(Beside):
    """Drops; several processes on one database do it one after the other, and no harm is done."""

    def __init__(self, store: Store, *, every: float = 300.0) -> None:
        """Bind to a store; `start` begins."""
        super().__init__("caretaker", "what is over is not dropped", every=every, stop_seconds=5.0)
        self._store = store

    def drop(self) -> int:
        """Drop what is over now; return how many rows that were."""
        now = self._store.clock()
        with self._store.connection() as connection:
            return sessions.forget(connection, now=now) + ceremonies.forget(connection, now=now)

    def work(self) -> bool:
        """Drop all that is over."""
        self.drop()
        return False
