"""How a log is begun: which of its lines deserve a look, and who looks at them before its turn."""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import msgspec

from tocsin.matching.ahead import Ahead
from tocsin.matching.sieve import Escapes, Sieve
from tocsin.node.catalogue import Catalogue
from tocsin.node.evaluating import can_evaluate
from tocsin.node.hits import Options
from tocsin.node.logs import OpenLog, read_whole
from tocsin.node.sigma import AsRead, AtOnce, Judge
from tocsin.node.text_objects import TextPatterns
from tocsin.telemetry import Look

_TURN = 5e-5  # seconds
_BEGUN = 4  # small logs that wait for their turn, for each thread


class Begun(msgspec.Struct, frozen=True):
    """A log that is about to be read.

    `look` tells which lines of a block deserve a look, None: all; `may_hold` whether one record may hold a value at all, None: it may.
    """

    log: OpenLog
    judge: Judge | None
    stream: Iterable[bytes]
    look: Look | None
    may_hold: Look | None = None


@contextlib.contextmanager
def others(threads: int) -> Iterator[ThreadPoolExecutor | None]:
    """Give the threads that look at logs beside the one that reads them."""
    if threads < 1:
        yield None
        return
    with _TURNS.shorter(), ThreadPoolExecutor(threads, thread_name_prefix="scan") as pool:
        yield pool


class _Turns:
    """How long a thread that works in Python may keep others waiting: 5 ms, which is as long as it takes to look at four megabytes.

    The interpreter has one setting for all threads; it is as before once the last hunt is over.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._hunts = 0
        self._before = 0.0

    @contextlib.contextmanager
    def shorter(self) -> Iterator[None]:
        """Have threads take turns more often."""
        with self._lock:
            if self._hunts == 0:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(_TURN)
            self._hunts += 1
        try:
            yield
        finally:
            with self._lock:
                self._hunts -= 1
                if self._hunts == 0:
                    sys.setswitchinterval(self._before)


_TURNS = _Turns()


def is_text(log: OpenLog) -> bool:
    """Return whether a log is of no known format."""
    return log.log.name == "text"


def _either(one: Look, other: Look) -> Look:
    return lambda block: sorted({*one(block), *other(block)})


class Beginning:
    """Begins the logs of one hunt: a sieve for each sort of them, made when the first comes."""

    def __init__(self, catalogue: Catalogue, options: Options, *, evaluates: bool) -> None:
        """Look for what `catalogue` holds; `evaluates`: there are patterns of more than one value."""
        self._catalogue = catalogue
        self._options = options
        self._evaluates = evaluates
        self._sieves: dict[tuple[Escapes, bool], Sieve] = {}
        self._muted: set[int] = set()
        self.text: TextPatterns | None = None

    def mute(self, position: int) -> None:
        """Let no line through any more for the entry at a position of the index alone."""
        if position not in self._muted:
            self._muted.add(position)
            for sieve in self._sieves.values():
                sieve.mute(self._muted)

    def for_text(self) -> TextPatterns:
        """Return what patterns can say to a line of text."""
        if self.text is None:
            self.text = TextPatterns(self._catalogue.evaluated.texts.values())
        return self.text

    def in_turn(
        self,
        logs: Iterable[OpenLog],
        pool: ThreadPoolExecutor | None,
        judge_of: Callable[[OpenLog], Judge | None],
    ) -> Iterator[Begun]:
        """Yield logs in their order. Small ones are read some at a time, so that others look at the next while one is read."""
        waiting: deque[Begun] = deque()
        for log in logs:
            held, whole = read_whole(log) if log.small and pool is not None else (log, False)
            waiting.append(self.begin(held, judge_of(held), pool, whole=whole))
            # what is not in memory has to be read before the next is opened
            while waiting and (not whole or len(waiting) > _BEGUN * self._options.threads):
                yield waiting.popleft()
        yield from waiting

    def begin(
        self,
        log: OpenLog,
        judge: Judge | None,
        pool: ThreadPoolExecutor | None = None,
        *,
        whole: bool = False,
    ) -> Begun:
        """Return how a log is to be read, and what tells which lines deserve a look; `whole`: others may look at it now."""
        clues = self._catalogue.evaluated.clues
        typed = self._evaluates and can_evaluate(log.records)
        everywhere = (typed and clues.everywhere) or isinstance(judge, AsRead) or self._options.decode
        if everywhere:
            typed = False
        text = is_text(log)
        sieve = self._sieves.get((log.log.escapes, typed or text))
        if sieve is None:
            needles = clues.needles if typed else self.for_text().needles if text else ()
            sieve = Sieve(self._catalogue.index, log.log.escapes, needles)
            self._sieves[log.log.escapes, typed or text] = sieve
            if self._muted:
                sieve.mute(self._muted)
        # every record is read, but asked for values only where a line may hold one; other formats may write lines anew for the sieve
        if everywhere:
            return Begun(log, judge, log.stream, None, sieve.spans if log.log.escapes != "none" else None)
        if isinstance(judge, AtOnce):
            return Begun(log, judge, log.stream, _either(sieve.spans, judge.spans))
        # what is in a container comes to be text only as it is read: there is nothing to look at ahead
        if log.log.container != "none":
            return Begun(log, judge, log.stream, sieve.spans)
        ahead = Ahead(sieve, log.stream, pool, self._options.threads - 1, taken_by_any=log.is_file)
        if whole:
            ahead.start()
        return Begun(log, judge, ahead.stream(), ahead.look)
