"""Figures for Prometheus. They count requests and work; nothing is counted by label set, collection or object."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        """Make a registry of our own, so that several nodes can live in one process."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tocsin_requests",
            "Requests answered, by route and status",
            ("route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "tocsin_request_seconds",
            "Time to answer, by route",
            ("route",),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.posted = Counter(
            "tocsin_posted_objects", "Objects posted, by outcome", ("outcome",), registry=self.registry
        )
        self.failures = Counter(
            "tocsin_authentication_failures", "Credentials that did not hold", registry=self.registry
        )
        self.under_way = Gauge("tocsin_requests_under_way", "Requests being answered", registry=self.registry)

    def text(self) -> str:
        """Return the figures in the Prometheus text format."""
        return generate_latest(self.registry).decode()
