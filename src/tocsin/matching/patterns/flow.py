"""A small flow: needs met from supplies, each of which fits some of the needs.

Supplies that fit the same needs are one, named by the bits of these needs, so the size of the problem does not grow with the number of
observations. Augmenting paths (Ford and Fulkerson 1956) of the fewest steps.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise


def assign(need: list[int], supply: dict[int, int]) -> dict[tuple[int, int], int] | None:
    """Return how much of each supply goes to each need, or None if the needs cannot all be met.

    Args:
        need: amounts; a need is known by its position.
        supply: amounts by the mask of the needs they fit.
    """
    rest = dict(supply)
    flows: dict[tuple[int, int], int] = {}
    for position, amount in enumerate(need):
        missing = amount
        while missing:
            path = _path(position, rest, flows)
            if path is None:
                return None
            missing -= _push(path, missing, rest, flows)
    return flows


def _path(
    start: int, rest: dict[int, int], flows: dict[tuple[int, int], int]
) -> list[tuple[int, int]] | None:
    """Return pairs of need and supply: each need takes from its supply what the next need gives up, the last from what is free."""
    came: dict[int, tuple[int, int] | None] = {
        start: None
    }  # need -> the need before it, and the supply between
    queue = deque([start])
    while queue:
        position = queue.popleft()
        for mask, free in rest.items():
            if not mask >> position & 1:
                continue
            if free:
                return _unrolled(came, position, mask)
            for (other, used), amount in flows.items():
                if used == mask and amount and other not in came:
                    came[other] = position, mask
                    queue.append(other)
    return None


def _unrolled(came: dict[int, tuple[int, int] | None], position: int, mask: int) -> list[tuple[int, int]]:
    path = [(position, mask)]
    while (before := came[path[-1][0]]) is not None:
        path.append(before)
    path.reverse()
    return path


def _push(
    path: list[tuple[int, int]], wanted: int, rest: dict[int, int], flows: dict[tuple[int, int], int]
) -> int:
    last = path[-1][1]
    amount = min(wanted, rest[last])
    # each need on the way but the first gives up what the one before it takes
    for (_, mask), (other, _) in pairwise(path):
        amount = min(amount, flows[other, mask])
    for position, mask in path:
        flows[position, mask] = flows.get((position, mask), 0) + amount
    for (_, mask), (other, _) in pairwise(path):
        flows[other, mask] -= amount
    rest[last] -= amount
    return amount
