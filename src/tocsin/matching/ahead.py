"""Looking at the blocks of a log before its reader comes to them, on as many cores as there are.

Readers ask about each block in turn and know nothing of threads. `stream` cuts the log into the blocks that they will ask about; `look` then has
the answer. There are two sorts of work to be shared: the next blocks are to be taken from the log, which may mean to unpack it, and what was
taken is to be looked at. Each thread takes what comes first of this, that of the reader too where it would have to wait: so there are never more
threads than cores, and none waits while there is work. One that is alone looks at some blocks before it gives the first of them: readers
work in Python, which is slow each time it begins anew. What a reader cuts otherwise is looked at when it asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Condition

from tocsin.matching.blocks import Seen, cuts
from tocsin.matching.sieve import Sieve

# Each piece of work waits for the interpreter's lock once it is done, so it has to be worth some milliseconds.
_BATCH = 4


class _Batch:
    """Some blocks, and what was seen in them; `state` is that of the sieve when somebody began to look."""

    def __init__(self, blocks: list[bytes]) -> None:
        self.blocks = blocks
        self.state: object = None
        self.seen: Sequence[Seen] | None = None


class Ahead:
    """One log on its way from the disk to its reader."""

    def __init__(
        self,
        sieve: Sieve,
        source: Iterable[bytes],
        pool: ThreadPoolExecutor | None,
        others: int,
        *,
        taken_by_any: bool = False,
    ) -> None:
        """Look with `sieve` on the `others` threads of a pool, and on the reader's; some 8 blocks a thread are held.

        `taken_by_any`: every thread may take blocks from `source`, one at a time; else the reader's alone, which can be interrupted where it waits.
        """
        self._sieve = sieve
        self._pool = pool
        self._others = others
        self._most = others + 3
        self._taken_by_any = taken_by_any
        self._cut = (data for data, _ in cuts(source))
        self._changed = Condition()  # guards what follows
        self._waiting: deque[_Batch] = deque()
        self._is_taking = self._is_over = False
        self._taken = 0  # batches
        self._size = 1  # of the next: the first are small, since others wait for them
        self._fault: Exception | None = None  # met on whichever thread: the reader's to raise
        self._helping: list[Future[None]] = []
        self._given: deque[tuple[bytes, _Batch, int]] = deque(maxlen=2)

    def start(self) -> None:
        """Have the first blocks looked at now, though nobody reads yet."""
        if self._pool is not None:
            self._take()
            self._helping.append(self._pool.submit(self._help))

    def stream(self) -> Iterator[bytes]:
        """Yield the log, cut into blocks of whole lines."""
        if self._pool is None:
            yield from self._alone()
        else:
            yield from self._together(self._pool)

    def _alone(self) -> Iterator[bytes]:
        while True:
            batch = _Batch([])
            seen: list[Seen] = []
            batch.state = self._sieve.state
            for block in islice(self._cut, _BATCH):
                batch.blocks.append(block)
                seen.append(self._sieve.spans(block))  # while it is near
            if not seen:
                return
            batch.seen = seen
            yield from self._give(batch)

    def _together(self, pool: ThreadPoolExecutor) -> Iterator[bytes]:
        self._helping += [pool.submit(self._help) for _ in range(self._others - len(self._helping))]
        try:
            while (batch := self._next()) is not None:
                yield from self._give(batch)
            if self._fault is not None:
                raise self._fault
        finally:
            with self._changed:
                self._is_over = True
                self._waiting.clear()
                self._changed.notify_all()
            for each in self._helping:
                each.cancel()

    def _next(self) -> _Batch | None:
        """Return the next blocks once they were looked at, and do what there is to do until then; None if there are no more."""
        while True:
            with self._changed:
                if self._waiting and self._waiting[0].seen is not None:
                    self._changed.notify_all()
                    return self._waiting.popleft()
                if self._is_over and not self._waiting:
                    return None
            if not self._work(may_take=True):
                with self._changed:
                    if not self._is_news():
                        self._changed.wait()

    def _is_news(self) -> bool:
        """Return whether the reader has something to do now."""
        return (
            (self._is_over and not self._waiting)
            or (bool(self._waiting) and self._waiting[0].seen is not None)
            or self._is_work(may_take=True)
        )

    def _is_work(self, *, may_take: bool) -> bool:
        return (may_take and self._may_take()) or any(batch.state is None for batch in self._waiting)

    def _may_take(self) -> bool:
        return not (self._is_taking or self._is_over) and len(self._waiting) < self._most

    def _help(self) -> None:
        """Do what there is to do until the log is over, on a thread of the pool."""
        while self._work(may_take=self._taken_by_any) or self._wait():
            pass

    def _wait(self) -> bool:
        """Wait until there is something to do for a thread of the pool; return whether there will be."""
        with self._changed:
            while not self._is_work(may_take=self._taken_by_any):
                if self._is_over:
                    return False
                self._changed.wait()
            return True

    def _work(self, *, may_take: bool) -> bool:
        """Take blocks, if there is room and nobody does, or look at some; return whether there was anything to do."""
        with self._changed:
            taking = may_take and self._may_take()
            batch = None if taking else self._next_to_look_at()
            if batch is not None:
                batch.state = self._sieve.state
            elif not taking:
                return False
            else:
                self._is_taking = True
        if batch is None:
            self._take()
        else:
            self._look_at(batch)
        return True

    def _next_to_look_at(self) -> _Batch | None:
        """Return the first blocks that nobody looks at yet; the last of a log by halves, so that no thread is left without."""
        for at, batch in enumerate(self._waiting):
            if batch.state is None:
                half = (len(batch.blocks) + 1) // 2
                if self._is_over and half < len(batch.blocks):
                    self._waiting.insert(at + 1, _Batch(batch.blocks[half:]))
                    del batch.blocks[half:]
                    self._changed.notify_all()
                return batch
        return None

    def _take(self) -> None:
        blocks: list[bytes] = []
        fault = None
        try:
            for block in islice(self._cut, self._size):
                blocks.append(block)  # noqa: PERF402 - what came before a fault is kept
        except Exception as error:  # noqa: BLE001 - the reader's to meet
            fault = error
        with self._changed:
            self._is_taking = False
            if self._is_over:  # nobody reads any more
                return
            self._fault, self._is_over = fault, len(blocks) < self._size
            self._taken += 1
            self._size = min(1 + self._taken // _BATCH, _BATCH)
            if blocks:
                self._waiting.append(_Batch(blocks))
            self._changed.notify_all()

    def _look_at(self, batch: _Batch) -> None:
        try:
            seen, fault = self._sieve.spans_of(batch.blocks), None
        except Exception as error:  # noqa: BLE001 - the reader's to meet
            seen, fault = [], error
        with self._changed:
            batch.seen = seen
            if fault is not None:
                self._fault, self._is_over = fault, True
                self._waiting.clear()
            self._changed.notify_all()

    def _give(self, batch: _Batch) -> Iterator[bytes]:
        for number, block in enumerate(batch.blocks):
            # two are known at a time: a reader may take the next block before it asks about the one at hand
            self._given.append((block, batch, number))
            yield block

    def look(self, block: bytes) -> Seen:
        """Return what `Sieve.spans` returns for a block."""
        for data, batch, number in self._given:
            # what was given up meanwhile may be in each line: looking again takes less than reading them
            if data is block and batch.state is self._sieve.state and batch.seen is not None:
                return batch.seen[number]
        return self._sieve.spans(block)
