r"""A bounded check of the regular expressions of MATCHES (STIX 2.1 section 9.6.1: they must be PCRE).

No PCRE is at hand, and compiling a stranger's expression would be a risk of its own. This scan, linear in the
length, refuses only what every PCRE refuses: a trailing backslash, an open class, unbalanced
parentheses, and a quantifier with nothing before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_REGEX: Final = 10_000
"""Characters a regular expression may have."""

_PIECE = re.compile(
    r"""
      \\Q(?s:.*?)(?:\\E|$)               # quoted
    | \\(?s:.)                           # escaped
    | \[\^?+\]?+(?:\\Q(?s:.*?)\\E|\\(?s:.)|\[:\^?[a-z]+:\]|[^\]\\])*+\]  # class
    | \(\?\#[^)]*+\)                     # comment
    | \(\*[A-Z_]++[:=]?[^)]*+\)          # verb, such as (*UTF)
    | \(\*[a-z_]++:                      # group with a name, such as (*atomic:
    | \(\?                               # group with an option
    | (?s:.)
    """,
    re.VERBOSE,
)
_EXTENDED = re.compile(r"\(\?\^?[A-Za-wyz]*x")


def pieces(text: str) -> Iterator[str]:
    """Yield the parts of a regular expression: escapes, classes and openings of groups are one part each."""
    return (match.group() for match in _PIECE.finditer(text))


def regex_fault(text: str) -> str | None:
    """Return what is wrong with a regular expression, None if nothing was found."""
    if len(text) > MAX_REGEX:
        return f"regular expression of {len(text):,} characters; {MAX_REGEX:,} are the most that is read"
    if _EXTENDED.search(text):  # `(?x)` allows comments, in which anything may stand
        return None
    depth = 0
    bare = True  # nothing stands before the next piece that could be repeated
    for piece in pieces(text):
        if piece == "\\":
            return "regular expression ends in a backslash"
        if piece == "[":
            return "regular expression has a class that is not closed"
        if piece in {"*", "+", "?"} and bare:
            return f"regular expression has {piece} with nothing to repeat"
        if piece[0] == "(" and piece[-1] != ")":
            depth += 1
        elif piece == ")":
            depth -= 1
            if depth < 0:
                return "regular expression closes a group that is not open"
        bare = piece in {"(", "|"}
    return "regular expression has a group that is not closed" if depth else None
