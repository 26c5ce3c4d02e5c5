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
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference

_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<Events[^>]{0,200}>\s*)?<Event[ >]")
_BEGIN, _END = re.compile(rb"<Event[ >]"), b"</Event>"
_AROUND = re.compile(rb"\s*(?:(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}\?>|<Events[^>]{0,200}>|</Events>|\s+)*\s*")
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
    for line in _events(stream, tally or Tally()):
        telling = look is None or bool(look(_one_line(line.raw)))
        if not line.whole:
            cut = (
                "the log ends inside an event"
                if len(line.raw) < _LARGEST
                else f"larger than {_LARGEST:,} bytes"
            )
            found = MalformedLine(
                line.number, line.offset, line.raw[:_KEPT], "truncated", f"no event: {cut}", telling
            )
            yield found
            continue
        if telling:
            yield _observe(line)
        elif (reason := _fault(line.raw)) is not None:
            yield malformed(line, "xml", reason)


def _one_line(raw: bytes) -> bytes:
    if b"&" in raw:  # a value may be written with references to characters
        raw = html.unescape(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return raw.replace(b"\n", b" ") + b"\n"


def _events(stream: Iterable[bytes], tally: Tally) -> Iterator[Line]:
    """Yield each event, and what is between events and is none (`whole` is False)."""
    held, number, offset = b"", 1, 0
    last = b"\n"
    searched = 0
    for chunk in stream:
        tally.bytes += len(chunk)
        tally.lines += chunk.count(b"\n")
        last = chunk or last
        held += chunk
        while (end := held.find(_END, searched)) >= 0:
            end += len(_END)
            around = _AROUND.match(held, 0, end)
            begin = around.end() if around is not None else 0
            if _BEGIN.match(held, begin) is None:  # rubbish before an event is not lost
                next_one = _BEGIN.search(held, begin, end)
                stop = end if next_one is None else next_one.start()
                yield Line(
                    number + held.count(b"\n", 0, begin),
                    offset + begin,
                    held[begin:stop],
                    whole=False,
                    telling=True,
                )
                begin = stop
            if begin < end:
                yield Line(
                    number + held.count(b"\n", 0, begin),
                    offset + begin,
                    held[begin:end],
                    whole=True,
                    telling=True,
                )
            number += held.count(b"\n", 0, end)
            offset += end
            held, searched = held[end:], 0
        searched = max(0, len(held) - len(_END))
        if len(held) > _LARGEST:
            yield Line(number, offset, held, whole=False, telling=True)
            number += held.count(b"\n")
            offset += len(held)
            held, searched = b"", 0
    tally.lines += not last.endswith(b"\n")
    around = _AROUND.match(held)
    begin = around.end() if around is not None else 0
    if held[begin:].strip():
        yield Line(
            number + held.count(b"\n", 0, begin), offset + begin, held[begin:], whole=False, telling=True
        )


def _fault(raw: bytes) -> str | None:
    """Return why an event is no XML, without making anything of it."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        return "it declares a document type, which no event does"
    try:
        ParserCreate().Parse(raw, True)
    except (ExpatError, ValueError, LookupError) as error:
        return f"not XML: {error}"
    return None


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
        if not _flat(child, inner, fields, depth + 1):
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
