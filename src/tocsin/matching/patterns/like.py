"""LIKE (STIX 2.1 section 9.6.1): `%` is any run of characters, `_` is one character, everything else is itself.

The whole value must match. Each piece between two `%` is looked for from the left, once, which is enough since `%` takes any
run: the work is at most the length of the value times the length of the pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Like: TypeAlias = Callable[[str], bool]


def like(pattern: str) -> Like:
    """Return the test that `pattern` stands for; both sides are to be NFC already."""
    pieces = [_Piece(text) for text in pattern.split("%")]
    if len(pieces) == 1:
        only = pieces[0]
        return lambda text: len(text) == only.length and only.at(text, 0)
    first, *middle, last = pieces
    middle = [piece for piece in middle if piece.length]
    least = sum(piece.length for piece in pieces)

    def matches(text: str) -> bool:
        end = len(text) - last.length
        if len(text) < least or not first.at(text, 0) or not last.at(text, end):
            return False
        place = first.length
        for piece in middle:
            place = piece.find(text, place, end)
            if place < 0:
                return False
            place += piece.length
        return True

    return matches


class _Piece:
    """A part of a pattern without `%`: plain parts, each with its place, between the `_`."""

    def __init__(self, text: str) -> None:
        self.length = len(text)
        self._parts: list[tuple[int, str]] = []
        place = 0
        for part in text.split("_"):
            if part:
                self._parts.append((place, part))
            place += len(part) + 1

    def at(self, text: str, start: int) -> bool:
        """Tell whether the piece stands at `start`; the caller sees to it that there is room."""
        return all(text.startswith(part, start + place) for place, part in self._parts)

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first place from `start` where the piece stands and ends by `end`, or -1."""
        latest = end - self.length
        if not self._parts:
            return start if start <= latest else -1
        shift, part = self._parts[0]
        while start <= latest:
            found = text.find(part, start + shift, latest + shift + len(part))
            if found < 0:
                return -1
            start = found - shift
            if self.at(text, start):
                return start
            start += 1
        return -1
