"""Passing over a log at speed: which lines can hold a hit at all.

The pass itself is `kernel.scan`. Everything that can hide a value from it (escapes of the log's format, defanged forms, names that are not
ASCII) sends the whole line on. A sieve may let a line through for nothing; it never holds a hit back (tests/property).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from tocsin.matching import kernel
from tocsin.matching.index import Index
from tocsin.matching.native import address
from tocsin.matching.needles import Needles
from tocsin.matching.tables import Tables

Escapes: TypeAlias = Literal["none", "json", "zeek"]
"""How a log's format writes characters that it cannot write plainly: not at all, as JSON (RFC 8259 section 7), as Zeek's TSV (`\\x09`)."""

Spans: TypeAlias = list[tuple[int, int]]

_MODES = {"none": kernel.PLAIN, "json": kernel.JSON, "zeek": kernel.ZEEK}
_ROOM = 4096


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

    def spans(self, block: bytes) -> Spans:
        """Return start and end (without line feed) of the lines of a block to be looked at, in order, each once."""
        return self.spans_of([block])[0]

    def spans_of(self, blocks: Sequence[bytes]) -> list[Spans]:
        """Return the spans of each block; the interpreter's lock is let go of once for all of them."""
        armed, room = self._armed, np.empty(kernel.ROOM, np.uint64)
        arrays = [np.frombuffer(block, np.uint8) for block in blocks]
        where = np.array([(address(array), len(array), 0) for array in arrays], np.uint64).reshape(-1, 3)
        places = np.empty((len(blocks), _ROOM), np.int64)
        ends = np.empty((len(blocks), 2), np.int64)
        kernel.scan_all(armed[2], where, self._mode, room, places, ends)
        found = []
        for at, block in enumerate(blocks):
            its = places[at, : ends[at, 0]].tolist()
            while ends[at, 1] < len(block):  # there was no more room for places
                one = slice(at, at + 1)
                where[at, 2] = ends[at, 1]
                kernel.scan_all(armed[2], where[one], self._mode, room, places[one], ends[one])
                its += places[at, : ends[at, 0]].tolist()
            found.append(_lines_at(block, sorted(its)))
        if self._needles is not None:
            return [
                _merged(spans, self._needles.spans(block)) for block, spans in zip(blocks, found, strict=True)
            ]
        return found


def _merged(spans: Spans, more: Iterable[tuple[int, int]]) -> Spans:
    return sorted({*spans, *more})


def _lines_at(block: bytes, places: Iterable[int]) -> Spans:
    spans: Spans = []
    done = 0
    for place in places:
        if place < done:
            continue
        start = block.rfind(b"\n", done, place) + 1 or done
        feed = block.find(b"\n", place)
        end = len(block) if feed < 0 else feed
        spans.append((start, end - 1 if end > start and block[end - 1] == 13 else end))
        done = end + 1
    return spans
