"""What the scanner asks an index: whether a value with some hash may be there."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from tocsin.matching.hashing import has
from tocsin.matching.native import address, byte, compiled, half, inlined, word

_ONE: Final = np.uint64(1)


class Tables(NamedTuple):
    """What the pass asks: arrays of numpy.

    Attributes:
        filter: a Bloom filter (`hashing.has`) of all keys.
        prints: upper halves of the hashes of entries, sorted; `further` those of hosts, words and the like.
        more, added: filter and upper halves of the overlay.
        muted: hashes that are not to be told of any more, sorted.
        lasts: bit set of the hashes of last labels.
        near4: bit for each /16 of IPv4 in which there is some range; `bits4` are the prefix lengths that ranges have.
        near6: bit for each first group of IPv6 addresses and ranges; `bits6` as `bits4`.
        flags: there are IPv6 values; digests; mailboxes; words without a dot; last labels that are no letter with letters, digits and dashes behind it.
    """

    filter: Any
    prints: Any
    further: Any
    more: Any
    added: Any
    muted: Any
    lasts: Any
    near4: Any
    bits4: Any
    near6: Any
    bits6: Any
    flags: Any

    def described(self) -> Any:
        """Return address and length of each array: compiled code is given the address of this."""
        return np.array([number for array in self for number in (address(array), len(array))], np.uint64)


(FILTER, PRINTS, FURTHER, MORE, ADDED, MUTED, LASTS, NEAR4, BITS4, NEAR6, BITS6, FLAGS) = range(0, 24, 2)
"""Where `Tables.described` tells of each array."""


@inlined
def array(tables: Any, which: int) -> tuple[Any, Any]:
    """Return address and length of one of the arrays."""
    return word(tables, which), np.int64(word(tables, which + 1))


@inlined
def flag(tables: Any, which: int) -> Any:
    """Return whether a flag is set."""
    return byte(word(tables, FLAGS), which) != 0


@compiled
def _among(tables: Any, which: int, wanted: Any) -> bool:
    prints, high = array(tables, which)
    low, size = 0, high
    while low < high:
        middle = (low + high) >> 1
        if half(prints, middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low < size and half(prints, low) == wanted


@compiled
def _muted(tables: Any, hashed: Any) -> bool:
    hashes, high = array(tables, MUTED)
    low, size = 0, high
    while low < high:
        middle = (low + high) >> 1
        if word(hashes, middle) < hashed:
            low = middle + 1
        else:
            high = middle
    return low < size and word(hashes, low) == hashed


@compiled
def _confirmed(tables: Any, hashed: Any) -> Any:
    wanted = np.uint32(hashed >> np.uint64(32))
    if not (
        _among(tables, PRINTS, wanted) or _among(tables, FURTHER, wanted) or _among(tables, ADDED, wanted)
    ):
        return False
    return not _muted(tables, hashed)


@inlined
def known(tables: Any, hashed: Any) -> Any:
    """Return whether a value with this hash may be in the index."""
    words, size = array(tables, FILTER)
    if has(words, size, hashed):
        return _confirmed(tables, hashed)
    words, size = array(tables, MORE)
    return size > 0 and has(words, size, hashed) and _confirmed(tables, hashed)


@inlined
def bit(bits: Any, position: Any) -> bool:
    """Return whether a bit of the bit set at an address is set."""
    return bool((word(bits, position >> 6) >> np.uint64(position & 63)) & _ONE)


@inlined
def last_bit(state: Any) -> int:
    """Return which bit of `Tables.lasts` the hash state of a last label belongs to."""
    return np.int64(state >> np.uint64(48))
