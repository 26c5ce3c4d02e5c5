"""JSON logs: a record a line, or an array of records over many lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

import msgspec
import orjson

from tocsin.clock import Micros
from tocsin.matching.blocks import Block
from tocsin.telemetry import text
from tocsin.telemetry.lines import Line, lines, malformed, too_long
from tocsin.telemetry.observations import LONGEST_OUTER, Look, MalformedLine, Observation, Tally

Facts: TypeAlias = tuple[Micros | None, str | None, list[tuple[str, str]]]
"""Time, host and further fields that a format reads out of a record."""

_LARGEST = 4 * 1024 * 1024
"""Most bytes of a record that spans lines."""
_KEPT = 64 * 1024
_HEAD = 64 * 1024
_DEEPEST = 32
_MOST_FIELDS = 20_000
_MARK = b"\xef\xbb\xbf"  # the byte order mark, in UTF-8
_SPACE = b" \t\r\n"  # of JSON
_BLANK = _SPACE + _MARK
_FEED = 10
# One object that holds all records: CloudTrail's files, exports of Azure Monitor and Microsoft Graph, of Google's Reports API
_WRAPPER = re.compile(
    rb'\{\s*(?:"[^"\\]{1,64}"\s*:\s*(?:"(?:[^"\\]|\\.)*+"|-?\d+)\s*,\s*){0,8}+"(?:Records|records|value|items|resources)"\s*:\s*\[\s*(?=\{)'
)
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[{}\[\]]', re.DOTALL)


@lru_cache(maxsize=1)  # all formats ask about one log, one after the other
def first_record(head: bytes) -> dict[str, Any] | None:
    """Return the first record in the head of a log, or None if it is not JSON. Of a cut record its first lines may suffice."""
    head = head.lstrip(_BLANK)
    if level := _level(head):
        record = next((item.raw for item in _items((head,), level) if item.whole), None)
    else:
        record = head.partition(b"\n")[0]
    if record is None or not record.lstrip().startswith(b"{"):
        return None
    try:
        found = _loads(record)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _loads(record: bytes) -> Any:
    """Return what JSON says. Bytes that are not UTF-8 become U+FFFD: web servers write what clients send, and nobody is to lose a line its fields by that."""
    try:
        return orjson.loads(record)
    except orjson.JSONDecodeError:
        try:
            record.decode()
        except UnicodeDecodeError:
            return orjson.loads(record.decode("utf-8", "replace"))
        raise


def _level(head: bytes) -> int:
    """Return how many brackets are open around a record: 1 in an array, 2 in an array in an object, 0 where each has lines of its own."""
    head = head.lstrip(_BLANK)
    if head.startswith(b"["):
        return 1
    if _WRAPPER.match(head) is None:
        return 0
    first, _, rest = head.partition(b"\n")
    # two whole objects on two lines are two records, whatever the first of them holds
    return 0 if rest.lstrip(_BLANK).startswith(b"{") and first.rstrip().endswith(b"}") else 2


def _undecided(head: bytes) -> bool:
    return len(head) < _HEAD and head.lstrip(_BLANK).startswith(b"{")


def fits(block: Block) -> bool:
    """Tell whether each line of a block begins like a record and ends like one."""
    data, feeds = block.data, block.seen.feeds
    begin, end = 0, len(data)
    while begin < end and data[begin] in b"\r\n":
        feeds -= data[begin] == _FEED
        begin += 1
    while end > begin and data[end - 1] in b"\r\n":
        end -= 1
        feeds -= data[end] == _FEED
    return (
        data.startswith(b"{", begin)
        and data.endswith(b"}", 0, end)
        and (block.seen.joined == feeds or data.count(b"}\r\n{", begin, end) == feeds)
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
    while (not head.strip(_BLANK) or _undecided(head)) and (chunk := next(source, b"")):
        head += chunk
    rest = chain((head,), source)
    if (level := _level(head)) > 0:
        yield from _read_array(rest, level, look, tally, facts)
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
    level: int,
    look: Look | None,
    tally: Tally | None,
    facts: Callable[[dict[str, Any]], Facts],
) -> Iterator[Observation | MalformedLine]:
    source = _counting(stream, tally or Tally())
    for item in _items(source, level):
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
        record = _loads(line.raw.removeprefix(_MARK))
    except orjson.JSONDecodeError as error:
        return malformed(line, "json", f"not JSON: {error}")
    if not isinstance(record, dict):
        return malformed(line, "json", "JSON, but no object")
    if not line.telling:
        return Observation(None, (), line.number, line.offset, line.raw)
    at, host, further = facts(record)
    fields = flat(record)
    if len(fields) > _MOST_FIELDS:
        return malformed(line, "fields", f"it has more than {_MOST_FIELDS:,} values")
    fields += further
    names = line.raw.translate(None, _SPACE).count(b'":')  # those in texts are among them
    # nearly all records are flat, and say nothing twice
    if names > len(record) and names > _count_names(record):
        fields += said_before(line.raw)
    return Observation(at, tuple(fields), line.number, line.offset, line.raw, host)


def said_before(raw: bytes) -> list[tuple[str, str]]:
    """Return what a record says under names that it says again later, of which parsers keep the last alone.

    Who can write into a log that does not escape could otherwise hide a value behind another of the same name. Names are without those above them.
    """
    found: list[tuple[str, str]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in pairs:
            if name in made:
                _flatten({name: made[name]}, "", 1, found)
            made[name] = value
        return made

    try:
        json.loads(raw.removeprefix(_MARK).decode("utf-8", "replace"), object_pairs_hook=keep)
    except (ValueError, RecursionError):  # it was read already: what is too deep for this is not looked into
        return []
    return found[:_MOST_FIELDS]


def _count_names(record: dict[str, Any]) -> int:
    count = 0
    left: list[Any] = [record]
    while left:
        members = left.pop()
        if type(members) is dict:
            count += len(members)
            members = members.values()
        left += [each for each in members if type(each) is dict or type(each) is list]
    return count


def flat(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and text of each value in a record: `a.b` for members of members, a list's name once for each of its members.

    At most one value more than a record may have. Of a long name only `LONGEST_OUTER` characters stand before those below it.
    """
    found: list[tuple[str, str]] = []
    _flatten(record, "", 1, found)
    return found


