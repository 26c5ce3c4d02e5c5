from __future__ import annotations

import time

from tocsin.server.history import History, Sample, points_of, sample_of
from tocsin.server.metrics import Metrics

MINUTE = 60_000_000


def test_sums_are_read_and_nothing_else() -> None:
    metrics = Metrics()
    metrics.requests.labels("/a", "200").inc(3)
    metrics.requests.labels("/b", "503").inc()
    metrics.seconds.labels("/a").observe(0.5)
    metrics.seconds.labels("/b").observe(0.25)
    assert sample_of(metrics.text(), 7) == Sample(7, 4, 1, 0.75)


def test_points_are_what_happened_between() -> None:
    samples = (Sample(0, 10, 0, 1.0), Sample(2 * MINUTE, 30, 4, 2.0), Sample(3 * MINUTE, 30, 4, 2.0))
    first, second = points_of(samples)
    assert (first.at, first.requests, first.failed, first.mean) == (2 * MINUTE, 10, 2, 50)
    assert (second.requests, second.failed, second.mean) == (0, 0, 0)


def test_figures_that_went_down_or_stood_still_tell_nothing() -> None:
    assert points_of((Sample(0, 10, 0, 1.0), Sample(MINUTE, 3, 0, 0.1))) == ()
    assert points_of((Sample(0, 10, 0, 1.0), Sample(0, 12, 0, 1.0))) == ()
    assert points_of(()) == ()


def test_it_samples_by_itself_and_ends() -> None:
    ticks = iter(range(MINUTE, 10_000 * MINUTE, MINUTE))
    history = History(Metrics(), lambda: next(ticks), every=0.01)
    history.start()
    deadline = time.monotonic() + 10
    while len(history.points()) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    history.stop()
    assert len(history.points()) >= 2
