"""Windows events as XML: `wevtutil qe ... /f:xml`, exports of the Event Viewer and of WEF, one `<Event>` after the other or within `<Events>`.

Events are found by their tags alone and parsed one by one, so a broken one costs only itself. No document type and no entity is ever expanded: an
event that declares one is refused (`DOCTYPE`, `ENTITY`), which takes XML's bombs and outside references away.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, XMLParser
from xml.parsers.expat import ExpatError, ParserCreate

from tocsin.telemetry import times, windows_events
from tocsin.telemetry.lines import Line, malformed
from tocsin.telemetry.observations import LONGEST_OUTER, Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference

_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<Events[^>]{0,200}>\s*)?<Event[ >]")
_BEGIN, _END = re.compile(rb"<Event[ >]"), b"</Event>"
_AROUND = re.compile(rb"\s*(?:(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}\?>|<Events[^>]{0,200}>|</Events>|\s+)*\s*")
_TAG = re.compile(rb"""<[^<>"'!?]*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+""")
# no name of a prefix has a colon, and no value of an attribute `<`: so nothing is read twice, whatever stands there
_NAMESPACE = re.compile(rb"""xmlns(?::[^\s"'<>=:]*+)?\s*+=\s*+("[^"<]*+|'[^'<]*+)""")
_LONGEST_NAMESPACE = 128  # that of Windows events has 53
_LARGEST = 4 * 1024 * 1024
_KEPT = 64 * 1024
_DEEPEST = 16
_MOST_FIELDS = 5_000


def _sniff(head: bytes) -> bool:
    return _HEAD.match(head) is not None


def _read(
    stream: Iterable[bytes],
    where: str,  # noqa: ARG001 - what is wrong is yielded
    *,
    look: Look | None = None,
    tally: Tally | None = None,
    reference: Reference | None = None,  # noqa: ARG001 - its times are UTC
) -> Iterator[Observation | MalformedLine]:
    for lines in _events(stream, tally or Tally()):
        asked = _asked(lines, look)
        for line, telling in zip(lines, asked, strict=True):
            if not line.whole:
                yield _no_event(line, telling=telling)
            elif telling:
                yield _observe(line)
            elif (reason := _fault(line.raw)) is not None:
                yield malformed(line, "xml", reason)


def _no_event(line: Line, *, telling: bool) -> MalformedLine:
    return MalformedLine(
        line.number,
        line.offset,
        line.raw[:_KEPT],
        "truncated",
        f"no event: cut off, between two events, or larger than {_LARGEST:,} bytes",
        telling,
    )


def _asked(lines: list[Line], look: Look | None) -> list[bool]:
    """Return which events to look at: all of them are asked about at once, each as a line."""
    if look is None:
        return [True] * len(lines)
    texts = [_one_line(line.raw) for line in lines]
    starts = {start for start, _ in look(b"".join(texts))} if texts else set()
    at, asked = 0, []
    for text in texts:
        asked.append(at in starts)
        at += len(text)
    return asked


