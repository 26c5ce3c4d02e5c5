"""Moments on the command line."""

from __future__ import annotations

from typing import Any

import click


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
