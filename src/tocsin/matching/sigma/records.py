"""A record as rules see it: names, dots into members, and every value as a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import orjson

Record: TypeAlias = Mapping[str, Any]
"""What a JSON object is in Python."""

_ABSENT: Final = object()
_DEEPEST = 32
_MOST = 20_000


def text_of(value: Any) -> str:
    """Return a value as a text: numbers without a needless fraction, booleans as JSON has them, objects as JSON."""
    if type(value) is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    return orjson.dumps(value, default=str).decode("utf-8", "replace")


def found(record: Record, name: str) -> tuple[str | None, ...] | None:
    """Return the texts of a field, None among them for null; or None if there is no such field.

    `a.b` is a key of that name, or the member `b` of `a`. Lists count as each of their members.
    """
    value = record.get(name, _ABSENT)
    if value is not _ABSENT:
        return tuple(_texts(value, 0))
    if "." not in name:
        return None
    values: list[Any] = []
    _walk(record, name, values, 0)
    return tuple(text for value in values for text in _texts(value, 0)) if values else None


def _walk(record: Any, name: str, values: list[Any], depth: int) -> None:
    """Add what stands at a path, through lists."""
    if depth > _DEEPEST:
        return
    if isinstance(record, list):
        for member in record:
            _walk(member, name, values, depth + 1)
        return
    if not isinstance(record, Mapping):
        return
    if (value := record.get(name, _ABSENT)) is not _ABSENT:
        values.append(value)
        return
    head, dot, rest = name.partition(".")
    while dot:
        if (inner := record.get(head, _ABSENT)) is not _ABSENT:
            _walk(inner, rest, values, depth + 1)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"


def _texts(value: Any, depth: int) -> Iterator[str | None]:
    if isinstance(value, list) and depth < _DEEPEST:
        for member in value:
            yield from _texts(member, depth + 1)
    else:
        yield None if value is None else text_of(value)


def everything(record: Record) -> list[str]:
    """Return the text of every value in a record, at most 20,000: what keywords are looked for in."""
    texts: list[str] = []
    waiting: list[Any] = [record]
    while waiting and len(texts) < _MOST:
        inner = waiting.pop()
        for value in inner if type(inner) is list else inner.values():
            if type(value) is str:
                texts.append(value)
            elif type(value) is dict or type(value) is list:
                waiting.append(value)
            elif value is not None:
                texts.append(text_of(value))
    return texts