def _one_line(raw: bytes) -> bytes:
    if b"&" in raw:  # a value may be written with references to characters
        raw = html.unescape(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return raw.replace(b"\n", b" ") + b"\n"


def _events(stream: Iterable[bytes], tally: Tally) -> Iterator[list[Line]]:
    """Yield the events of each piece, and what is between events and is none (`whole` is False)."""
    held, number, offset = b"", 1, 0
    last = b"\n"
    searched = 0
    for chunk in stream:
        tally.bytes += len(chunk)
        tally.lines += chunk.count(b"\n")
        last = chunk or last
        held += chunk
        lines, done = _cut(held, searched, number, offset)
        if len(held) - done > _LARGEST:  # an event that has no end
            lines.append(
                Line(
                    number + held.count(b"\n", 0, done), offset + done, held[done:], whole=False, telling=True
                )
            )
            done = len(held)
        number += held.count(b"\n", 0, done)
        offset += done
        held = held[done:]
        searched = max(0, len(held) - len(_END))
        yield lines
    tally.lines += not last.endswith(b"\n")
    begin = _after(held, 0, len(held))
    if held[begin:].strip():
        yield [
            Line(
                number + held.count(b"\n", 0, begin), offset + begin, held[begin:], whole=False, telling=True
            )
        ]


def _cut(held: bytes, searched: int, number: int, offset: int) -> tuple[list[Line], int]:
    """Return the events in what is held, of which the first byte has a number and an offset, and how far they reach."""
    lines: list[Line] = []
    counted = done = 0
    while (end := held.find(_END, max(searched, done))) >= 0:
        end += len(_END)
        begin = _after(held, done, end)
        stop = begin
        if _BEGIN.match(held, begin) is None:  # rubbish before an event is not lost
            next_one = _BEGIN.search(held, begin, end)
            stop = end if next_one is None else next_one.start()
        for start, to, event in ((begin, stop, False), (stop, end, True)):
            if start < to:
                number += held.count(b"\n", counted, start)
                counted = start
                whole = event and to - start <= _LARGEST
                lines.append(Line(number, offset + start, held[start:to], whole=whole, telling=True))
        done = end
    return lines, done


def _after(held: bytes, start: int, end: int) -> int:
    """Return where what surrounds events ends."""
    around = _AROUND.match(held, start, end)
    return start if around is None else around.end()


def _fault(raw: bytes) -> str | None:
    """Return why an event is no XML, without making anything of it."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        return "it declares a document type, which no event does"
    # in texts it may be said, and says nothing
    if _has_long_namespace(raw) and any(_has_long_namespace(tag[0]) for tag in _TAG.finditer(raw)):
        return f"it declares a namespace with a name of more than {_LONGEST_NAMESPACE} bytes"
    try:
        ParserCreate(None, "}").Parse(
            raw, True
        )  # with namespaces, as it is read then: they forbid some names
    except (ExpatError, ValueError, LookupError) as error:
        return f"not XML: {error}"
    return None


def _has_long_namespace(raw: bytes) -> bool:
    """Tell whether a namespace has a name that is too long: parsers write it before each name that is in it."""
    at = raw.find(b"xmlns")
    while at >= 0:
        found = _NAMESPACE.match(raw, at)
        if found is not None and found.end() - found.start(1) > _LONGEST_NAMESPACE:
            return True
        at = raw.find(b"xmlns", at + 1)
    return False


def _observe(line: Line) -> Observation | MalformedLine:
    if (reason := _fault(line.raw)) is not None:
        return malformed(line, "xml", reason)
    parser = XMLParser()  # noqa: S314 - see above
    parser.feed(line.raw)
    event = parser.close()
    fields: list[tuple[str, str]] = []
    if not _flat(event, "", fields, 0):
        return malformed(
            line, "fields", f"it nests deeper than {_DEEPEST} or has more than {_MOST_FIELDS:,} values"
        )
    values = dict(reversed(fields))
    fields += windows_events.of_users(
        (name, text) for name, text in fields if name.rpartition(".")[2] in windows_events.KEYS
    )
    at = times.of_iso(values.get("TimeCreated.SystemTime", ""))
    own = times.of_iso(values.get("EventData.UtcTime", ""))
    return Observation(own or at, tuple(fields), line.number, line.offset, line.raw, values.get("Computer"))


def _flat(element: Element, name: str, fields: list[tuple[str, str]], depth: int) -> bool:
    """Take the values of an element and of those in it; False if there are too many."""
    if depth > _DEEPEST or len(fields) > _MOST_FIELDS:
        return False
    for key, value in element.attrib.items():
        if value.strip() and not (key == "Name" and _local(element.tag) == "Data"):
            fields.append((f"{name}.{key}" if name else key, value))
    text = (element.text or "").strip()
    if text and name:
        fields.append((name, text))
    for child in element:
        tail = (child.tail or "").strip()
        if tail:
            fields.append((name, tail))
        own = _local(child.tag)
        if own == "Data":
            own = child.attrib.get("Name", "Data")
        inner = own if name in {"", "System"} else f"{name}.{own}"
        if not _flat(child, inner[:LONGEST_OUTER], fields, depth + 1):
            return False
    return True


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


LOG = Log(
    name="windows_xml",
    sniff=_sniff,
    read=_read,
    rank=10,
    schema=windows_events.SCHEMA,
    title="Windows events as XML",
)
