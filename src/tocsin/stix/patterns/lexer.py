"""From the text of a STIX pattern to its tokens (STIX 2.1 section 9, lexis of the published ANTLR grammar).

One compiled expression finds every token; whatever no alternative accepts becomes a token of kind "bad", so that
the parser can name the column. Literals in `b''`, `h''` and `t''` are taken here by their quotes
only and judged in `constants`, which can say what is wrong with them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tocsin.errors import ParseError

MAX_LENGTH: Final = 1 << 20
"""Characters a pattern may have."""

# The code points with White_Space=yes; `\s` would add U+001C to U+001F.
WHITE: Final = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
STRING: Final = r"'[^'\\]*+(?:\\['\\][^'\\]*+)*+'"
KEYWORDS: Final = frozenset(
    (
        "AND",
        "OR",
        "NOT",
        "FOLLOWEDBY",
        "LIKE",
        "MATCHES",
        "ISSUPERSET",
        "ISSUBSET",
        "EXISTS",
        "LAST",
        "IN",
        "START",
        "STOP",
        "SECONDS",
        "WITHIN",
        "REPEATS",
        "TIMES",
        "true",
        "false",
    )
)

_TOKEN = re.compile(
    rf"""
      (?P<skip>     [{WHITE}]++ | /\*(?s:.*?)\*/ | //[^\r\n]*+ )
    | (?P<coded>    [bht]'[^'\\]*+' )
    | (?P<word>     [A-Za-z_][A-Za-z0-9_-]*+ )
    | (?P<string>   {STRING} )
    | (?P<float>    [-+]?[0-9]*+\.[0-9]++ )
    | (?P<integer>  [-+]?(?:0|[1-9][0-9]*+) )
    | (?P<operator> == | = | != | <> | <= | >= | < | > )
    | (?P<mark>     [\[\]().,:*] )
    | (?P<bad>      (?s:.) )
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A token: kind, its text and where it starts (0-based offset).

    Kinds: coded, word (identifiers), string, float, integer, end, bad; keywords, operators and marks are
    their own kind.
    """

    kind: str
    text: str
    start: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text`, an `end` token last.

    Raises:
        ParseError: the text is longer than `MAX_LENGTH` (`pattern-length`).
    """
    if len(text) > MAX_LENGTH:
        raise ParseError(
            f"pattern of {len(text):,} characters; {MAX_LENGTH:,} are the most that is read",
            rule="pattern-length",
        )
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "bad"
        if kind == "skip":
            continue
        word = match.group()
        if kind in {"operator", "mark"} or (kind == "word" and word in KEYWORDS):
            kind = word
        found.append(Token(kind, word, match.start()))
    found.append(Token("end", "", len(text)))
    return found


def fault(token: Token, rule: str, message: str) -> ParseError:
    """Return the error for what is wrong at `token`; columns count characters from 1."""
    return ParseError(f"pattern, column {token.start + 1}: {message}", rule=f"pattern-{rule}")


def expected(token: Token, what: str) -> ParseError:
    """Return the error for a token that stands where `what` was expected."""
    if token.kind == "end":
        return fault(token, "syntax", f"expected {what}, found the end of the pattern")
    if token.kind == "bad" and token.text == "'":
        return fault(token, "string", "string is not closed, or holds a backslash before neither ' nor \\")
    shown = token.text if len(token.text) <= 40 else f"{token.text[:40]}..."
    return fault(token, "syntax", f"expected {what}, found {shown}")
