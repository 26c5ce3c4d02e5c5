from __future__ import annotations

import threading
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
def test_what_others_saw_is_what_one_would_see(sieve: Sieve, others: int) -> None:
    with ThreadPoolExecutor(others) as pool:
        assert _seen(Ahead(sieve, iter(LINES), pool, others), sieve) == 29


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
