"""Logs of text lines that a table describes: the shapes a line can have, and what their parts are called.

A line is of the format if it has one of the shapes; the first that fits says what its fields are. Shapes are regular expressions over bytes without
line feeds. They are written so that they cannot backtrack far (possessive and atomic parts): a hostile line costs no more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

import msgspec

from tocsin.clock import Micros
from tocsin.matching.blocks import Block, line_spans
from tocsin.telemetry.lines import Line, lines, malformed, too_long
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.schema import Schema
from tocsin.telemetry.times import Reference

Values: TypeAlias = Mapping[str, str]
When: TypeAlias = Callable[[Values, Reference | None], Micros | None]
Further: TypeAlias = Callable[[Values], list[tuple[str, str]]]

_LOOKED_AT = 20
_TOLD_WITHIN = 200
_MARK = b"\xef\xbb\xbf"


class Shape(msgspec.Struct, frozen=True):
    """One shape of lines.

    Attributes:
        pattern: of the whole line, with a group for each field. It ends where the line ends: `$` is not needed.
        names: of the fields, one for each group; "" for a part that is no field.
        telling: whether a line of this shape tells the format. What any line could be (a title, a comment) does not.
    """

    pattern: bytes
    names: tuple[str, ...]
    telling: bool = True


def text_log(
    name: str,
    *,
    title: str,
    shapes: Sequence[Shape],
    when: When,
    host: str = "",
    schema: Schema,
    rank: int = 20,
    nothing: frozenset[str] = frozenset({"-", ""}),
    further: Further | None = None,
    taken_apart: str = "",
    plain: Callable[[bytes], bytes] | None = None,
) -> Log:
    """Return a log format of lines.

    Args:
        name: of the format.
        title: what people call it.
        shapes: what its lines look like, the most telling first.
        when: the time of a line, by its fields, those of `further` among them.
        host: the field that names what recorded it.
        schema: what its fields are.
        rank: see `Log`.
        nothing: texts that stand for no value.
        further: fields made of several of a line.
        taken_apart: a field all of whose content is in those.
        plain: writes lines as the matching of text can read them; for formats that write names otherwise. Keeps line feeds.
    """
    known = _Shapes(title, shapes, when, host, nothing, further, taken_apart)

    def read(
        stream: Iterable[bytes],
        where: str,  # noqa: ARG001 - what is wrong is yielded
        *,
        look: Look | None = None,
        tally: Tally | None = None,
        reference: Reference | None = None,
    ) -> Iterator[Observation | MalformedLine]:
        asked = look if look is None or plain is None else _looking(look, plain)
        for line in lines(stream, look=asked, tally=tally, fits=known.fits):
            if not line.whole:
                yield too_long(line)
                continue
            found = known.observe(line, reference)
            if line.telling or isinstance(found, MalformedLine):
                yield found

    return Log(name=name, sniff=known.sniff, read=read, rank=rank, schema=schema, title=title)


class _Shapes:
    """The shapes of one format, compiled. Arguments are those of `text_log`."""

    def __init__(  # noqa: PLR0917 - one caller
        self,
        title: str,
        shapes: Sequence[Shape],
        when: When,
        host: str,
        nothing: frozenset[str],
        further: Further | None,
        taken_apart: str,
    ) -> None:
        self._title, self._when, self._host = title, when, host
        self._nothing, self._further, self._taken_apart = nothing, further, taken_apart
        self._shapes = [(re.compile(shape.pattern + rb"\r?"), shape) for shape in shapes]
        for pattern, shape in self._shapes:
            assert pattern.groups == len(shape.names), f"{title}: a name for each group"
        any_shape = b"|".join(_without_groups(shape.pattern) for shape in shapes)
        self._block = re.compile(rb"(?:\n++|(?:%s|[ \t]*)\r?\n)*+(?:%s|[ \t]*)\r?" % (any_shape, any_shape))

    def fits(self, block: Block) -> bool:
        """Tell whether each line of a block has one of the shapes."""
        return self._block.fullmatch(block.data) is not None

    def sniff(self, head: bytes) -> bool:
        """Tell whether most of the first lines have one of the shapes, and one of them or of those that follow a telling one."""
        first = head.removeprefix(_MARK).split(b"\n")
        whole = [line for line in (first[:-1] or first) if line.strip()]
        found = [self._shape(line) for line in whole[:_LOOKED_AT]]
        if 2 * sum(shape is not None for shape in found) <= len(found):
            return False
        # a server says much of itself before it is asked the first question
        further = (self._shape(line) for line in whole[_LOOKED_AT:_TOLD_WITHIN])
        return any(shape is not None and shape.telling for shape in chain(found, further))

    def _shape(self, line: bytes) -> Shape | None:
        return next((shape for pattern, shape in self._shapes if pattern.fullmatch(line)), None)

    def observe(self, line: Line, reference: Reference | None) -> Observation | MalformedLine:
        """Return a line as the first shape that fits has it."""
        raw = line.raw.removeprefix(_MARK)
        for pattern, shape in self._shapes:
            found = pattern.fullmatch(raw)
            if found is not None:
                return self._observation(line, shape.names, found.groups(), reference)
        return malformed(line, "shape", f"it does not look like a line of {self._title}")

    def _observation(
        self, line: Line, names: tuple[str, ...], parts: Sequence[bytes | None], reference: Reference | None
    ) -> Observation:
        fields = [
            (name, text)
            for name, part in zip(names, parts, strict=True)
            if name
            and part is not None
            and (text := part.decode("utf-8", "surrogateescape")) not in self._nothing
        ]
        values = dict(reversed(fields))
        more = [] if self._further is None else self._further(values)
        if self._taken_apart:
            fields = [each for each in fields if each[0] != self._taken_apart]
        at = self._when({**values, **dict(more)} if more else values, reference)
        return Observation(at, (*fields, *more), line.number, line.offset, line.raw, values.get(self._host))


def _looking(look: Look, plain: Callable[[bytes], bytes]) -> Look:
    """Return a look at lines as `plain` writes them, which says where they are as they stand."""

    def spans(block: bytes) -> list[tuple[int, int]]:
        written = plain(block)
        numbers, at, number = set(), 0, 0
        for start, _ in look(written):
            number += written.count(b"\n", at, start)
            at = start
            numbers.add(number)
        return [span for number, span in enumerate(line_spans(block)) if number in numbers]

    return spans


def _without_groups(pattern: bytes) -> bytes:
    """Return a pattern whose groups are not kept: many of them in one alternative would cost their bookkeeping."""
    return re.sub(rb"(?<!\\)\((?!\?)", b"(?:", pattern)
