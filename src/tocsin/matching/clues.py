"""Clues: what a line must hold for a pattern to be worth evaluating on its record.

Of comparisons joined by AND one is enough, the cheapest to find; of those joined by OR, and of the observations of one pattern, all
are needed. Values that the index finds cost nothing more; needles (pieces of text) cost a second pass over the log; where neither will do (numbers,
regular expressions, negations) every record has to be read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from tocsin.matching.entries import Entry, Indicator, entry_of
from tocsin.stix.patterns.ast import (
    AllOf,
    AnyOf,
    Both,
    Comparison,
    Constant,
    Either,
    Expression,
    FollowedBy,
    Observation,
    Path,
    Pattern,
    Qualified,
    Test,
)
from tocsin.stix.patterns.render import render_path

CLUE: Final = Indicator(id="", tag=-1)
"""Whose the entries are that only make a line worth a look: nobody's."""

# Kinds that the index finds without looking at every word; others are found as needles.
_INDEXED = {"ipv4", "ipv6", "cidr", "domain", "email", "url", "md5", "sha1", "sha256", "sha512", "ja3"}
# What no log format escapes, and no reader rewrites: of other characters a needle would not be found where it stands.
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{3,}")
_HIVE = re.compile(r"HKEY_\w+|HK\w{1,2}(?=\\)")  # readers write hives in full
# Properties whose text stands in the log as it is, or in pieces.
_AS_WRITTEN = {
    *("value", "name", "command_line", "cwd", "path", "key", "data", "account_login", "user_id", "display_name"),
    *("subject", "issuer", "message_id", "request_value", "User-Agent", "Referer", "Host"),
    *("MD5", "SHA-1", "SHA-256", "SHA-512"),
}  # fmt: skip
_REWRITTEN = {"mac-addr", "ipv4-addr", "ipv6-addr"}  # types whose values a reader spells anew


class Clues(msgspec.Struct, frozen=True):
    """What to look for on behalf of patterns.

    Attributes:
        entries: for the index, each of the indicator `CLUE`.
        needles: pieces of text in lower case; found in letters of either case.
        everywhere: something has to be evaluated on every record.
    """

    entries: tuple[Entry, ...] = ()
    needles: tuple[str, ...] = ()
    everywhere: bool = False

    @property
    def cost(self) -> tuple[int, int, int]:
        """What is dearer to find comes after what is cheaper."""
        shortest = min(map(len, self.needles), default=0)
        return (2 if self.everywhere else 1 if self.needles else 0), -shortest, len(self.entries)


def clues_of(pattern: Pattern) -> Clues:
    """Return the clues of a pattern: no record without one of them can be part of a match."""
    return union(_of_test(test) for test in _tests(pattern.expression))


def union(found: Iterable[Clues]) -> Clues:
    """Return clues that stand for all of some."""
    given = list(found)
    return Clues(
        tuple(dict.fromkeys(entry for each in given for entry in each.entries)),
        tuple(dict.fromkeys(needle for each in given for needle in each.needles)),
        any(each.everywhere for each in given),
    )


def possible(pattern: Pattern, given: Mapping[str, Collection[str]]) -> bool:
    """Tell whether records can match a pattern at all, if objects have only the properties `given` by their types."""
    return _possible(pattern.expression, given)


def _tests(node: Expression) -> Iterator[Test]:
    match node:
        case Observation():
            yield node.test
        case Qualified():
            yield from _tests(node.expression)
        case _:
            for child in node.operands:
                yield from _tests(child)


def _of_test(test: Test) -> Clues:
    match test:
        case Comparison():
            return _of_comparison(test)
        case AllOf():
            return min(map(_of_test, test.operands), key=lambda each: each.cost)
        case AnyOf():
            return union(map(_of_test, test.operands))


_EVERYWHERE = Clues(everywhere=True)


def _of_comparison(node: Comparison) -> Clues:
    wanted = "!=" if node.negated else "="
    if node.operator == "IN" and not node.negated and isinstance(node.value, tuple):
        return union(_of_value(node.path, each) for each in node.value)
    if isinstance(node.value, tuple) or node.value is None:
        return _EVERYWHERE
    if node.operator == wanted:
        return _of_value(node.path, node.value)
    if node.negated or not isinstance(node.value, str):
        return _EVERYWHERE
    if node.operator == "ISSUBSET":
        return _indexed(node.path, node.value) or _EVERYWHERE
    if node.operator == "LIKE":
        return _needle(node.path, re.split("[%_]", node.value)) or _EVERYWHERE
    return _EVERYWHERE


def _of_value(path: Path, value: Constant) -> Clues:
    if not isinstance(value, str):
        return _EVERYWHERE
    return _indexed(path, value) or _needle(path, [value]) or _EVERYWHERE


def _indexed(path: Path, value: str) -> Clues | None:
    entry = entry_of(render_path(path), value, CLUE)
    return Clues(entries=(entry,)) if entry is not None and entry.kind in _INDEXED else None


def _needle(path: Path, pieces: list[str]) -> Clues | None:
    last = next(step for step in reversed(path.steps) if isinstance(step, str) or step is None)
    if last is None:  # a list: what it is of stands before
        last = next((step for step in reversed(path.steps) if isinstance(step, str)), None)
    if last not in _AS_WRITTEN or path.type in _REWRITTEN:
        return None
    runs = [run for piece in pieces for run in _PLAIN.findall(_HIVE.sub(" ", piece))]
    # a dot at an edge may be one that a reader leaves out
    found = max((run.strip(".-").lower() for run in runs), key=len, default="")
    return Clues(needles=(found,)) if len(found) >= 3 else None


def _possible(node: Expression, given: Mapping[str, Collection[str]]) -> bool:
    match node:
        case Observation():
            return _possible_test(node.test, given)
        case Qualified():
            return _possible(node.expression, given)
        case Either():
            return any(_possible(child, given) for child in node.operands)
        case Both() | FollowedBy():
            return all(_possible(child, given) for child in node.operands)


def _possible_test(test: Test, given: Mapping[str, Collection[str]]) -> bool:
    match test:
        case Comparison():
            held = given.get(test.path.type)
            if held is None:
                return False
            return test.path.steps[0] in held or (test.negated and test.operator == "EXISTS")
        case AllOf():
            return all(_possible_test(child, given) for child in test.operands)
        case AnyOf():
            return any(_possible_test(child, given) for child in test.operands)
