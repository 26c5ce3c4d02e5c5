"""Passing over a log at speed: which lines can hold a hit at all.

The pass itself is `kernel.scan`. Everything that can hide a value from it (escapes of the log's format, defanged forms, names that are not
ASCII) sends the whole line on. A sieve may let a line through for nothing; it never holds a hit back (tests/property).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np

from tocsin.matching import kernel
from tocsin.matching.index import Index
from tocsin.matching.kernel import Tables
from tocsin.matching.native import address

Escapes: TypeAlias = Literal["none", "json", "zeek"]
"""How a log's format writes characters that it cannot write plainly: not at all, as JSON (RFC 8259 section 7), as Zeek's TSV (`\\x09`)."""

_MODES = {"none": kernel.PLAIN, "json": kernel.JSON, "zeek": kernel.ZEEK}
_ROOM = 4096


class Sieve:
    """What lines of a log of one format deserve a look, for one index. Threads may share it."""

    def __init__(self, index: Index, escapes: Escapes = "none") -> None:
        """Make a sieve for `index` and logs that escape characters as `escapes` says."""
        self._index = index
        self._mode = _MODES[escapes]
        self._arm(index.tables())

    def mute(self, entries: Iterable[int]) -> None:
        """Let no line through any more for the entries at these positions alone."""
        self._arm(self._index.tables(entries))

    def _arm(self, tables: Tables) -> None:
        described = tables.described()
        self._armed = (tables, described, address(described))  # the arrays live as long as their addresses are used

    def spans(self, block: bytes) -> list[tuple[int, int]]:
        """Return start and end (without line feed) of the lines of a block to be looked at, in order, each once."""
        data = np.frombuffer(block, np.uint8)
        pad, places = np.empty(kernel.WIDTH, np.uint8), np.empty(_ROOM, np.int64)
        armed = self._armed
        found: list[int] = []
        at = 0
        while at < len(block):
            count, at = kernel.scan(armed[2], address(data), len(block), at, self._mode, pad, places)
            found += places[:count].tolist()
        return _lines_at(block, found)


def _lines_at(block: bytes, places: Iterable[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    done = 0
    for place in places:
        start = block.rfind(b"\n", done, place) + 1 or done
        feed = block.find(b"\n", place)
        end = len(block) if feed < 0 else feed
        spans.append((start, end - 1 if end > start and block[end - 1] == 13 else end))
        done = end + 1
    return spans


