"""How the figures of `metrics` went over the last day: a sample a minute, kept in memory, so that the administration can draw them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import pairwise

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from tocsin.clock import Micros
from tocsin.server.beside import Beside
from tocsin.server.metrics import Metrics

KEPT = 1440
"""Samples: a day of minutes. 48 bytes each and a few of Python's own, so some hundred kilobytes."""


class Sample(msgspec.Struct, frozen=True):
    """What all processes had done by a moment: requests answered, those that failed (5xx), seconds spent on them."""

    at: Micros
    requests: float
    failed: float
    seconds: float


class Point(msgspec.Struct, frozen=True):
    """What was done between two samples, told at the second: requests and failures a minute, milliseconds on average."""

    at: Micros
    requests: float
    failed: float
    mean: float


class History(Beside):
    """Takes the samples."""

    def __init__(self, metrics: Metrics, clock: Callable[[], Micros], *, every: float = 60.0) -> None:
        """Bind; `start` begins."""
        super().__init__("history", "figures are not kept", every=every, stop_seconds=5.0)
        self._metrics = metrics
        self._clock = clock
        self._samples: deque[Sample] = deque(maxlen=KEPT)

    def work(self) -> bool:
        """Take a sample."""
        self.take()
        return False

    def take(self) -> None:
        """Take a sample now."""
        self._samples.append(sample_of(self._metrics.text(), self._clock()))

    def points(self) -> tuple[Point, ...]:
        """Return what was done between the samples, oldest first."""
        return points_of(tuple(self._samples))


def sample_of(text: str, at: Micros) -> Sample:
    """Read the sums out of figures in the Prometheus text format."""
    requests = failed = seconds = 0.0
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            if each.name == "tocsin_requests_total":
                requests += each.value
                failed += each.value if each.labels.get("status", "").startswith("5") else 0
            elif each.name == "tocsin_request_seconds_sum":
                seconds += each.value
    return Sample(at, requests, failed, seconds)


def points_of(samples: tuple[Sample, ...]) -> tuple[Point, ...]:
    """Return the differences; where a worker began anew, and figures went down, there is nothing to tell."""
    found = []
    for before, after in pairwise(samples):
        minutes = (after.at - before.at) / 60_000_000
        done = after.requests - before.requests
        if minutes <= 0 or done < 0:
            continue
        mean = max(after.seconds - before.seconds, 0.0) / done * 1000 if done else 0.0
        failed = max(after.failed - before.failed, 0.0)
        found.append(Point(after.at, done / minutes, failed / minutes, mean))
    return tuple(found)
