"""Figures for Prometheus. They count requests and work; nothing is counted by label set, collection, reader or object.

With several worker processes each keeps its figures in files of a common folder (`PROMETHEUS_MULTIPROC_DIR`, set by
`workers`), and whichever answers adds them up.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    multiprocess,
)

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        """Make a registry of our own, so that several nodes can live in one process."""
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "tocsin_requests",
            "Requests answered, by route and status",
            ("route", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "tocsin_request_seconds",
            "Time to answer, by route",
            ("route",),
            registry=registry,
            buckets=_BUCKETS,
        )
        self.posted = Counter(
            "tocsin_posted_objects", "Objects posted, by outcome", ("outcome",), registry=registry
        )
        self.failures = Counter(
            "tocsin_authentication_failures", "Credentials that did not hold", registry=registry
        )
        self.unwritten = Counter(
            "tocsin_journal_unwritten", "Journal entries that went to the log instead", registry=registry
        )
        self.under_way = Gauge(
            "tocsin_requests_under_way",
            "Requests being answered",
            registry=registry,
            multiprocess_mode="livesum",
        )
        if FOLDER not in os.environ:
            ProcessCollector(registry=registry)

    def text(self) -> str:
        """Return the figures in the Prometheus text format."""
        if FOLDER not in os.environ:
            return generate_latest(self.registry).decode()
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together).decode()


def forget(pid: int, folder: Path) -> None:
    """Take the gauges of a worker that died out of the sum."""
    multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
