"""Conditions (Sigma rules specification 2.1, "Condition"): search identifiers joined by words.

`or` binds least, then `and`, then `not`, then `1 of` and `all of`. The old `| count() by ...` and `near` are gone from Sigma and refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tocsin.errors import ParseError
from tocsin.matching.sigma.expressions import Expression, both, either, negated, tests_of

MAX_LENGTH: Final = 20_000
MAX_DEPTH: Final = 64
MAX_TESTS: Final = 100_000
"""A condition may come to; what it names several times counts each time."""

_TOKEN = re.compile(r"\s*(?:(\(|\))|([^\s()|]+)|(\|))")
_QUANTIFIERS = {"1", "any", "all"}
_WORDS = {"and", "or", "not", "of"}


def parse(text: str, named: Mapping[str, Expression]) -> Expression:
    """Return what a condition asks for.

    Args:
        text: the condition.
        named: what each search identifier asks for.

    Raises:
        ParseError: it is no condition, names what there is not, or is too long or deep (`sigma-condition`).
    """
    if len(text) > MAX_LENGTH:
        raise _error(f"a condition of {len(text):,} characters; {MAX_LENGTH:,} are the most that is read")
    return _Parser(text, named).whole()


def _error(reason: str) -> ParseError:
    return ParseError(reason, rule="sigma-condition")


def _words(text: str) -> list[str]:
    found = []
    at, size = 0, len(text.rstrip())
    while at < size:
        match = _TOKEN.match(text, at)
        assert match is not None  # every character that is no space is one of the three
        if match[3]:
            raise _error("aggregations after a `|` are no longer part of Sigma: write a correlation rule")
        found.append(match[1] or match[2])
        at = match.end()
    return found


class _Parser:
    def __init__(self, text: str, named: Mapping[str, Expression]) -> None:
        self._words = _words(text)
        self._at = 0
        self._named = named
        self._depth = 0
        self._tests = 0
        self._sizes: dict[str, int] = {}

    def whole(self) -> Expression:
        if not self._words:
            raise _error("the condition is empty")
        found = self._or()
        if self._at < len(self._words):
            raise _error(f"{self._words[self._at][:40]!r} stands where the condition should end")
        return found

    def _next(self, *words: str) -> bool:
        if self._at < len(self._words) and self._words[self._at].lower() in words:
            self._at += 1
            return True
        return False

    def _or(self) -> Expression:
        terms = [self._and()]
        while self._next("or"):
            terms.append(self._and())
        return either(terms)

    def _and(self) -> Expression:
        terms = [self._not()]
        while self._next("and"):
            terms.append(self._not())
        return both(terms)

    def _not(self) -> Expression:
        opposite = False
        while self._next("not"):
            opposite = not opposite
        found = self._term()
        return negated(found) if opposite else found

    def _term(self) -> Expression:
        if self._at >= len(self._words):
            raise _error("the condition ends where a search identifier should stand")
        word = self._words[self._at]
        self._at += 1
        if word == "(":
            return self._group()
        following = self._words[self._at].lower() if self._at < len(self._words) else ""
        if word.lower() in _QUANTIFIERS and following == "of":
            self._at += 1
            return self._of(word.lower())
        if word == ")" or word.lower() in _WORDS or word not in self._named:
            raise _error(f"{word[:60]!r} is no search identifier of this rule")
        return self._search(word)

    def _search(self, name: str) -> Expression:
        found = self._named[name]
        if name not in self._sizes:
            self._sizes[name] = sum(1 for _ in tests_of(found))
        self._tests += self._sizes[name]
        if self._tests > MAX_TESTS:
            raise _error(f"more than {MAX_TESTS:,} tests")
        return found

    def _group(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _error(f"brackets deeper than {MAX_DEPTH}")
        found = self._or()
        if not self._next(")"):
            raise _error("a bracket is not closed")
        self._depth -= 1
        return found

    def _of(self, quantifier: str) -> Expression:
        if self._at >= len(self._words):
            raise _error(f"`{quantifier} of` what?")
        pattern = self._words[self._at]
        self._at += 1
        if pattern.lower() == "them":
            chosen = [self._search(name) for name in self._named if not name.startswith("_")]
        else:
            shape = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
            chosen = [self._search(name) for name in self._named if shape.fullmatch(name)]
        if not chosen:
            raise _error(f"no search identifier is like {pattern[:60]!r}")
        return both(chosen) if quantifier == "all" else either(chosen)
