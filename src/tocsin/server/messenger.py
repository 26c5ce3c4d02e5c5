"""Tells webhooks what they wait for, beside the requests."""

from __future__ import annotations

from tocsin.node.webhooks import Dispatcher
from tocsin.server.beside import Beside


class Messenger(Beside):
    """Queues deliveries and sends them; several processes on one database share the work, and what waits is in the database."""

    def __init__(self, dispatcher: Dispatcher, *, every: float = 2.0) -> None:
        """Bind; `start` begins."""
        # a receiver may take 15 seconds
        super().__init__("messenger", "webhooks are not told", every=every, stop_seconds=20.0)
        self._dispatcher = dispatcher

    def work(self) -> bool:
        """Queue what there is to tell, and tell it all."""
        self._dispatcher.gather()
        while not self._stopping.is_set() and self._dispatcher.deliver():
            pass
        return False
