"""Options that commands which look for indicators share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

SHOWN = 3
SHOWN_JSON = 1000


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what makes a hit one that is raised: `any_time` and `min_confidence`."""
    for option in (
        click.option(
            "--min-confidence",
            type=click.IntRange(0, 100),
            default=0,
            help="Only flag hits whose indicator's confidence has decayed below this.",
        ),
        click.option(
            "--any-time", is_flag=True, help="Raise hits from outside an indicator's validity, too."
        ),
    ):
        command = option(command)
    return command


def sigma(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `sigma`."""
    option = click.option(
        "--sigma", is_flag=True, help="Judge records by the Sigma rules among the indicators, too."
    )
    return option(command)


def decode(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `decode`."""
    option = click.option(
        "--decode",
        is_flag=True,
        help="Look into what is percent-encoded, in Base64 or hexadecimal, too. Slower.",
    )
    return option(command)


def limit(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `limit`, of which `most` makes a number."""
    option = click.option(
        "--limit",
        type=click.IntRange(0),
        help=f"Most hits shown of one indicator. [default: {SHOWN}; {SHOWN_JSON} with --json]",
    )
    return option(command)


def most(given: int | None, *, as_json: bool) -> int:
    """Return the most hits to be shown of one indicator."""
    return (SHOWN_JSON if as_json else SHOWN) if given is None else given


def prepared() -> None:
    """Have the scanner compiled, which is once on a machine, and say so to who has to wait; on standard error, so that answers can be piped."""
    from tocsin.node import scanner

    scanner.prepare(lambda line: click.echo(line, err=True))
