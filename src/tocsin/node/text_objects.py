"""What a line of plain text says to patterns: the values in it that patterns ask for, each an object of its own.

Text does not say which address was the source, or which process wrote a file: a pattern that asks for such is not evaluated in it. Names and digests
of one line are taken to be of one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, product
from typing import Any, Final

from tocsin.errors import FormatError
from tocsin.matching import Entry, Index, Kind
from tocsin.matching.clues import CLUE, Clues, clues_of, possible, union
from tocsin.matching.engine import DEFANGED, scan_text
from tocsin.matching.entries import entry_of
from tocsin.matching.values import normalise
from tocsin.stix.patterns import Pattern, parse
from tocsin.stix.patterns.ast import Comparison, Observation, Path, Qualified
from tocsin.stix.patterns.render import render_path

SAID: Final[Mapping[str, frozenset[str]]] = {
    **{
        name: frozenset({"type", "value"})
        for name in ("domain-name", "ipv4-addr", "ipv6-addr", "url", "email-addr")
    },
    "file": frozenset({"type", "name", "hashes"}),
}
"""Objects that text can name, and their properties."""
_TYPES: Final[Mapping[str, str]] = {
    "domain": "domain-name", "ipv4": "ipv4-addr", "ipv6": "ipv6-addr", "url": "url", "email": "email-addr",
}  # fmt: skip
_HASHES: Final[Mapping[str, str]] = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
_NAME = re.compile(r"[^\s\\/:*?\"'<>|,;=()\[\]{}]{1,200}\.[A-Za-z0-9]{1,8}(?![\w.])")
_MOST = 16  # names, digests, and files of a line: who writes a log must not choose how long it takes


@lru_cache(maxsize=65_536)
def clues_in_text(pattern: str) -> Clues | None:
    """Return what a line of text must hold for a pattern to be worth evaluating; None if it is not evaluated in text."""
    parsed = parse(pattern)
    clues = clues_of(parsed)
    if clues.everywhere or not possible(parsed, SAID) or not all(map(_is_said, _comparisons(parsed))):
        return None
    return clues


class TextPatterns:
    """Patterns that are evaluated in lines of text.

    Attributes:
        needles: pieces of text of which a line must hold one, if it holds none of the values that are clues.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        """Take those of some patterns that text can say something to."""
        taken = [(each, clues) for each in patterns if (clues := clues_in_text(each)) is not None]
        self.needles = union(clues for _, clues in taken).needles
        asked = [comparison for each, _ in taken for comparison in _comparisons(parse(each))]
        self._names = any(_is_name(each.path) for each in asked)
        self._index = Index.build(list(dict.fromkeys(entry for each in asked for entry in _entries(each))))

    def objects(self, text: str) -> dict[str, dict[str, Any]]:
        """Return the objects that a line names and patterns ask for, by names of their own; what is in doubt says nothing."""
        made: list[dict[str, Any]] = []
        digests: list[tuple[str, str]] = []
        for found in scan_text(text, self._index):
            entry, written = self._index.entries[found.entry], text[found.start : found.end]
            if any(flag != DEFANGED for flag in found.flags):
                continue
            kind = ("ipv6" if ":" in written else "ipv4") if entry.kind == "cidr" else entry.kind
            if kind in _TYPES:
                made.append({"type": _TYPES[kind], "value": _spelled(kind, written, entry.value)})
            elif kind in _HASHES:
                digests.append((_HASHES[kind], written.lower()))
        made += _files(digests, _names(text) if self._names else [])
        unique = {repr(each): each for each in made}
        return {str(number): each for number, each in enumerate(unique.values())}


def _comparisons(pattern: Pattern) -> Iterator[Comparison]:
    waiting: list[Any] = [pattern.expression]
    while waiting:
        node = waiting.pop()
        match node:
            case Comparison():
                yield node
            case Observation():
                waiting.append(node.test)
            case Qualified():
                waiting.append(node.expression)
            case _:
                waiting += node.operands


def _is_name(path: Path) -> bool:
    return path.type == "file" and path.steps == ("name",)


def _is_said(each: Comparison) -> bool:
    """Tell whether the values that a comparison can be about are found in text: of a kind that is known by its looks, and no part of one."""
    return _is_name(each.path) or each.operator in {"=", "!=", "IN", "ISSUBSET"}


def _entries(each: Comparison) -> Iterator[Entry]:
    values = each.value if isinstance(each.value, tuple) else (each.value,)
    for value in values:
        if isinstance(value, str) and not _is_name(each.path):
            entry = entry_of(render_path(each.path), value, CLUE)
            if entry is not None:
                yield entry


def _spelled(kind: Kind, written: str, wanted: str) -> str:
    try:
        return normalise(kind, written)
    except FormatError:  # defanged: what it was found by is what it means
        return wanted


def _names(text: str) -> list[str]:
    found = (each[0] for each in _NAME.finditer(text))
    return list(islice(dict.fromkeys(found), _MOST))


def _files(digests: list[tuple[str, str]], names: list[str]) -> list[dict[str, Any]]:
    together = dict(digests)
    one_file = len(together) == len(set(digests))
    hashes = (
        [together] if one_file and together else [{name: value} for name, value in dict.fromkeys(digests)]
    )
    sets: list[dict[str, Any]] = [{"hashes": each} for each in hashes[:_MOST]] or [{}]
    named: list[dict[str, Any]] = [{"name": each} for each in names] or [{}]
    files = [{"type": "file", **one, **other} for one, other in product(named, sets)]
    return [each for each in files if len(each) > 1]
