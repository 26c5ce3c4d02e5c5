"""What is remembered of the lists of one organisation: the pool they are made of, how far it has come, and what was made of it."""

from __future__ import annotations

import threading

import msgspec

from tocsin.clock import Micros
from tocsin.matching.warninglists import Warninglists
from tocsin.node.outputs.pool import Pool
from tocsin.node.outputs.ranking import Wanted
from tocsin.sharing.release import Clearance, Released
from tocsin.store.placed import Mark


class Made(msgspec.Struct, frozen=True):
    """A list.

    Attributes:
        body: the file, without the head that `Output.head` writes.
        tag: changes when the body does, and only then.
        items: how many it holds.
        left_out: how many values it does not hold, by reason.
        until: from this moment on (µs) it may be another one by itself.
    """

    body: bytes
    tag: str
    items: int
    left_out: dict[str, int]
    until: Micros


class Kept:
    """A pool and how far it has come; used by one thread at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pool: Pool | None = None
        self.labels: tuple[int, ...] = ()
        self.mark = Mark(-1, -1)
        self.lists: Warninglists | None = None
        self.sealed: Released[Mark] | None = None
        self.clearances: tuple[Clearance, Clearance] | None = None
        self.narrowed: Clearance | None = None
        self.made: dict[tuple[str, Wanted], tuple[int, Made]] = {}
        self.round = 0

    def follows(self, clearance: Clearance, lists: Warninglists) -> bool:
        """Return whether the pool only has to take what is new."""
        return (
            self.pool is not None
            and not self.pool.is_mostly_dead
            and self.labels == clearance.labels
            and self.mark.generation == clearance.generation
            and self.lists is lists
        )
