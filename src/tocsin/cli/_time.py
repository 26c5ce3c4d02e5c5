"""Moments on the command line."""

from __future__ import annotations

import re
from typing import Any

import click

_PERIOD = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO = re.compile(r"(\d{1,6})([mhdw])")


class Time(click.ParamType[int]):
    """A moment such as 2026-12-01T08:00:00Z, or a day, which begins at midnight UTC; µs."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the moment that `value` names."""
        from tocsin.stix.timestamps import micros_or_none

        found = micros_or_none(value if "T" in str(value) else f"{value}T00:00:00Z")
        if found is None:
            self.fail(f"{value!r} is no time such as 2026-12-01 or 2026-12-01T08:00:00Z", param, ctx)
        return found


TIME = Time()


class Period(click.ParamType[int]):
    """A span of time such as 90s, 15m, 12h, 30d or 4w; µs."""

    name = "SPAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the span that `value` says."""
        if isinstance(value, int):
            return value
        found = _PERIOD.fullmatch(str(value))
        if found is None or not int(found[1]):
            self.fail(f"{value!r} is no span of time such as 15m, 12h or 30d", param, ctx)
        return int(found[1]) * _UNITS[found[2]] * 1_000_000


PERIOD = Period()


def since(text: str | None, now: int) -> int | None:
    """Return the moment of `--since`: a date, a date and time, or how long ago such as 24h; µs.

    Raises:
        InputError: it is no time.
    """
    from tocsin.errors import InputError
    from tocsin.telemetry import times

    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - int(ago[1]) * _UNITS[ago[2]] * 1_000_000
    found = times.of_iso(text if len(text) > 10 else f"{text}T00:00:00Z")
    if found is None:
        raise InputError(
            f"--since {text!r} is no time", hint="say 2026-11-20, 2026-11-20T08:00:00Z, 24h or 7d"
        )
    return found
