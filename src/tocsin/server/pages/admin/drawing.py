"""Series as lines: what a template needs to draw them, and the rows of the table that says the same."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.server.history import Point

WIDTH, HEIGHT = 720, 120
_ROWS = 48


class Series(msgspec.Struct, frozen=True):
    """A line: its name, the points of an SVG polyline, the largest and the last value."""

    name: str
    line: str
    most: float
    last: float


def series_of(points: Sequence[Point]) -> tuple[Series, ...]:
    """Return a line for each figure; none where there are fewer than two points."""
    if len(points) < 2:
        return ()
    return tuple(
        _series(name, points, [getattr(each, name) for each in points])
        for name in ("requests", "failed", "mean")
    )


def rows_of(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return some tens of the points, newest first and evenly spread: a table that one can read."""
    step = -(-len(points) // _ROWS) or 1
    return tuple(points[::-1][::step])


def _series(name: str, points: Sequence[Point], values: Sequence[float]) -> Series:
    first, span = points[0].at, max(points[-1].at - points[0].at, 1)
    most = max(values)
    room = HEIGHT - 4
    at = (
        f"{round((each.at - first) / span * WIDTH, 1)},{round(HEIGHT - 2 - (value / most * room if most else 0), 1)}"
        for each, value in zip(points, values, strict=True)
    )
    return Series(name, " ".join(at), most, values[-1])
