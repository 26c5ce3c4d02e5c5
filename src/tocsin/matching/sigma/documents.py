"""YAML as strangers write it: plain values with the lines they stand on, within limits.

Only what YAML's core schema knows becomes a value (text, numbers, booleans, null); tags make nothing, dates stay text. An alias counts for
everything that it repeats, so that a few lines cannot stand for billions of values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import yaml

from tocsin.errors import FormatError, InputError, LimitError

MAX_BYTES: Final = 2 * 1024 * 1024
"""Of one file."""
MAX_VALUES: Final = 50_000
"""Of one document, those that aliases repeat counted each time."""
MAX_DEPTH: Final = 32
MAX_DOCUMENTS: Final = 5_000

Path = tuple[str | int, ...]
"""Where a value stands: keys and positions from the top."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_START = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")


class Document(msgspec.Struct, frozen=True):
    """One document of a file.

    Attributes:
        value: dict, list, str, int, float, bool or None; never shared between two places.
        lines: line, from 1, of each key's value and each member.
        first, last: lines of the document in its file.
    """

    value: Any
    lines: dict[Path, int]
    first: int
    last: int

    def line(self, *path: str | int) -> int:
        """Return the line of a value, or of the nearest value around it that is known."""
        for end in range(len(path), -1, -1):
            if (found := self.lines.get(path[:end])) is not None:
                return found
        return self.first


class Broken(msgspec.Struct, frozen=True):
    """A document that cannot be read: the line on which it begins, the place of the fault, and the fault."""

    first: int
    where: str
    reason: str


def parts(raw: bytes, where: str) -> list[Document | Broken]:
    """Return the documents of a file, in order: one that is broken costs no other.

    Raises:
        FormatError: it is not in UTF-8.
        LimitError: it is too large, or has too many documents.
    """
    text = _text_of(raw, where)
    try:
        return [*_documents(text, where, 0)]
    except FormatError:
        starts = [0, *(each.start() for each in _START.finditer(text) if each.start())]
    if len(starts) > MAX_DOCUMENTS:
        raise LimitError(f"{where}: more than {MAX_DOCUMENTS:,} documents")
    found: list[Document | Broken] = []
    before = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        try:
            found += _documents(text[start:end], where, before)
        except InputError as error:
            at = (error.where if isinstance(error, FormatError) else "") or where
            found.append(Broken(before + 1, at, str(error).removeprefix(f"{at}: ")))
        before += text.count("\n", start, end)
    return found


def documents(raw: bytes, where: str) -> list[Document]:
    """Return the documents of a file, in order.

    Raises:
        FormatError: it is no YAML in UTF-8, or uses what is not read (two equal keys, keys that are no text); says on which line.
        LimitError: it is too large, too deep, or has too many values.
    """
    return _documents(_text_of(raw, where), where, 0)


def _text_of(raw: bytes, where: str) -> str:
    if len(raw) > MAX_BYTES:
        raise LimitError(
            f"{where}: {len(raw):,} bytes; {MAX_BYTES:,} are the most that is read of a file of rules"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start:,}", where=where) from None


def _documents(text: str, where: str, before: int) -> list[Document]:
    """Return the documents of a part of a file that has so many lines before it."""
    found: list[Document] = []
    try:
        events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
        for event in events:
            if type(event) is not yaml.DocumentStartEvent:
                continue
            if len(found) >= MAX_DOCUMENTS:
                raise LimitError(f"{where}: more than {MAX_DOCUMENTS:,} documents")
            reader = _Reader(events, where, before)
            value = reader.value(next(events), (), 0)
            last = next(events).end_mark.line + 1 + before
            found.append(Document(value, reader.lines, event.end_mark.line + 1 + before, last))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = where if mark is None else f"{where}:{mark.line + 1 + before}"
        raise FormatError(f"not YAML: {error.problem or error.context}", where=at) from None
    except (yaml.YAMLError, ValueError) as error:
        raise FormatError(f"not YAML: {' '.join(str(error).split())[:200]}", where=where) from None
    return [each for each in found if each.value is not None]


class _Reader:
    """The values of one document."""

    def __init__(self, events: Iterator[Any], where: str, before: int) -> None:
        self._events = events
        self._where = where
        self._before = before
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self.lines: dict[Path, int] = {}

    def value(self, event: Any, path: Path, depth: int) -> Any:
        line = event.start_mark.line + 1 + self._before
        self.lines[path] = line
        if depth > MAX_DEPTH:
            raise LimitError(f"{self._where}:{line}: nested deeper than {MAX_DEPTH}")
        if type(event) is yaml.AliasEvent:
            return self._repeated(event.anchor, line)
        before = self._count
        self._counted(1, line)
        if type(event) is yaml.ScalarEvent:
            made = event.value if not event.implicit[0] else _plain(event.value)
        elif type(event) is yaml.SequenceStartEvent:
            made = self._sequence(path, depth)
        else:
            made = self._mapping(path, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (made, self._count - before)
        return made

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        made: list[Any] = []
        while type(event := next(self._events)) is not yaml.SequenceEndEvent:
            made.append(self.value(event, (*path, len(made)), depth + 1))
        return made

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while type(event := next(self._events)) is not yaml.MappingEndEvent:
            line = event.start_mark.line + 1 + self._before
            if type(event) is not yaml.ScalarEvent:
                raise FormatError("a key that is no text", where=f"{self._where}:{line}")
            key = event.value
            if key == "<<" and event.implicit[0]:
                raise FormatError(
                    "merge keys (<<) are not part of YAML 1.2 and not read", where=f"{self._where}:{line}"
                )
            if key in made:
                raise FormatError(f"the key {key[:60]!r} stands twice", where=f"{self._where}:{line}")
            made[key] = self.value(next(self._events), (*path, key), depth + 1)
        return made

    def _repeated(self, anchor: str, line: int) -> Any:
        known = self._anchors.get(anchor)
        if known is None:  # one that is still open would hold itself
            raise FormatError(
                f"the alias *{anchor[:60]} stands for nothing, or for itself", where=f"{self._where}:{line}"
            )
        self._counted(known[1], line)
        return _copy(known[0])

    def _counted(self, more: int, line: int) -> None:
        self._count += more
        if self._count > MAX_VALUES:
            raise LimitError(f"{self._where}:{line}: more than {MAX_VALUES:,} values in one document")


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


_KINDS: Final[tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...]] = (
    (_INTEGER, int),
    (_OCTAL_OR_HEX, lambda text: int(text, 0)),
    (_FLOAT, float),
)


def _plain(text: str) -> Any:
    """Return what a scalar without quotes is in the core schema (YAML 1.2.2 section 10.3.2)."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    first = text[0]
    if first.isdigit() or first in "+-.":
        for shape, of in _KINDS:
            if shape.fullmatch(text):
                return of(text)
    return text
