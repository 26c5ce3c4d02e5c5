"""Finding the end of a JSON value by its brackets alone, in pieces, minding strings.

For text that is too long to hold or not quite JSON. Depth costs nothing here: a value nested a
million deep is walked over like any other.
"""

from __future__ import annotations

import re

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TOKEN = re.compile(_STRING + rb'|["{}\[\]]', re.DOTALL)
# Outside strings JSON has no words but these; any other means that a quote is missing somewhere and that
# what looks like brackets may stand inside a string.
_STRICT_TOKEN = re.compile(_STRING + rb"|[\"{}\[\]]|[A-Za-z_$'/\\\x80-\xff]+", re.DOTALL)
_WORDS = frozenset({b"true", b"false", b"null", b"e", b"E"})
_STRING_END = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_STRICT_DEPTH = 4096


class Brackets:
    """Walks over one value, piece by piece.

    Attributes:
        mismatch: (strict only) brackets do not pair by kind, or words stand outside strings.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._token = _STRICT_TOKEN if strict else _TOKEN
        self._open: list[bytes] = []
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.mismatch = False

    def feed(self, piece: memoryview) -> int | None:
        """Return the offset in `piece` right after the value's end; None when it goes on."""
        at = 0
        if self._in_string:
            if not piece:
                return None
            begin = 1 if self._escaped else 0
            match = _STRING_END.match(piece, begin)
            if match is None:
                self._escaped = _ends_escaped(piece, begin)
                return None
            at, self._in_string, self._escaped = match.end(), False, False
            if self._depth == 0:
                return at
        for match in self._token.finditer(piece, at):
            token = match[0]
            if token == b'"':
                self._in_string = True
                self._escaped = _ends_escaped(piece, match.end())
                return None
            if self._step(token):
                return match.end()
            if self.mismatch:
                return None
        return None

    def _step(self, token: bytes) -> bool:
        """Take one token; True when the value ends with it."""
        if token in (b"{", b"["):
            self._depth += 1
            if self._strict and self._depth <= _STRICT_DEPTH:
                self._open.append(b"}" if token == b"{" else b"]")
        elif token in (b"}", b"]"):
            self._depth -= 1
            if self._strict and self._depth < _STRICT_DEPTH and (not self._open or self._open.pop() != token):
                self.mismatch = True
                return False
        elif token[0] != 0x22:
            self.mismatch = token not in _WORDS
            return False
        return self._depth <= 0


def _ends_escaped(piece: memoryview, begin: int) -> bool:
    tail = bytes(piece[begin:])
    return (len(tail) - len(tail.rstrip(b"\\"))) % 2 == 1
