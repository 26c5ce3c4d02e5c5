r"""MATCHES (STIX 2.1 section 9.6.1): regular expressions in time linear in the value, by RE2.

The specification asks for PCRE, searched, with DOTALL. RE2 has no expression that takes exponential time, and for that gives up
look-around, back references, possessive quantifiers and atomic groups: these are refused when the pattern is compiled. `$` and `\Z`
are rewritten, since in PCRE they also match before a line feed that ends the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import re2

from tocsin.errors import ParseError
from tocsin.stix.patterns.regex import pieces

MAX_MEMORY: Final = 8 << 20
"""Bytes that one compiled expression may take, its caches included."""

_AT_END = r"(?:\n?\z)"
_REWRITTEN: Final = {
    r"\Z": _AT_END,
    r"\h": r"[\t \xa0]",
    r"\v": r"[\n\x0b\f\r\x85]",
    r"\R": r"(?:\r\n|[\n\x0b\f\r\x85])",
    r"\e": r"\x1b",
}
_MULTILINE = re.compile(r"\(\?\^?[a-zA-Z]*m")


def search(expression: str, *, binary: bool) -> Callable[[bytes], bool]:
    """Return a test for values in UTF-8, or for octets if `binary`, in which characters stand for U+0000 to U+00FF.

    Raises:
        ParseError: RE2 cannot express it, or it takes too much memory (`pattern-regex`).
    """
    options = re2.Options()
    options.dot_nl = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    encoding = "utf-8"
    if binary:
        options.encoding = re2.Options.Encoding.LATIN1
        encoding = "latin-1"
    try:
        compiled: Any = re2.compile(_rewritten(expression).encode(encoding), options)
    except (re2.error, UnicodeError) as error:
        raise ParseError(
            f"MATCHES {expression[:80]!r} cannot be evaluated in bounded time: {_reason(error)}",
            rule="pattern-regex",
            hint="write it without look-around, back references, possessive quantifiers and atomic groups",
        ) from error
    find = compiled.search
    return lambda value: find(value) is not None


def _rewritten(expression: str) -> str:
    """Return the expression with what PCRE has and RE2 lacks or means otherwise put in other words."""
    told = dict(_REWRITTEN) if _MULTILINE.search(expression) else {"$": _AT_END, **_REWRITTEN}
    return "".join("" if piece.startswith("(?#") else told.get(piece, piece) for piece in pieces(expression))


def _reason(error: Exception) -> str:
    told = error.args[0] if error.args else error
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
