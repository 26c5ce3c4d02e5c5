"""Where the marks of a graph stand: a balloon tree.

What was reached from one place stands around it, so the drawing says how far from the seeds something is and by what it hangs; the same graph
is always the same drawing, to the byte.

Leaves fill a disc around their parent like the seeds of a sunflower (H. Vogel, "A better way to construct the sunflower head", 1979): thousands
need no more room than their number asks for. Subtrees are circles around that disc, each with as much of the ring as it needs.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from tocsin.node.graph_clusters import Clustered, Mark

_GOLDEN = math.pi * (3 - math.sqrt(5))
_GAP = 26.0
_EVENLY = 8  # leaves up to which they stand evenly around
_LEAST, _LARGEST = 7.0, 30.0


class Place(NamedTuple):
    """Middle and radius of a mark, in units of the drawing."""

    x: float
    y: float
    r: float


def radius(mark: Mark) -> float:
    """Return the radius of a mark: a group's area grows with the number of its objects."""
    if not mark.group:
        return _LEAST + (4.0 if mark.distance == 0 else 0.0)
    return min(_LARGEST, _LEAST + 2.2 * math.sqrt(len(mark.members)))


def layout(drawn: Clustered) -> dict[str, Place]:
    """Return where each mark stands, rounded to a tenth; (0, 0) is the middle."""
    children: dict[str, list[Mark]] = defaultdict(list)
    for mark in drawn.marks.values():
        children[mark.parent if mark.parent in drawn.marks else ""].append(mark)
    balloons: dict[str, _Balloon] = {}
    for mark in reversed(_outwards(children)):
        balloons[mark.id] = _balloon(radius(mark), children.get(mark.id, ()), balloons)
    top = children.get("", [])
    if len(top) == 1:
        placed = {top[0].id: (0.0, 0.0, 0.0)}
    else:
        balloons[""] = _balloon(0.0, top, balloons)
        placed = _around(balloons[""], 0.0, 0.0, 0.0)
    for mark in _outwards(children):
        x, y, turn = placed[mark.id]
        placed |= _around(balloons[mark.id], x, y, turn)
    return {
        key: Place(round(placed[key][0], 1), round(placed[key][1], 1), round(radius(mark), 1))
        for key, mark in drawn.marks.items()
    }


class _Balloon(NamedTuple):
    """A subtree: its radius, and where its children stand as angle and distance from its middle."""

    r: float
    children: dict[str, tuple[float, float]]


def _outwards(children: Mapping[str, list[Mark]]) -> list[Mark]:
    """Return all marks, parents before children."""
    ordered = list(children.get("", ()))
    for mark in ordered:  # it grows while it is gone through
        ordered += children.get(mark.id, ())
    return ordered


def _balloon(own: float, children: list[Mark] | tuple[()], balloons: Mapping[str, _Balloon]) -> _Balloon:
    leaves = [mark for mark in children if not balloons[mark.id].children]
    inner = [mark for mark in children if balloons[mark.id].children]
    found: dict[str, tuple[float, float]] = {}
    reach = own
    if len(leaves) <= _EVENLY:
        sizes = [radius(mark) + _GAP / 2 for mark in leaves]
        ring = max(own + max(sizes, default=0) + _GAP / 2, 1.1 * sum(sizes) / math.pi)
        for number, mark in enumerate(leaves):
            found[mark.id] = (2 * math.pi * number / len(leaves), ring)
        reach = ring + max(sizes) if leaves else own
    else:
        area = (own + _GAP) ** 2
        for number, mark in enumerate(leaves):
            size = radius(mark) + _GAP / 2
            distance = max(math.sqrt(area + size**2), own + size)
            found[mark.id] = (number * _GOLDEN, distance)
            area += 1.5 * size**2
            reach = max(reach, distance + size)
    if inner:
        widths = [balloons[mark.id].r + _GAP / 2 for mark in inner]
        ring = max(reach + max(widths), 1.1 * sum(widths) / math.pi)
        total, at = sum(widths), -math.pi / 2
        for mark, width in zip(inner, widths, strict=True):
            share = 2 * math.pi * width / total
            found[mark.id] = (at + share / 2, ring)
            at += share
        reach = ring + max(widths)
    return _Balloon(reach, found)


def _around(balloon: _Balloon, x: float, y: float, turn: float) -> dict[str, tuple[float, float, float]]:
    """Return where a balloon's children stand when its middle stands at (x, y), each turned away from it."""
    return {
        key: (
            x + distance * math.cos(turn + angle),
            y + distance * math.sin(turn + angle),
            turn + angle + math.pi / 2,
        )
        for key, (angle, distance) in balloon.children.items()
    }
