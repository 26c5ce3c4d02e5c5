"""Takes the best of a ranking: as many as there is room for, what the output can write, and nothing twice.

Where an address or a range lies in a range that a block list holds, it says nothing more and goes, and the next best takes its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from tocsin.formats.outputs import Item, Output
from tocsin.node.outputs.fitness import network_of

UNWRITABLE = "unwritable"
COVERED = "covered"
BEYOND = "beyond-limit"


class Ranking(Protocol):
    """Items in the order of their rank."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __iter__(self) -> Iterator[Item]:
        """Yield them."""
        ...


def choose(ranked: Ranking, output: Output, limit: int, left_out: Counter[str]) -> list[Item]:
    """Return the items of a list, best first; `left_out` counts what could not be written, what is covered, and what there was no room for."""
    waiting, looked_at = iter(ranked), 0
    chosen: list[Item] = []
    ranges = _Ranges()
    collapse = output.action == "block"
    more = True
    while more and len(chosen) < limit:
        more = False
        for item in waiting:
            looked_at += 1
            if not output.fits(item):
                left_out[UNWRITABLE] += 1
            elif collapse and ranges.cover(item):
                left_out[COVERED] += 1
            else:
                chosen.append(item)
                if collapse and item.kind == "cidr":
                    ranges.add(item)
                if len(chosen) == limit:
                    more = True
                    break
        if ranges.grown:  # what was chosen before a range may lie in it
            before = len(chosen)
            chosen = [item for item in chosen if not ranges.cover(item)]
            left_out[COVERED] += before - len(chosen)
            ranges.grown = False
    too_many = _too_many(chosen, output)
    if beyond := len(ranked) - looked_at + too_many:
        left_out[BEYOND] += beyond
    return chosen[: len(chosen) - too_many]


def _too_many(chosen: list[Item], output: Output) -> int:
    """Return how many of the last items make the file larger than its device reads."""
    if not output.most_bytes:
        return 0
    size = 0
    for at, item in enumerate(chosen):
        size += len(output.body([item]))
        if size > output.most_bytes:
            return len(chosen) - at
    return 0


class _Ranges:
    """Ranges to ask whether something lies within one."""

    def __init__(self) -> None:
        self.grown = False
        self._held: dict[
            tuple[int, int], set[int]
        ] = {}  # version and prefix to the first addresses without what follows the prefix

    def add(self, item: Item) -> None:
        network = network_of(item.value)
        assert network is not None  # its spelling is normal
        version, first, bits = network
        self._held.setdefault((version, bits), set()).add(first >> (32 if version == 4 else 128) - bits)
        self.grown = True

    def cover(self, item: Item) -> bool:
        """Return whether an address or a range lies in another range that is held."""
        if not self._held or item.kind not in {"ipv4", "ipv6", "cidr"}:
            return False
        network = network_of(item.value)
        assert network is not None  # its spelling is normal
        version, first, bits = network
        width = 32 if version == 4 else 128
        return any(
            its == version and length < bits and first >> width - length in firsts
            for (its, length), firsts in self._held.items()
        )
