"""The log formats there are."""

from __future__ import annotations

from functools import cache

from tocsin import registry
from tocsin.telemetry.observations import Log

HEAD = 64 * 1024
"""Bytes of a log by which its format is told."""


@cache
def logs() -> tuple[Log, ...]:
    """Return all log formats, in the order they are asked."""
    found: list[Log] = list(registry.scan("tocsin.telemetry", "LOG").values())
    return tuple(sorted(found, key=lambda log: (log.rank, log.name)))


def log_of(head: bytes) -> Log:
    """Return the format of a log that begins with `head`; plain text if it is none of the others."""
    return next(log for log in logs() if log.sniff(head))
