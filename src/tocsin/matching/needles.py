"""Needles: pieces of text, thousands of them, found in a block in one pass whatever the case of their letters.

RE2 runs them as one automaton in time that grows with the block alone; it says where the next one is, and each line is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import re2

_MEMORY = 256 * 1024 * 1024
_ESCAPED = {"none": b"&#", "json": rb"\\u00|&#", "zeek": rb"\\x|&#"}
"""What may stand for a plain character, by the escapes of a log's format (`&#`: XML in any of them)."""


class Needles:
    """Pieces of text to be found. Threads may share it."""

    def __init__(self, needles: Iterable[str], escapes: str) -> None:
        """Compile needles for logs that escape characters as `escapes` says."""
        options = re2.Options()
        options.case_sensitive = False
        options.never_capture = True
        options.log_errors = False
        options.max_mem = _MEMORY
        options.encoding = re2.Options.Encoding.LATIN1
        given = sorted({each.encode() for each in needles})
        parts = [re2.escape(each) for each in given]
        # an escape hides a character of a needle, so the line is looked at
        pattern = b"|".join((*parts, _ESCAPED[escapes])) if parts else b"$^"
        self._next: Any = re2.compile(pattern, options)

    def spans(self, block: bytes) -> Iterator[tuple[int, int]]:
        """Yield start and end (without line feed) of the lines of a block that hold a needle, in order, each once."""
        at = 0
        while (found := self._next.search(block, at)) is not None:
            place = found.start()
            start = block.rfind(b"\n", at, place) + 1 or at
            feed = block.find(b"\n", place)
            end = len(block) if feed < 0 else feed
            yield start, end - 1 if end > start and block[end - 1] == 13 else end
            at = end + 1
            if at >= len(block):
                return
