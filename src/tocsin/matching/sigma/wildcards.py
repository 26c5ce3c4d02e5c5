r"""Text with wildcards (Sigma rules specification 2.1, "String Wildcard" and "Escaping"): `*` any number of characters, `?` one.

A backslash before `*`, `?` or a backslash takes away its meaning; before anything else it stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import TypeAlias


class Wild(IntEnum):
    """What is no literal text: any number of characters, or exactly one."""

    ANY = 0
    ONE = 1


ANY, ONE = Wild.ANY, Wild.ONE
Parts: TypeAlias = tuple[str | Wild, ...]
"""Literals, none of them empty or beside another, and wildcards."""


def parts_of(text: str) -> Parts:
    """Return the parts of a text of a rule."""
    return joined(_read(text))


def _read(text: str) -> Iterator[str | Wild]:
    at, size = 0, len(text)
    while at < size:
        letter = text[at]
        if letter == "\\" and at + 1 < size and text[at + 1] in "*?\\":
            yield text[at + 1]
            at += 2
            continue
        yield ANY if letter == "*" else ONE if letter == "?" else letter
        at += 1


def joined(parts: Iterator[str | Wild] | Sequence[str | Wild]) -> Parts:
    """Return parts with neighbouring literals made one, and `**` one `*`."""
    made: list[str | Wild] = []
    literal: list[str] = []
    for part in parts:
        if isinstance(part, str):
            literal.append(part)
            continue
        if text := "".join(literal):
            made.append(text)
        literal.clear()
        if not (part is ANY and made and made[-1] is ANY):
            made.append(part)
    if text := "".join(literal):
        made.append(text)
    return tuple(made)


def matches(parts: Parts, text: str) -> bool:
    """Tell whether the whole of a text is what the parts say. Both are compared as they are; time is at most length times length."""
    runs: list[list[str | Wild]] = [[]]
    for part in parts:
        if part is ANY:
            runs.append([])
        else:
            runs[-1].append(part)
    first, last = runs[0], runs[-1]
    if len(runs) == 1:
        return _length(first) == len(text) and _at(first, text, 0)
    stop = len(text) - _length(last)
    at = _length(first)
    if at > stop or not _at(first, text, 0) or not _at(last, text, stop):
        return False
    for run in runs[1:-1]:  # the leftmost place for each leaves the most room for the others
        at = _find(run, text, at, stop)
        if at < 0:
            return False
        at += _length(run)
    return True


def _length(run: Sequence[str | Wild]) -> int:
    return sum(len(part) if isinstance(part, str) else 1 for part in run)


def _at(run: Sequence[str | Wild], text: str, at: int) -> bool:
    for part in run:
        if isinstance(part, str):
            if not text.startswith(part, at):
                return False
            at += len(part)
        else:
            at += 1
    return at <= len(text)


def _find(run: Sequence[str | Wild], text: str, start: int, stop: int) -> int:
    if len(run) == 1 and isinstance(run[0], str):
        return text.find(run[0], start, stop)
    return next((at for at in range(start, stop - _length(run) + 1) if _at(run, text, at)), -1)
