"""The log formats there are."""

from __future__ import annotations

from functools import cache

from tocsin import registry
from tocsin.errors import FormatError
from tocsin.telemetry.observations import Log

HEAD = 64 * 1024
"""Bytes of a log by which its format is told."""


@cache
def logs() -> tuple[Log, ...]:
    """Return all log formats, in the order they are asked."""
    found: list[Log] = list(registry.scan("tocsin.telemetry", "LOG").values())
    return tuple(sorted(found, key=lambda log: (log.rank, log.name)))


def log_of(head: bytes, name: str | None = None) -> Log:
    """Return the format of a log that begins with `head`, or the one that is named; plain text if it is none of the others.

    Args:
        head: the first bytes, unpacked (64 KiB tell).
        name: what a person says that it is; the bytes are not asked then.

    Raises:
        FormatError: there is no format of that name, or several of the same rank take the log for theirs (the message lists them).
    """
    if name is not None:
        return named(name)
    found: list[Log] = []
    for log in logs():
        if found and log.rank != found[0].rank:
            break
        if log.sniff(head):
            found.append(log)
    if len(found) > 1:
        names = ", ".join(log.name for log in found)
        raise FormatError(f"it could be of any of these formats: {names}", hint="say which with --format")
    return found[0]


def named(name: str) -> Log:
    """Return a format by its name.

    Raises:
        FormatError: there is none; the hint lists those there are.
    """
    for log in logs():
        if log.name == name:
            return log
    raise FormatError(
        f"there is no log format {name!r}", hint=f"there are {', '.join(log.name for log in logs())}"
    )
