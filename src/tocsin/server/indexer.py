"""Brings the search index up to what is held, beside the requests: who adds pays nothing for it."""

from __future__ import annotations

from tocsin.server.beside import Beside
from tocsin.store import Store
from tocsin.store.search import index


class Indexer(Beside):
    """Indexes; of several processes on one database one does it at a time, and what is left is indexed after the next start."""

    def __init__(self, store: Store, *, every: float = 1.0) -> None:
        """Bind to a store; `start` begins."""
        super().__init__("indexer", "the search index does not follow", every=every, stop_seconds=5.0)
        self._store = store

    def work(self) -> bool:
        """Index a batch."""
        return index.advance(self._store)
