"""Tells webhooks what they wait for, beside the requests."""

from __future__ import annotations

import logging
import threading

from tocsin.errors import TocsinError
from tocsin.node.webhooks import Dispatcher

_log = logging.getLogger("tocsin.server")
_EVERY = 2.0  # seconds
_STOP_SECONDS = 20.0  # a receiver may take 15


class Messenger:
    """A thread that queues deliveries and sends them; several processes on one database share the work."""

    def __init__(self, dispatcher: Dispatcher, *, every: float = _EVERY) -> None:
        """Bind; `start` begins."""
        self._dispatcher = dispatcher
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="messenger", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the delivery that is under way; what waits is in the database."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self._dispatcher.gather()
                while not self._stopping.is_set() and self._dispatcher.deliver():
                    pass
            except TocsinError as error:
                _log.error("webhooks are not told: %s", error)
