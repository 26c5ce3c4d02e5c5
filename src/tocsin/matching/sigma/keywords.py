"""Keywords: tests on every value of a record, and on its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import ahocorasick_rs

from tocsin.matching.sigma.records import Record, everything
from tocsin.matching.sigma.tests import Like, Test
from tocsin.matching.sigma.values import NOTHING, Answer, Atom, Memory, Values, merged

# Letters that JSON writes as they are and that stay one octet: a literal is told by its longest run of them.
_RUN = re.compile(r"[A-Za-z0-9 _.:;,=()\[\]{}<>|&%$#@!?+*'`~^-]+")
_LEAST: Final = 3
# looked for 16 bytes at a time: `in` stops at each backslash, of which logs of Windows are full
_ESCAPES: Final = ahocorasick_rs.BytesAhoCorasick([b"\\u"], matchkind=ahocorasick_rs.MatchKind.LeftmostFirst)
_ASCII: Final = bytes(range(128))
FOLDED: Final = re.compile(
    rb"\xc3\x9f|\xc4\xb0|\xc5[\x89\xbf]|\xc7\xb0|\xe1\xba[\x96-\x9a\x9e]|\xe2\x84\xaa|\xef\xac[\x80-\x86]"
)
"""Signs beyond ASCII, in UTF-8, of which case folding makes letters of ASCII: the Kelvin sign, ligatures, and a few more."""


class Keywords:
    """The keywords of all rules for one kind of record."""

    def __init__(
        self, tests: Sequence[tuple[Atom, Test]], rules: Sequence[Sequence[int]], memory: Memory
    ) -> None:
        """Put tests together, as `Values` does."""
        self._values = Values(tests, rules, memory)
        runs = [_telling(test) for _, test in tests]
        self._plain = all(isinstance(test, Like) for _, test in tests)
        self._seen: Any = None
        if all(runs):
            # whether there is one is all that counts: leftmost matches of few texts are looked for 16 bytes at a time
            kind = ahocorasick_rs.MatchKind.LeftmostFirst
            self._seen = ahocorasick_rs.BytesAhoCorasick(
                sorted({run.encode() for run in runs}), matchkind=kind
            )

    def of_record(self, record: Record, raw: bytes, line: str) -> Answer:
        """Return what the values of a record and its line pass together; see `groups.Group.match`."""
        if (
            raw
            and self._seen is not None
            and _is_plain(raw)
            and not self._seen.find_matches_as_indexes(raw.lower())
        ):
            return NOTHING
        texts = {*everything(record), line} if line else set(everything(record))
        # few records have any: all texts are asked at once, and each for itself only if they pass anything together
        if self._plain and not self._values.of("\n".join(texts)).atoms:
            return NOTHING
        return merged([self._values.of(text) for text in texts])


def _is_plain(raw: bytes) -> bool:
    """Tell whether letters of JSON stand for themselves: none is written as an escape, or comes of another sign by case folding."""
    if _ESCAPES.find_matches_as_indexes(raw) and b"\\u" in raw.replace(b"\\\\", b""):
        return False
    return raw.isascii() or FOLDED.search(raw.translate(None, _ASCII)) is None


def _telling(test: Test) -> str:
    """Return what a text must have in lower case to pass a test; empty if that is too little or not known."""
    if not isinstance(test, Like) or test.dashes:
        return ""
    runs = (run for part in test.parts if isinstance(part, str) for run in _RUN.findall(part))
    found = max(runs, key=len, default="")
    return found.lower() if len(found) >= _LEAST else ""
