"""Looking at the blocks of a log before its reader comes to them, on as many cores as there are.

Readers ask about each block in turn and know nothing of threads. `stream` cuts the log into the blocks that they will ask about and hands
them to a pool, some at a time; `look` then has the answer, or waits for it. What a reader cuts otherwise is looked at when it asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from tocsin.matching.blocks import cuts
from tocsin.matching.sieve import Sieve, Spans

# Each task waits for the interpreter's lock once it is done, so it has to be worth some milliseconds.
_BATCH = 4


class Ahead:
    """One log on its way from the disk to its reader."""

    def __init__(self, sieve: Sieve, pool: ThreadPoolExecutor, threads: int) -> None:
        """Look with `sieve` on the `threads` threads of a pool; about 8 blocks a thread are held."""
        self._sieve = sieve
        self._pool = pool
        self._threads = threads
        self._given: deque[tuple[bytes, Future[list[Spans]], int]] = deque(maxlen=2)

    def stream(self, source: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the stream, cut into blocks of whole lines."""
        if self._threads == 1:  # there is nobody to look ahead
            yield from source
            return
        waiting: deque[tuple[list[bytes], Future[list[Spans]]]] = deque()
        cut = (data for data, _ in cuts(source))
        try:
            while True:
                batch = list(islice(cut, _BATCH))
                if batch:
                    waiting.append((batch, self._pool.submit(self._sieve.spans_of, batch)))
                if waiting and (not batch or len(waiting) > self._threads):
                    yield from self._give(*waiting.popleft())
                elif not batch:
                    return
        finally:
            for _, future in waiting:
                future.cancel()

    def _give(self, batch: list[bytes], future: Future[list[Spans]]) -> Iterator[bytes]:
        for number, block in enumerate(batch):
            # two are known at a time: a reader may take the next block before it asks about the one at hand
            self._given.append((block, future, number))
            yield block

    def look(self, block: bytes) -> Spans:
        """Return what `Sieve.spans` returns for a block."""
        for data, future, number in self._given:
            if data is block:
                return future.result()[number]
        return self._sieve.spans(block)
