from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.ahead import Ahead
from tocsin.matching.sieve import Sieve

LINES = [b"line %d of www.evil.example\n" % n if n % 7 == 0 else b"nothing here\n" * 40 for n in range(200)]


@pytest.fixture
def sieve() -> Sieve:
    return Sieve(Index.build([Entry("domain", "evil.example", Indicator(id="indicator--1"))]))


def _seen(ahead: Ahead, sieve: Sieve) -> int:
    count = 0
    for block in ahead.stream():
        spans = ahead.look(block)
        assert spans == sieve.spans(block)
        count += len(spans)
    return count


@pytest.mark.parametrize("others", [1, 3])
@pytest.mark.parametrize("by_any", [False, True])
def test_what_others_saw_is_what_one_would_see(sieve: Sieve, others: int, by_any: bool) -> None:
    for _ in range(20):  # who takes and who looks is another each time
        with ThreadPoolExecutor(others) as pool:
            assert _seen(Ahead(sieve, iter(LINES), pool, others, taken_by_any=by_any), sieve) == 29


def _told(by: set[int], lines: list[bytes], fault: Exception | None = None) -> Iterator[bytes]:
    for line in lines:
        by.add(threading.get_ident())
        yield line
    if fault is not None:
        raise fault


def test_what_may_have_to_be_waited_for_is_taken_by_the_reader_alone(sieve: Sieve) -> None:
    by: set[int] = set()
    with ThreadPoolExecutor(3) as pool:
        assert _seen(Ahead(sieve, _told(by, LINES), pool, 3), sieve) == 29
    assert by == {threading.get_ident()}


def test_a_file_is_taken_while_its_reader_works(sieve: Sieve) -> None:
    by: set[int] = set()
    with ThreadPoolExecutor(1) as pool:
        stream = Ahead(sieve, _told(by, LINES), pool, 1, taken_by_any=True).stream()
        next(stream)
        deadline = time.monotonic() + 30
        while not by - {threading.get_ident()} and time.monotonic() < deadline:
            time.sleep(0.01)  # the reader is busy
        assert by - {threading.get_ident()}
        stream.close()


@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_fault_is_the_readers_after_what_came_before_it(sieve: Sieve, others: int) -> None:
    with ThreadPoolExecutor(max(others, 1)) as pool:
        source = _told(set(), LINES, ValueError("broken"))
        ahead = Ahead(sieve, source, pool if others else None, others, taken_by_any=True)
        blocks = []
        with pytest.raises(ValueError, match="broken"):
            blocks += ahead.stream()
        if others:
            assert b"".join(blocks) == b"".join(LINES)


def test_a_fault_in_looking_is_the_readers(sieve: Sieve, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_blocks: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(sieve, "spans_of", broken)
    with ThreadPoolExecutor(2) as pool, pytest.raises(RuntimeError, match="no room"):
        list(Ahead(sieve, iter(LINES), pool, 2, taken_by_any=True).stream())


def test_alone_the_reader_looks_when_it_asks(sieve: Sieve) -> None:
    assert _seen(Ahead(sieve, iter(LINES), None, 0), sieve) == 29


def test_a_reader_looks_itself_where_nobody_else_comes_to_it(sieve: Sieve) -> None:
    busy = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(busy.wait, 30)
        try:
            assert _seen(Ahead(sieve, iter(LINES), pool, 1), sieve) == 29
            assert not other.done()  # it did not wait for the other
        finally:
            busy.set()


def test_who_stops_reading_leaves_nothing_to_do(sieve: Sieve) -> None:
    busy = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(busy.wait, 30)
        try:
            stream = Ahead(sieve, iter(LINES), pool, 1).stream()
            next(stream)
            stream.close()
            after = pool.submit(threading.get_ident)
        finally:
            busy.set()
        assert after.result(5)
        assert pool._work_queue.empty()


def test_a_block_that_was_cut_otherwise_is_looked_at_when_it_is_asked_about(sieve: Sieve) -> None:
    with ThreadPoolExecutor(1) as pool:
        ahead = Ahead(sieve, iter(LINES), pool, 1)
        for _ in ahead.stream():
            assert ahead.look(b"x\nwww.evil.example\n") == [(2, 18)]


def test_what_is_muted_is_not_told_of_blocks_that_were_looked_at_before(sieve: Sieve) -> None:
    with ThreadPoolExecutor(1) as pool:
        ahead = Ahead(sieve, iter(LINES), pool, 1)
        stream = ahead.stream()
        assert ahead.look(next(stream))
        sieve.mute([0])
        assert all(ahead.look(block) == [] for block in stream)


def test_the_last_blocks_of_a_log_are_shared_out(sieve: Sieve, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    look = sieve.spans_of

    def spans_of(blocks: list[bytes]) -> list:
        sizes.append(len(blocks))
        return look(blocks)

    monkeypatch.setattr(sieve, "spans_of", spans_of)
    busy = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(busy.wait, 30)  # so the reader takes all there is before it looks
        try:
            assert list(Ahead(sieve, iter(LINES[:14]), pool, 1).stream()) == LINES[:14]
        finally:
            busy.set()
    assert sizes == [
        *[1] * 4,
        2,
        *[1] * 8,
    ]  # of four batches of 1 and five of 2, of which four were left when the last had been taken
