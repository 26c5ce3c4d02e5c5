"""Moments and days as options take them."""

from __future__ import annotations

from typing import Any

import click


class _Time(click.ParamType[int]):
    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a moment such as 2026-12-01T08:00:00Z, or a day, which begins at midnight UTC."""
        from tocsin.stix.timestamps import micros_or_none

        found = micros_or_none(value if "T" in str(value) else f"{value}T00:00:00Z")
        if found is None:
            self.fail(f"{value!r} is no time such as 2026-12-01 or 2026-12-01T08:00:00Z", param, ctx)
        return found


TIME = _Time()
