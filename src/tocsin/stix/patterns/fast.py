"""The quick way to know that a pattern is good, for the form that most indicators have.

`[a = 'x']`, `[a = 'x' OR b = 'y']` and `[a = 'x' AND a.b = 'y']` are recognised by one compiled expression, which accepts
a part of what the parser accepts and nothing else (tests/property/test_patterns.py). Anything it does not
recognise, right or wrong, goes to the parser.
"""

from __future__ import annotations

import re

from tocsin.stix.patterns.constants import HASHES
from tocsin.stix.patterns.lexer import MAX_LENGTH, STRING
from tocsin.stix.patterns.parser import parse

# Small letters only, so of the keywords only these two can be met.
_WORD = r"(?!(?:true|false)\b)[a-z_][a-z0-9_]*+"
_TYPE = r"(?!(?:true|false)\b)[a-z][a-z0-9_-]*+"
_DIGESTS = "|".join(
    rf"{name}\ *+=\ *+'{HASHES[folded]}'"
    for name, folded in (
        ("(?:MD5|'MD5')", "MD5"),
        ("'SHA-1'", "SHA1"),
        ("'SHA-256'", "SHA256"),
        ("'SHA-512'", "SHA512"),
    )
)
# A path, `=` and a constant; a path through `hashes` only with a digest that fits.
_REST = (
    rf"(?:hashes\.(?:{_DIGESTS})"
    rf"|(?!hashes\b){_WORD}(?:\.(?!hashes\b){_WORD}|\[(?:\*|0|[1-9][0-9]?)\])*"
    rf"\ *+=\ *+(?:{STRING}|(?:0|[1-9][0-9]{{0,14}}+)(?![0-9.])))"
)
# What repeats begins with `.`, `[` or AND, which cannot begin anything else: going back finds no second way, so this stays linear.
# It must not say so with `*+`: Python before 3.11.5 gets possessive groups wrong that have alternatives in them (gh-106052).
_SIMPLE = re.compile(
    rf"\[\ *+(?:({_TYPE}):{_REST}(?:\ ++(?:AND|OR)\ ++\1:{_REST})*|{_TYPE}:{_REST}(?:\ ++OR\ ++{_TYPE}:{_REST})+)\ *+\]"
)


def check(text: str) -> None:
    """Check that `text` is a valid STIX pattern.

    Raises:
        ParseError: as `parse`.
    """
    if len(text) > MAX_LENGTH or _SIMPLE.fullmatch(text) is None:
        parse(text)
