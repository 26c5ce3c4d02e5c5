"""Passing over a log at speed: which lines can hold a hit at all.

The pass itself is `kernel.scan`. Everything that can hide a value from it (escapes of the log's format, defanged forms, names that are not
ASCII) sends the whole line on. A sieve may let a line through for nothing; it never holds a hit back (tests/property).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from tocsin.matching import counting, kernel, marks
from tocsin.matching.blocks import Seen
from tocsin.matching.index import Index
from tocsin.matching.native import address
from tocsin.matching.needles import Needles
from tocsin.matching.tables import Tables

Escapes: TypeAlias = Literal["none", "json", "zeek"]
"""How a log's format writes characters that it cannot write plainly: not at all, as JSON (RFC 8259 section 7), as Zeek's TSV (`\\x09`)."""

_MODES = {"none": marks.PLAIN, "json": marks.JSON, "zeek": marks.ZEEK}
_ROOM = 1024
_MUCH_ROOM = 64 * 1024


class Sieve:
    """What lines of a log of one format deserve a look, for one index. Threads may share it."""

    def __init__(self, index: Index, escapes: Escapes = "none", needles: Sequence[str] = ()) -> None:
        """Make a sieve for `index` and logs that escape characters as `escapes` says; lines with one of the `needles` go through, too."""
        self._index = index
        self._needles = Needles(needles, escapes) if needles else None
        self._mode = _MODES[escapes]
        self._arm(index.tables())

    def mute(self, entries: Iterable[int]) -> None:
        """Let no line through any more for the entries at these positions alone."""
        self._arm(self._index.tables(entries))

    @property
    def state(self) -> object:
        """Something that is another once `mute` was called: what was seen before may hold lines that would not come through now."""
        return self._armed

    def _arm(self, tables: Tables) -> None:
        described = tables.described()
        self._armed = (
            tables,
            described,
            address(described),
        )  # the arrays live as long as their addresses are used

    def spans(self, block: bytes) -> Seen:
        """Return start and end (without line feed) of the lines of a block to be looked at, in order, each once."""
        return self.spans_of([block])[0]

    def spans_of(self, blocks: Sequence[bytes]) -> list[Seen]:
        """Return the spans of each block; the interpreter's lock is let go of once for all of them."""
        armed, room = self._armed, np.empty(kernel.ROOM, np.uint64)
        arrays = [np.frombuffer(block, np.uint8) for block in blocks]
        where = np.array([(address(array), len(array)) for array in arrays], np.uint64).reshape(-1, 2)
        places = np.empty((len(blocks), _ROOM), np.int64)
        ends = np.empty((len(blocks), 5), np.int64)
        found = np.empty((len(blocks), _ROOM, 3), np.int64)
        kernel.scan_all(armed[2], where, self._mode, room, places, ends, found)
        seen = []
        for at, (block, (count, end, rows, feeds, joined)) in enumerate(
            zip(blocks, ends.tolist(), strict=True)
        ):
            if end == len(block):
                its = _seen(found[at, :rows], feeds, joined)
            else:
                its = self._further(armed[2], block, (places[at, :count], end), room)
            seen.append(its if self._needles is None else its.with_more(self._needles.spans(block)))
        return seen

    def _further(self, tables: Any, block: bytes, so_far: tuple[Any, int], room: Any) -> Seen:
        """Return what is seen in a block of which there was no more room for places."""
        first, end = so_far
        every = [first]
        array = np.frombuffer(block, np.uint8)
        while end < len(block):
            places = np.empty(_MUCH_ROOM, np.int64)
            count, end = kernel.scan_on(tables, array, end, self._mode, room, places)
            every.append(places[:count])
        return _seen(*counting.lines_at(block, np.concatenate(every)))


def _seen(rows: Any, feeds: int, joined: int) -> Seen:
    starts, ends, numbers = rows.T.tolist()
    return Seen(zip(starts, ends, strict=True), feeds, joined, numbers)
