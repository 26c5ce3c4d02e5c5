"""Victims that an object names, found again in what is to be looked for: `login.acme-bank.example` beside `"x_victim": "Acme Bank"`."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

_WORD: Final = re.compile(r"[^\W_]+")
_ENCODED: Final = re.compile(r"xn--([a-z0-9-]+)", re.IGNORECASE)
_SHORTEST_WORD, _SHORTEST_NAME = 4, 3


def names(data: dict[str, Any]) -> frozenset[str]:
    """Return the words of every string that stands under a key that says victim, at any depth, and each whole string as one word."""
    found: set[str] = set()
    waiting: list[tuple[Any, bool]] = [(data, False)]
    while waiting:
        value, named = waiting.pop()
        if type(value) is dict:
            waiting += [(each, named or "victim" in key.lower()) for key, each in value.items()]
        elif type(value) is list:
            waiting += [(each, named) for each in value]
        elif named and type(value) is str:
            words = _WORD.findall(_folded(value))
            found.update(word for word in words if len(word) >= _SHORTEST_WORD)
            if len(whole := "".join(words)) >= _SHORTEST_NAME:
                found.add(whole)
    return frozenset(found)


def told(text: str, words: frozenset[str]) -> bool:
    """Whether one of the words is part of `text`, whatever stands between its letters; also in an internationalised domain name."""
    shown = "".join(_WORD.findall(_folded(_ENCODED.sub(_decoded, text))))
    return any(word in shown for word in words)


def _folded(text: str) -> str:
    """Return small letters without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _decoded(label: re.Match[str]) -> str:
    try:
        return label[1].encode().decode("punycode")
    except UnicodeError:
        return label[0]
