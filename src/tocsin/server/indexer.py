"""Brings the search index up to what is held, beside the requests: who adds pays nothing for it."""

from __future__ import annotations

import logging
import threading

from tocsin.errors import TocsinError
from tocsin.store import Store
from tocsin.store.search import index

_log = logging.getLogger("tocsin.server")
_EVERY = 1.0  # seconds
_SPAN = 5.0  # seconds of work between two looks at whether to stop


class Indexer:
    """A thread that indexes; of several processes on one database one does it at a time."""

    def __init__(self, store: Store) -> None:
        """Bind to a store; `start` begins."""
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)

    def start(self) -> None:
        """Begin to index."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that is under way; what is left is indexed after the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_SPAN)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY):
            try:
                while not self._stopping.is_set() and index.advance(self._store):
                    pass
            except TocsinError as error:
                _log.error("the search index does not follow: %s", error)
