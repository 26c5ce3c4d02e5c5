"""JSON logs: a record a line, or an array of records over many lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, TypeAlias

import msgspec
import orjson

from tocsin.clock import Micros
from tocsin.matching import counting
from tocsin.telemetry import text
from tocsin.telemetry.lines import Line, lines, malformed, too_long
from tocsin.telemetry.observations import Look, MalformedLine, Observation, Tally

Facts: TypeAlias = tuple[Micros | None, str | None, list[tuple[str, str]]]
"""Time, host and further fields that a format reads out of a record."""

_LARGEST = 4 * 1024 * 1024
"""Most bytes of a record that spans lines."""
_KEPT = 64 * 1024
_DEEPEST = 32
_MARK = b"\xef\xbb\xbf"  # the byte order mark, in UTF-8
_BLANK = b" \t\r\n" + _MARK
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[{}\[\]]', re.DOTALL)


def first_record(head: bytes) -> dict[str, Any] | None:
    """Return the first record in the head of a log, or None if it is not JSON. Of a cut record its first lines may suffice."""
    head = head.lstrip(_BLANK)
    if head.startswith(b"["):
        record = next((item.raw for item in _items((head,)) if item.whole), None)
    else:
        record = head.split(b"\n", 1)[0]
    if record is None or not record.lstrip().startswith(b"{"):
        return None
    try:
        found = orjson.loads(record)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def fits(block: bytes) -> bool:
    """Tell whether each line of a block begins like a record and ends like one."""
    body = block.strip(b"\r\n")
    between = counting.feeds(body)
    return (
        body[:1] == b"{"
        and body[-1:] == b"}"
        and (counting.joints(body) == between or body.count(b"}\r\n{") == between)
    )


def read(
    stream: Iterable[bytes],
    *,
    look: Look | None,
    tally: Tally | None,
    facts: Callable[[dict[str, Any]], Facts],
) -> Iterator[Observation | MalformedLine]:
    """Yield the records of a JSON log; `facts` reads what its format knows of a record."""
    source = iter(stream)
    head = b""
    while not head.strip(_BLANK) and (chunk := next(source, b"")):
        head += chunk
    rest = chain((head,), source)
    if head.lstrip(_BLANK).startswith(b"["):
        yield from _read_array(rest, look, tally, facts)
        return
    for line in lines(rest, look=look, tally=tally, fits=fits):
        if not line.whole:
            yield too_long(line)
            continue
        found = _record(line, facts)
        if line.telling or isinstance(found, MalformedLine):
            yield found


def _read_array(
    stream: Iterable[bytes],
    look: Look | None,
    tally: Tally | None,
    facts: Callable[[dict[str, Any]], Facts],
) -> Iterator[Observation | MalformedLine]:
    source = _counting(stream, tally or Tally())
    for item in _items(source):
        if item.whole:
            line = Line(item.number, item.offset, item.raw, True, look is None or bool(look(item.raw)))
            found = _record(line, facts)
            if line.telling or isinstance(found, MalformedLine):
                yield found
            continue
        large = len(item.raw) > _LARGEST
        reason = f"a record is larger than {_LARGEST:,} bytes" if large else "the log ends inside a record"
        yield MalformedLine(
            item.number,
            item.offset,
            item.raw[:_KEPT],
            "too-long" if large else "truncated",
            f"{reason}: from here on it is read as text",
            telling=False,
        )
        left = lines(chain((item.raw,), source), look=look, tally=None, line=item.number, offset=item.offset)
        yield from (text.observe(line) for line in left)


def _record(line: Line, facts: Callable[[dict[str, Any]], Facts]) -> Observation | MalformedLine:
    try:
        record = orjson.loads(line.raw.removeprefix(_MARK))
    except orjson.JSONDecodeError as error:
        return malformed(line, "json", f"not JSON: {error}")
    if not isinstance(record, dict):
        return malformed(line, "json", "JSON, but no object")
    if not line.telling:
        return Observation(None, (), line.number, line.offset, line.raw)
    at, host, further = facts(record)
    fields = (*_flat(record, "", 0), *further)
    return Observation(at, fields, line.number, line.offset, line.raw, host)


def _flat(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict) and depth < _DEEPEST:
        for key, member in value.items():
            yield from _flat(member, f"{name}.{key}" if name else key, depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for member in value:
            yield from _flat(member, name, depth + 1)
    elif isinstance(value, dict | list):
        yield name, orjson.dumps(value).decode()
    elif value is not None and not isinstance(value, bool):
        yield name, str(value)


class _Item(msgspec.Struct, frozen=True, gc=False):
    """A record of an array; or, where `whole` is False, the rest of it that could not be cut into records."""

    number: int
    offset: int
    raw: bytes
    whole: bool


def _items(stream: Iterable[bytes]) -> Iterator[_Item]:
    """Yield the objects in an array, by brackets and strings alone."""
    held = b""
    number, offset = 1, 0  # of the first byte held
    at = depth = 0
    begin = -1
    for chunk in stream:
        held += chunk
        while (mark := _MARKS.search(held, at)) is not None:
            if mark[1] == b"":
                break  # inside a string; its end has not come yet
            at = mark.end()
            if mark[0] in (b"{", b"["):
                depth += 1
                if depth == 2 and mark[0] == b"{":
                    begin = mark.start()
            elif mark[1] is None:
                depth -= 1
                if depth == 1 and begin >= 0:
                    number += held.count(b"\n", 0, begin)
                    yield _Item(number, offset + begin, held[begin:at], whole=True)
                    number += held.count(b"\n", begin, at)
                    offset += at
                    held, at, begin = held[at:], 0, -1
        if mark is None:
            at = len(held)
        if begin < 0:
            number += held.count(b"\n", 0, at)
            offset += at
            held, at = held[at:], 0
        elif len(held) - begin > _LARGEST:
            break
    start = max(begin, 0)
    if held[start:].strip(_BLANK):
        number += held.count(b"\n", 0, start)
        yield _Item(number, offset + start, held[start:], whole=False)


def _counting(source: Iterable[bytes], tally: Tally) -> Iterator[bytes]:
    chunk = b"\n"
    for chunk in source:
        tally.bytes += len(chunk)
        tally.lines += chunk.count(b"\n")
        yield chunk
    tally.lines += not chunk.endswith(b"\n")
