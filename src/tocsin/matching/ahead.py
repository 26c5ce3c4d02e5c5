"""Looking at the blocks of a log before its reader comes to them, on as many cores as there are.

Readers ask about each block in turn and know nothing of threads. `stream` cuts the log into the blocks that they will ask about and hands
them to a pool, some at a time; `look` then has the answer. The thread of the reader is one of those that look: where it would have to wait, it takes
what no other has begun. So there are never more threads than cores. One that is alone looks at some blocks, too, before it gives the first of them: readers
work in Python, which is slow each time it begins anew. What a reader cuts otherwise is looked at when it asks.
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


class _Batch:
    """Some blocks, and what was seen in them."""

    def __init__(self, blocks: list[bytes], state: object) -> None:
        self.blocks = blocks
        self.state = state
        self.future: Future[list[Spans]] = Future()
        self.seen: list[Spans] = []  # by the reader's own thread

    def spans(self) -> list[Spans]:
        return self.seen or self.future.result()


class Ahead:
    """One log on its way from the disk to its reader."""

    def __init__(
        self, sieve: Sieve, source: Iterable[bytes], pool: ThreadPoolExecutor | None, others: int
    ) -> None:
        """Look with `sieve` on the `others` threads of a pool, and on the reader's; some 8 blocks a thread are held."""
        self._sieve = sieve
        self._pool = pool
        self._most = others + 2
        self._cut = (data for data, _ in cuts(source))
        self._waiting: deque[_Batch] = deque()
        self._given: deque[tuple[bytes, _Batch, int]] = deque(maxlen=2)

    def start(self) -> None:
        """Have the first blocks looked at now, though nobody reads yet."""
        if self._pool is not None:
            self._submit(self._pool)

    def stream(self) -> Iterator[bytes]:
        """Yield the log, cut into blocks of whole lines."""
        if self._pool is None:
            yield from self._alone()
        else:
            yield from self._together(self._pool)

    def _alone(self) -> Iterator[bytes]:
        while True:
            batch = _Batch([], self._sieve.state)
            for block in islice(self._cut, _BATCH):
                batch.blocks.append(block)
                batch.seen.append(self._sieve.spans(block))  # while it is near
            if not batch.blocks:
                return
            yield from self._give(batch)

    def _together(self, pool: ThreadPoolExecutor) -> Iterator[bytes]:
        waiting = self._waiting
        try:
            while True:
                more = self._submit(pool)
                if waiting and (not more or len(waiting) >= self._most):
                    self._help(waiting)
                    yield from self._give(waiting.popleft())
                elif not more:
                    return
        finally:
            for batch in waiting:
                batch.future.cancel()

    def _submit(self, pool: ThreadPoolExecutor) -> bool:
        blocks = list(islice(self._cut, _BATCH))
        if blocks:
            batch = _Batch(blocks, self._sieve.state)
            batch.future = pool.submit(self._sieve.spans_of, blocks)
            self._waiting.append(batch)
        return bool(blocks)

    def _help(self, waiting: Iterable[_Batch]) -> None:
        """Look at batches that nobody has begun, until the first is done or all are begun."""
        first, *_ = waiting
        for batch in waiting:
            if first.future.done():
                return
            if batch.future.cancel():
                batch.seen = self._sieve.spans_of(batch.blocks)

    def _give(self, batch: _Batch) -> Iterator[bytes]:
        for number, block in enumerate(batch.blocks):
            # two are known at a time: a reader may take the next block before it asks about the one at hand
            self._given.append((block, batch, number))
            yield block

    def look(self, block: bytes) -> Spans:
        """Return what `Sieve.spans` returns for a block."""
        for data, batch, number in self._given:
            # what was given up meanwhile may be in each line: looking again takes less than reading them
            if data is block and batch.state is self._sieve.state:
                return batch.spans()[number]
        return self._sieve.spans(block)
