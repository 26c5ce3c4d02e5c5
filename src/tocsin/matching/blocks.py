"""A stream of bytes as blocks of whole lines, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from tocsin.matching import counting

SIZE = 1024 * 1024
LONGEST_LINE = 1024 * 1024
"""Lines longer than this, in bytes, come in pieces."""

_CUT_WITHIN = 64 * 1024
_GAPS = (b" ", b"\t", b'"', b",", b"<", b">")


class Seen(list[tuple[int, int]]):
    """Lines of a block to be looked at, as start and end (without line feed), in order; and what else was seen on the way.

    Attributes:
        feeds: how many line feeds there are in the block.
        joined: how many of them stand between `}` and `{`: a line of JSON objects ends there, and another begins.
        numbers: how many lines of the block are before each of the spans; None where nobody counted.
    """

    __slots__ = ("feeds", "joined", "numbers")

    def __init__(
        self, spans: Iterable[tuple[int, int]], feeds: int, joined: int, numbers: list[int] | None = None
    ) -> None:
        """Make it of spans in order."""
        super().__init__(spans)
        self.feeds, self.joined, self.numbers = feeds, joined, numbers

    @classmethod
    def of(cls, block: bytes, spans: Sequence[tuple[int, int]]) -> Seen:
        """Return what was seen in a block; what somebody told who did not count is counted."""
        return spans if isinstance(spans, Seen) else cls(spans, *counting.joints(block))

    def lines_before(self, block: bytes) -> list[int]:
        """Return how many lines of the block are before each of the spans."""
        if self.numbers is None:
            self.numbers, at, count = [], 0, 0
            for start, _ in self:
                count += counting.feeds(memoryview(block)[at:start])
                at = start
                self.numbers.append(count)
        return self.numbers

    def with_more(self, spans: Iterable[tuple[int, int]]) -> Seen:
        """Return it with the spans of other lines, or the same."""
        merged = sorted({*self, *spans})
        return self if len(merged) == len(self) else Seen(merged, self.feeds, self.joined)


class Block(msgspec.Struct, frozen=True, gc=False):
    """Some of a stream.

    Attributes:
        data: whole lines, with the line feed that ends each (the last of a stream may lack it); or a piece of one too long.
        line: number of its first line, from 1.
        offset: where it begins in the stream, in bytes.
        column: where it begins in its line, in bytes; more than 0 in the further pieces of a long line.
        piece: it is a piece of a line longer than `LONGEST_LINE`, with its line feed where that is its last.
        seen: which of its lines are to be looked at, where somebody was asked, and what was counted.
    """

    data: bytes
    seen: Seen
    line: int
    offset: int
    column: int = 0
    piece: bool = False


def blocks(
    stream: Iterable[bytes],
    look: Callable[[bytes], Sequence[tuple[int, int]]] = lambda _: (),
    *,
    line: int = 1,
    offset: int = 0,
) -> Iterator[Block]:
    """Yield the stream in blocks of about `SIZE`; `look` is asked about each, `line` and `offset` say where it begins in a larger stream."""
    column = 0
    for data, piece in cuts(stream):
        seen = Seen.of(data, look(data))
        feeds = seen.feeds
        yield Block(data, seen, line, offset, column, piece)
        offset += len(data)
        if piece and data[-1] != 10:
            column += len(data)
        else:
            line, column = line + feeds, 0


def cuts(stream: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield the data of each block, and whether it is a piece of a line that is too long; nothing is counted."""
    held: list[bytes] = []
    length = 0
    inside = False  # a line that is too long
    for chunk in _bites(stream):
        feed = chunk.rfind(b"\n") + 1
        if feed and not inside:
            # nearly always: whole lines, copied once at most
            if held or feed < len(chunk):
                yield b"".join((*held, memoryview(chunk)[:feed])), False
            else:
                yield chunk, False
            held, length = [], 0
            chunk = chunk[feed:]  # noqa: PLW2901 - what is left of it
            if not chunk:
                continue
            feed = 0
        held.append(chunk)
        length += len(chunk)
        if not feed and length <= LONGEST_LINE:
            continue
        data = b"".join(held)
        while data:
            end, piece = _end(data, inside=inside)
            if not end:
                break
            yield data[:end], piece
            inside = piece and data[end - 1] != 10
            data = data[end:]
        held, length = [data] if data else [], len(data)
    if rest := b"".join(held):
        yield rest, inside


def _bites(stream: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in stream:
        if len(chunk) <= 2 * SIZE:
            yield chunk
        else:
            for at in range(0, len(chunk), SIZE):
                yield chunk[at : at + SIZE]


def _end(data: bytes, *, inside: bool) -> tuple[int, bool]:
    """Return where the next block of `data` ends (0: more is needed), and whether it is a piece of a line."""
    if inside:
        feed = data.find(b"\n") + 1
        if feed and feed <= LONGEST_LINE:
            return feed, True
    else:
        feed = data.rfind(b"\n") + 1
        if feed:
            return feed, False
    if len(data) <= LONGEST_LINE:
        return 0, False
    near = LONGEST_LINE - _CUT_WITHIN
    gap = max(data.rfind(mark, near, LONGEST_LINE) for mark in _GAPS) + 1
    return gap or LONGEST_LINE, True


def line_spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each line of a block, the end before its line feed and a carriage return there."""
    start = 0
    while start < len(data):
        feed = data.find(b"\n", start)
        end = len(data) if feed < 0 else feed
        yield start, end - 1 if end > start and data[end - 1] == 13 else end
        start = end + 1
