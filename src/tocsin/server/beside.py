"""Work that is done again and again beside the requests, on a thread of its own."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

from tocsin.errors import TocsinError

_log = logging.getLogger("tocsin.server")


class Beside(ABC):
    """A thread that works, waits and works; what fails is logged, and tried again after the next wait."""

    def __init__(self, name: str, trouble: str, *, every: float, stop_seconds: float) -> None:
        """Take the thread's name, what a failure means in words, and seconds: between two times, and given to `stop`."""
        self._trouble = trouble
        self._every = every
        self._stop_seconds = stop_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def work(self) -> bool:
        """Do a part of what there is to do; return whether there is more to do at once."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the part that is under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(self._stop_seconds)

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                while not self._stopping.is_set() and self.work():
                    pass
            except TocsinError as error:
                _log.error("%s: %s", self._trouble, error)
