"""STIX 2.1 as JSON, however it is packed up: one reader, told apart by content.

Read are a bundle (STIX 2.1 section 8), a TAXII 2.1 envelope (section 3.7), an array of objects, a
single object, and any number of these one after another (NDJSON, a value a line; concatenated
JSON). The `objects` array of a bundle may stand anywhere in it and be of any length: its elements
are handed out as they pass.

A broken element is refused and reading goes on at the next one; see `resync`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator

import msgspec

from tocsin.formats import resync
from tocsin.formats.items import DEFAULT, HEAD, Limits, RawItem, Refusal, refuse
from tocsin.formats.plugin import Format
from tocsin.formats.window import SPACE, TRAILING, Broken, Cut, TooLong, Window, skip

_OPEN, _CLOSE, _LIST, _LIST_END, _COMMA, _QUOTE, _COLON, _NEWLINE = b'{}[],":\n'
_BOM = b"\xef\xbb\xbf"
_NEXT_LINE = re.compile(rb"\n(?=[{\[])")
_OBJECTS = re.compile(rb'"objects"\s*:\s*\[')
_OBJECTS_OR_LINE = re.compile(_OBJECTS.pattern + b"|" + _NEXT_LINE.pattern)


class _Package(msgspec.Struct):
    """The members that tell a package (bundle, envelope) from an object."""

    type: str = ""
    objects: msgspec.Raw = msgspec.Raw()


_package = msgspec.json.Decoder(_Package).decode
_text = msgspec.json.Decoder(str, strict=False).decode


def sniff(head: bytes) -> bool:
    """Tell whether a file that begins with `head` is JSON at all."""
    return head.removeprefix(_BOM).lstrip(SPACE)[:1] in (b"{", b"[")


def read(chunks: Iterable[bytes], where: str, limits: Limits = DEFAULT) -> Iterator[RawItem | Refusal]:
    """Yield the objects of a stream and what could not be read of it; never raises for its content.

    Args:
        chunks: the unpacked stream in pieces of any size. A `FormatError` or `LimitError` that it
            raises ends the stream and is reported as a refusal.
        where: the name under which places are reported.
        limits: what reading may cost.
    """
    window = Window(chunks)
    while len(window.data) < len(_BOM) and window.more():
        pass
    if window.data.startswith(_BOM):
        window.pos = len(_BOM)
    return _Reader(window, where, limits).values()


FORMAT = Format(
    name="stix",
    suffixes=(".json", ".jsonl", ".ndjson", ".stix", ".stix2", ".taxii"),
    sniff=sniff,
    read=read,
    last_resort=True,
)


class _Reader:
    def __init__(self, window: Window, where: str, limits: Limits) -> None:
        self._window = window
        self._where = where
        self._limits = limits

    def values(self) -> Iterator[RawItem | Refusal]:
        """Read values one after another until the stream ends."""
        window = self._window
        first = True
        while (byte := window.peek()) != -1:
            line = window.line()
            place = self._where if first else f"{self._where}:{line}"
            if byte == _OPEN:
                yield from self._object(place, line, first=first)
            elif byte == _LIST:
                window.pos += 1
                yield from self._elements(f"{place}#/", packages=True)
            else:
                reason = f"an object is expected at byte {window.at:,}"
                yield self._skip_to_line(f"{self._where}:{line}", "json", reason)
            first = False
        if window.fault is not None:
            message = str(window.fault)
            rule = "truncated" if "ends early" in message else "packing"
            yield refuse(f"{self._where}@{window.at}", b"", rule, message)

    # --- one object or package at the top level

    def _object(self, place: str, line: int, *, first: bool) -> Iterator[RawItem | Refusal]:
        window = self._window
        try:
            raw = window.value(self._limits.whole_bytes)
        except Broken as broken:
            if first and not self._lines_follow():
                yield from self._passing(place)
            else:
                yield from self._broken_line(f"{self._where}:{line}", broken)
        except (TooLong, Cut):
            yield from self._passing(place)
        else:
            if first and window.peek() != -1:
                place = f"{self._where}:{line}"  # others follow, so it needs a name of its own
            yield from self._whole(raw, place)

    def _lines_follow(self) -> bool:
        """Tell whether the broken text at the window ends like an object, and another line begins after it."""
        window = self._window
        while (end := _NEXT_LINE.search(window.data, window.pos)) is None:
            if len(window.data) - window.pos > max(self._limits.whole_bytes, HEAD) or not window.more():
                return False
        return window.data[window.pos : end.start()].rstrip()[-1:] in (b"}", b"]")

    def _whole(self, raw: bytes, place: str, inside: str = "#/objects/") -> Iterator[RawItem | Refusal]:
        """Hand out an object, or the objects of a package, that is held whole."""
        if b'"objects"' in raw and _is_package(raw):
            yield from _Reader(Window.over(raw), self._where, self._limits)._passing(place, inside)  # noqa: SLF001
        elif len(raw) > self._limits.object_bytes:
            yield refuse(place, raw, "size", _too_long(self._limits))
        else:
            yield RawItem(place, raw)

    def _broken_line(self, place: str, broken: Broken) -> Iterator[RawItem | Refusal]:
        window = self._window
        end = _NEXT_LINE.search(window.data, window.pos)
        text = window.data[window.pos : end.start() if end else None]
        if end is not None and _OBJECTS.search(text):
            window.pos = end.start()
            yield from _Reader(Window.over(text), self._where, self._limits)._passing(place)  # noqa: SLF001
        else:
            yield self._skip_to_line(place, broken.rule, f"not JSON: {broken}")

    def _skip_to_line(self, place: str, rule: str, reason: str) -> Refusal:
        window = self._window
        window.begin_discarding()
        window.pass_until(_NEXT_LINE, overlap=1)
        return window.end_discarding().refusal(place, rule, reason)

    # --- an object too long to hold, or broken: member by member

    def _passing(self, place: str, inside: str = "#/objects/") -> Iterator[RawItem | Refusal]:
        """Read the members of an object as they pass; it is handed out whole if it is no package.

        Args:
            place: where the object stands.
            inside: what comes between that and the index of an element of its `objects`.
        """
        window = self._window
        begin = window.at
        window.hold()
        window.pos += 1
        members: dict[str, str] = {}
        package = dropped = False
        while True:
            try:
                key = self._key()
                if key == "":
                    break
                if key == "objects" and window.peek() == _LIST and _may_be_package(members):
                    if dropped:
                        window.end_discarding()
                    window.release()
                    package, dropped = True, False
                    window.pos += 1
                    if not (yield from self._elements(place + inside)):
                        return
                    continue
                self._member(key, members)
                if not (package or dropped) and window.at - begin > self._limits.object_bytes:
                    raise TooLong  # noqa: TRY301
            except TooLong:
                if not (package or dropped):
                    window.begin_discarding()
                    dropped = True
                if window.peek() != -1:
                    window.pass_value()
            except (Cut, Broken) as fault:
                refusal, go_on = self._recover(place, begin, fault, dropped=dropped)
                yield refusal
                if not go_on:
                    return
                members, package, dropped = {}, True, False
        yield from self._end_of_object(place, package=package, dropped=dropped)

    def _key(self) -> str:
        """Go past the next member's name and colon and return the name; "" at the object's end."""
        window = self._window
        while (byte := window.peek()) == _COMMA:
            window.pos += 1
        if byte == _CLOSE:
            window.pos += 1
            return ""
        if byte == -1:
            raise Cut
        if byte != _QUOTE:
            raise Broken("a member name is expected", window.at)
        raw = window.value(self._limits.object_bytes)
        if (byte := window.peek()) != _COLON:
            raise Cut if byte == -1 else Broken("a colon is expected", window.at)
        window.pos += 1
        try:
            return _text(raw) or " "
        except (msgspec.DecodeError, UnicodeDecodeError):
            return " "  # not the name of any member looked for; parsing will say what is wrong with it

    def _member(self, key: str, members: dict[str, str]) -> None:
        """Go past a member's value; `type` and `id` are noted."""
        window = self._window
        if window.peek() == -1:
            raise Cut
        value = window.value(self._limits.object_bytes)
        if key in ("type", "id"):
            members[key] = value.decode(errors="replace").strip('"')

    def _recover(self, place: str, begin: int, fault: Exception, *, dropped: bool) -> tuple[Refusal, bool]:
        """Refuse what cannot be read; True when an `objects` array follows, where reading goes on."""
        window = self._window
        if not dropped:
            window.begin_discarding()
        if isinstance(fault, Broken):
            reason = f"not JSON: {fault}"
            if window.pos and window.data[window.pos - 1] == _NEWLINE:
                window.pos -= 1  # the next line may begin right here
            go_on = window.pass_until(_OBJECTS_OR_LINE, overlap=HEAD) and window.data[window.pos] == _QUOTE
            return window.end_discarding().refusal(place, fault.rule, reason), go_on
        window.pass_all()
        reason = f"the input ends inside the object that begins at byte {begin:,}"
        return window.end_discarding().refusal(place, "truncated", reason), False

    def _end_of_object(self, place: str, *, package: bool, dropped: bool) -> Iterator[RawItem | Refusal]:
        window = self._window
        if dropped:
            yield window.end_discarding().refusal(place, "size", _too_long(self._limits))
        elif not package:
            raw = window.held()
            window.release()
            if len(raw) > self._limits.object_bytes:  # by what came after its last member
                yield refuse(place, raw, "size", _too_long(self._limits))
            else:
                yield RawItem(place, raw)

    # --- the elements of an array

    def _elements(self, place: str, *, packages: bool = False) -> Generator[RawItem | Refusal, None, bool]:
        """Hand out the elements of an array whose bracket was passed; False when the stream ends in it.

        Args:
            place: what the index of an element is appended to.
            packages: elements may be packages themselves.
        """
        window = self._window
        limit = self._limits.object_bytes
        index = 0
        while True:
            data, pos = window.data, window.pos
            view = memoryview(data)
            # The common case, kept tight: an object with a comma or the array's end after it.
            while (stop := _stop(view, pos)) and data[stop] in b",]" and stop - pos <= limit:
                raw = data[pos:stop].strip(SPACE)
                if raw[0] != _OPEN or (packages and b'"objects"' in raw):
                    break
                window.pos = pos = stop + 1
                yield RawItem(f"{place}{index}", raw)
                index += 1
                if data[stop] == _LIST_END:
                    return True
            byte = window.peek()
            if byte == _LIST_END:
                window.pos += 1
                return True
            if byte == -1:
                yield self._ended_early(place)
                return False
            if not (yield from self._element(f"{place}{index}", packages=packages)):
                return False
            index += 1
            byte = window.peek()
            if byte == _COMMA:
                window.pos += 1
            elif byte not in (_LIST_END, -1, _OPEN):
                window.begin_discarding()
                reason = f"a comma or the end of the array is expected at byte {window.at:,}"
                follows = resync.pass_to_object(window, self._limits)
                yield window.end_discarding().refusal(f"{place}{index}", "json", reason)
                if not follows:
                    return False

    def _element(self, place: str, *, packages: bool) -> Generator[RawItem | Refusal, None, bool]:
        """Hand out one element: the last one held, a long one, a broken one, one that is no object.

        False when the stream ends in it.
        """
        window = self._window
        limits = self._limits
        begin = window.at
        try:
            raw = window.value(limits.object_bytes)
        except Cut:
            window.begin_discarding()
            window.pass_all()
            reason = f"the input ends inside the object that begins at byte {begin:,}"
            yield window.end_discarding().refusal(place, "truncated", reason)
            return False
        except TooLong:
            window.begin_discarding()
            complete = window.pass_value()
            yield window.end_discarding().refusal(place, "size", _too_long(limits))
            return complete
        except Broken as broken:
            follows = resync.pass_broken(window, limits)
            reason = f"not JSON: {broken}, in the object that begins at byte {begin:,}"
            yield window.end_discarding().refusal(place, broken.rule, reason)
            return follows
        else:
            if raw[0] != _OPEN:
                yield refuse(place, raw, "json", f"an object is expected at byte {begin:,}")
            elif packages:
                yield from self._whole(raw, place, "/objects/")
            else:
                yield RawItem(place, raw)
        return True

    def _ended_early(self, place: str) -> Refusal:
        reason = f"the input ends inside an array, after {self._window.at:,} bytes"
        return refuse(place.rstrip("/"), b"", "truncated", reason)


def _stop(view: memoryview, pos: int) -> int:
    """Return where the next thing after the value at `pos` stands; 0 if that cannot be told quickly."""
    try:
        skip(view[pos:])
    except msgspec.DecodeError as error:
        reason = str(error)
        if reason.startswith(TRAILING):
            return pos + int(reason[len(TRAILING) : -1]) - 1
    except RecursionError:
        pass
    return 0


def _is_package(raw: bytes) -> bool:
    try:
        head = _package(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return head.type in ("bundle", "") and bytes(memoryview(head.objects)[:1]) == b"["


def _may_be_package(members: dict[str, str]) -> bool:
    kind = members.get("type")
    return kind == "bundle" or (kind is None and members.get("id", "bundle--").startswith("bundle--"))


def _too_long(limits: Limits) -> str:
    return f"longer than the {limits.object_bytes:,} bytes that one object may have"
