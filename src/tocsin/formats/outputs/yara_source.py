"""Reads YARA source as far as it takes to put several pieces into one file: which rules it has, and that it ends what it begins.

A piece with an unclosed comment would swallow the one after it, `include` reads files, and a `global` rule switches off every other rule when it does not
match (YARA documentation, "Writing YARA rules"): none of these is carried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST = 1 << 20
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9][0-9A-Za-z_.]*)
    |(?P<sign>.)""",
    re.DOTALL | re.VERBOSE,
)
_REGEX = re.compile(r"/(?:[^/\\\n]|\\[^\n])+/[is]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def rule_names(text: str) -> tuple[str, ...] | None:
    """Return the names of the rules in a piece of source; None if it cannot stand beside others."""
    if len(text) > _LONGEST or "\0" in text:
        return None
    written = _tokens(text)
    names: list[str] = []
    try:
        for word in written:
            if word == "private":
                if next(written) != "rule":
                    return None
                names.append(_rule(written))
            elif word == "rule":
                names.append(_rule(written))
            elif word == "import":
                if not next(written).startswith('"'):
                    return None
            else:
                return None
    except (StopIteration, ValueError):
        return None
    return tuple(names) if names and len(set(names)) == len(names) else None


def _rule(written: Iterator[str]) -> str:
    """Pass over a rule behind its keyword; return its name.

    Raises:
        ValueError: it is none.
        StopIteration: it does not end.
    """
    name = next(written)
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    word = next(written)
    while word != "{":
        if word != ":" and not _NAME.fullmatch(word):
            raise ValueError(word)
        word = next(written)
    depth = 1
    while depth:
        word = next(written)
        depth += {"{": 1, "}": -1}.get(word, 0)
    return name


def _tokens(text: str) -> Iterator[str]:
    """Yield words, signs and whole literals.

    Raises:
        ValueError: a comment, a text or a regular expression does not end.
    """
    at = 0
    while at < len(text):
        if text[at] == "/" and text[at : at + 2] not in {"//", "/*"}:  # YARA divides with a backslash
            found = _REGEX.match(text, at)
            kind = "regex"
        else:
            found = _TOKEN.match(text, at)
            kind = "" if found is None else str(found.lastgroup)
        if found is None or (kind == "sign" and (found[0] == '"' or text.startswith("/*", at))):
            raise ValueError(text[at : at + 20])
        at = found.end()
        if kind != "space":
            yield found[0]