def _flatten(members: dict[str, Any], prefix: str, depth: int, found: list[tuple[str, str]]) -> None:
    for key, value in members.items():
        kind = type(value)
        if kind is str:
            found.append((prefix + key, value))
        elif kind is int or kind is float:
            found.append((prefix + key, str(value)))
        elif kind is dict and depth < _DEEPEST:
            _flatten(value, f"{(prefix + key)[:LONGEST_OUTER]}.", depth + 1, found)
        elif kind is list:
            _flatten_list(value, prefix + key, depth + 1, found)
        elif kind is dict:
            found.append((prefix + key, orjson.dumps(value).decode()))
        if len(found) > _MOST_FIELDS:
            return


def _flatten_list(members: list[Any], name: str, depth: int, found: list[tuple[str, str]]) -> None:
    if depth > _DEEPEST:
        found.append((name, orjson.dumps(members).decode()))
        return
    for value in members:
        kind = type(value)
        if kind is str:
            found.append((name, value))
        elif kind is int or kind is float:
            found.append((name, str(value)))
        elif kind is dict:
            if depth < _DEEPEST:
                _flatten(value, f"{name[:LONGEST_OUTER]}.", depth + 1, found)
            else:
                found.append((name, orjson.dumps(value).decode()))
        elif kind is list:
            _flatten_list(value, name, depth + 1, found)
        if len(found) > _MOST_FIELDS:
            return


class _Item(msgspec.Struct, frozen=True, gc=False):
    """A record of an array; or, where `whole` is False, the rest of it that could not be cut into records."""

    number: int
    offset: int
    raw: bytes
    whole: bool


def _items(stream: Iterable[bytes], level: int) -> Iterator[_Item]:
    """Yield the objects in an array, `level` brackets deep, by brackets and strings alone."""
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
                if depth == level + 1 and mark[0] == b"{":
                    begin = mark.start()
            elif mark[1] is None:
                depth -= 1
                if depth == level and begin >= 0:
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
