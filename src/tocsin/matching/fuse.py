"""Binary fuse filters: a set of hashes that does not change, in 18 bits for each (Graf and Lemire 2022, "Binary Fuse Filters").

What is in the set is always found. What is not is taken for a member once in 65,536 times. Three places are looked at for each question.
"""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
import numpy as np

from tocsin.errors import LimitError
from tocsin.matching.native import compiled, unlocked

LARGEST: Final = 1 << 26
"""Most hashes of one filter."""

_TRIES = 100  # each fails about once in a hundred times at worst
_LONGEST = 1 << 18
_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xFF51AFD7ED558CCD)
_MORE: Final = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT: Final = np.uint64(33)
_HALF: Final = np.uint64(32)
_SECOND: Final = np.uint64(18)


class Shape(msgspec.Struct, frozen=True):
    """How a filter is laid out: seed of its hashes, length of a segment (a power of two), and how many segments there are beside the last two."""

    seed: int
    length: int
    segments: int

    @property
    def places(self) -> int:
        """How many fingerprints of 16 bits there are."""
        return (self.segments + 2) * self.length

    def is_sound(self) -> bool:
        """Return whether compiled code may go by it."""
        return (
            0 <= self.seed < _TRIES
            and 1 <= self.length <= _LONGEST
            and self.length & (self.length - 1) == 0
            and self.segments >= 1
            and self.places <= 2 * LARGEST
        )


def build(hashes: Any) -> tuple[Shape, Any]:
    """Return a filter of distinct hashes (64 bits each): its shape, and its fingerprints.

    Raises:
        LimitError: there are more than `LARGEST`.
    """
    count = len(hashes)
    if count > LARGEST:
        raise LimitError(f"{count:,} values for one filter; {LARGEST:,} are the most")
    for seed in range(_TRIES):
        shape = _shape(count, seed)
        prints = np.zeros(shape.places, np.uint16)
        sums = np.zeros(shape.places, np.uint64)
        counts = np.zeros(shape.places, np.uint8)
        order = np.zeros((count, 2), np.uint64)
        alone = np.zeros(shape.places, np.uint32)
        if _fill(hashes, np.uint64(seed), shape.length, shape.segments, (prints, sums, counts, order, alone)):
            return shape, prints
    raise LimitError("no filter holds these values: some stand among them twice")


def _shape(count: int, seed: int) -> Shape:
    length = min(_LONGEST, 1 << int(math.log(max(count, 2)) / math.log(3.33) + 2.25))
    factor = max(1.125, 0.875 + 0.25 * math.log(1_000_000) / math.log(max(count, 2)))
    places = math.ceil(max(count, 2) * factor)
    return Shape(seed, length, max(1, -(-places // length) - 2))


@compiled
def _mixed(hashed: Any, seed: Any) -> Any:
    h = hashed + (seed + np.uint64(1)) * _GAMMA
    h = (h ^ (h >> _SHIFT)) * _MIX
    h = (h ^ (h >> _SHIFT)) * _MORE
    return h ^ (h >> _SHIFT)


@compiled
def _places(mixed: Any, length: int, segments: int) -> tuple[int, int, int]:
    mask = np.uint64(length - 1)
    first = ((mixed >> _HALF) * np.uint64(segments * length)) >> _HALF
    second = (first + np.uint64(length)) ^ ((mixed >> _SECOND) & mask)
    third = (first + np.uint64(2 * length)) ^ (mixed & mask)
    return np.int64(first), np.int64(second), np.int64(third)


@compiled
def _print(mixed: Any) -> Any:
    return np.uint16((mixed ^ (mixed >> _HALF)) & np.uint64(0xFFFF))


@unlocked
def _fill(hashes: Any, seed: Any, length: int, segments: int, arrays: Any) -> bool:
    """Write fingerprints such that those at the three places of each hash make its own; return whether it came out.

    Hashes that have a place for themselves are taken away one after the other, and written in the opposite order.
    """
    prints, sums, counts, order, alone = arrays
    for hashed in hashes:
        mixed = _mixed(hashed, seed)
        for place in _places(mixed, length, segments):
            if counts[place] == 255:
                return False
            counts[place] += np.uint8(1)
            sums[place] ^= mixed
    waiting = 0
    for place in range(len(counts)):
        if counts[place] == 1:
            alone[waiting] = np.uint32(place)
            waiting += 1
    done = 0
    while waiting:
        waiting -= 1
        at = np.int64(alone[waiting])
        if counts[at] != 1:
            continue
        mixed = sums[at]
        order[done, 0] = mixed
        order[done, 1] = np.uint64(at)
        done += 1
        for place in _places(mixed, length, segments):
            counts[place] -= np.uint8(1)
            sums[place] ^= mixed
            if counts[place] == 1:
                alone[waiting] = np.uint32(place)
                waiting += 1
    if done != len(hashes):
        return False
    for step in range(done - 1, -1, -1):
        mixed = order[step, 0]
        first, second, third = _places(mixed, length, segments)
        prints[np.int64(order[step, 1])] = 0
        prints[np.int64(order[step, 1])] = _print(mixed) ^ prints[first] ^ prints[second] ^ prints[third]
    return True


@unlocked
def _touched(seed: Any, length: int, segments: int, wanted: Any, found: Any) -> None:
    for number in range(len(wanted)):
        first, second, third = _places(_mixed(wanted[number], seed), length, segments)
        found[3 * number], found[3 * number + 1], found[3 * number + 2] = first, second, third


def places(shape: Shape, wanted: Any) -> Any:
    """Return the places of a filter that are looked at for some hashes, three for each."""
    found = np.empty(3 * len(wanted), np.int64)
    _touched(np.uint64(shape.seed), shape.length, shape.segments, wanted, found)
    return found


@unlocked
def _any(prints: Any, seed: Any, length: int, segments: int, wanted: Any) -> bool:
    for hashed in wanted:
        mixed = _mixed(hashed, seed)
        first, second, third = _places(mixed, length, segments)
        if _print(mixed) == prints[first] ^ prints[second] ^ prints[third]:
            return True
    return False


def may_hold_any(shape: Shape, prints: Any, wanted: Any) -> bool:
    """Return whether one of the hashes `wanted` may be in a filter; False says that none is."""
    return bool(_any(prints, np.uint64(shape.seed), shape.length, shape.segments, wanted))
