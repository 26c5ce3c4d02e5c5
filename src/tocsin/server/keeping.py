"""Released values that took long to make, kept under keys that say all that they were made of. `server.pages.gathering` makes such keys."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from tocsin.sharing.release import Released

T = TypeVar("T")
MOST = 32
"""Things that are kept; of those that nobody has looked at for longest, the oldest goes."""


class Kept:
    """Keeps things. Safe to share between threads."""

    def __init__(self, most: int = MOST) -> None:
        """Begin with nothing, and keep at most so many."""
        self._most = most
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, Released[Any]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Released[T]]) -> Released[T]:
        """Return what is kept under `key`, or make it; of several who want it at once, one makes it and the others wait."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return cast("Released[T]", self._made[key])
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                with self._lock:
                    if key in self._made:
                        return cast("Released[T]", self._made[key])
                found = make()
                with self._lock:
                    self._made[key] = found
                    while len(self._made) > self._most:
                        self._made.popitem(last=False)
                return found
        finally:
            with self._lock:
                self._making.pop(key, None)
