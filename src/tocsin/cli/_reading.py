"""Options that commands which read logs share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tocsin.clock import Micros
    from tocsin.node.logs import Reading
    from tocsin.telemetry.quarantine import Quarantine


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `reading` and `quarantined` to a command."""
    quarantine = click.option(
        "--quarantine",
        metavar="FILE",
        help="Write lines that are not of their log's format to a new FILE.",
    )
    return format_options(quarantine(command))


def format_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `reading` to a command."""
    for option in (
        click.option(
            "--timezone",
            metavar="ZONE",
            help="Of times that name none, such as Europe/Vienna or +01:00. [default: UTC]",
        ),
        click.option(
            "--format",
            "log_format",
            metavar="NAME",
            help="Format of the logs. [default: told by their first bytes]",
        ),
    ):
        command = option(command)
    return command


def reading(log_format: str | None, timezone: str | None, now: Micros) -> Reading:
    """Return how logs are to be read.

    Raises:
        FormatError: there is no such format.
        InputError: there is no such time zone.
    """
    from datetime import UTC

    from tocsin.node.logs import Reading
    from tocsin.telemetry.plugin import named

    if log_format is not None:
        named(log_format)
    return Reading(format=log_format, zone=UTC if timezone is None else _zone(timezone), now=now)


def _zone(text: str) -> Any:
    import re
    from datetime import timedelta, timezone
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from tocsin.errors import InputError

    offset = re.fullmatch(r"([+-])(\d\d):?([0-5]\d)", text)
    if offset is not None and int(offset[2]) < 24:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            f"{text!r} is no time zone", hint="say +01:00 or a name such as Europe/Vienna"
        ) from None


@contextmanager
def quarantined(path: str | None) -> Iterator[Quarantine | None]:
    """Open the quarantine that was asked for, if one was."""
    from tocsin.telemetry.quarantine import Quarantine

    if path is None:
        yield None
        return
    with Quarantine(path) as found:
        yield found
