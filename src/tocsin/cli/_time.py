"""Moments on the command line."""

from __future__ import annotations

import re
from typing import Any

import click

_PERIOD = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


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
