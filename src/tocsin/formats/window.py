"""A window over a JSON byte stream that finds where values end, in bounded memory.

`msgspec` skips a JSON value at about 3 GB/s and, when something follows it, says at which byte: that
is where the value ends, and it is proven to be one JSON value (UTF-8 apart). So no bracket is
counted here unless the text is broken or too large to hold; then `brackets` walks over it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from tocsin.errors import FormatError, LimitError
from tocsin.formats.brackets import Brackets
from tocsin.formats.items import Discarded

TRAILING = "JSON is malformed: trailing characters (byte "
"""How msgspec says where the next thing begins after a complete value, counted from 1."""

skip = msgspec.json.Decoder(msgspec.Raw).decode
"""Walks over one JSON value."""

SPACE = b" \t\r\n"
_SPACES = re.compile(rb"[ \t\r\n]*")
_SCALAR_END = re.compile(rb"[,\]}\s]")
_BYTE = re.compile(r" \(byte (\d+)\)$")
# A fault this near the end of what is held may be a literal or a number that was cut in two.
_MARGIN = 32


class Cut(Exception):  # noqa: N818  signals within this package, not errors to report
    """The stream ends inside a value."""


class Broken(Exception):  # noqa: N818
    """The value at the window's position is not JSON; `str()` says why and where, `rule` names the rule."""

    def __init__(self, reason: str, at: int, rule: str = "json") -> None:
        super().__init__(f"{reason} at byte {at:,}")
        self.rule = rule


class TooLong(Exception):  # noqa: N818
    """The value at the window's position is longer than may be held."""


class Window:
    """Bytes of a stream from `pos` on; earlier ones are let go as more are read.

    Attributes:
        data: the bytes held.
        pos: where reading stands in `data`.
        fault: why the stream ended before its time (a damaged or hostile packing), if it did.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._gone = 0
        self._lines = 0
        self._line_pos = 0
        self._keep: int | None = None
        self._discarded: Discarded | None = None
        self._discard_pos = 0
        self.data = b""
        self.pos = 0
        self.fault: FormatError | LimitError | None = None

    @classmethod
    def over(cls, raw: bytes) -> Window:
        """Return a window over bytes that are all there."""
        window = cls(())
        window.data = raw
        return window

    @property
    def at(self) -> int:
        """Offset of `pos` in the (unpacked) stream."""
        return self._gone + self.pos

    def line(self) -> int:
        """Return the line that `pos` is in, from 1; `pos` must not have gone back since."""
        if self._line_pos < self.pos:
            self._lines += self.data.count(b"\n", self._line_pos, self.pos)
            self._line_pos = self.pos
        return self._lines + 1

    def hold(self) -> int:
        """Hold all bytes from `pos` on and return its offset; until `seek` or `release`."""
        self._keep = self.pos
        return self.at

    def held(self) -> bytes:
        """Return the bytes from where `hold` was called to `pos`."""
        return self.data[self._keep : self.pos]

    def release(self) -> None:
        """Let earlier bytes go again."""
        self._keep = None

    def seek(self, offset: int) -> None:
        """Go back to an offset in the stream that is still held."""
        self.pos = offset - self._gone

    def begin_discarding(self) -> None:
        """From the held position (else `pos`) on, remember digest and head of the bytes passed over."""
        self._discarded = Discarded()
        self._discard_pos = self.pos if self._keep is None else self._keep
        self._keep = None

    def end_discarding(self) -> Discarded:
        """Return what was passed over up to `pos`."""
        discarded, self._discarded = self._discarded, None
        assert discarded is not None
        discarded.add(self.data[self._discard_pos : self.pos])
        return discarded

    def more(self) -> bool:
        """Read on, at least as much again as is held; False at the end of the stream."""
        start = self.pos if self._keep is None else min(self._keep, self.pos)
        if self._discarded is not None and self._discard_pos < start:
            self._discarded.add(self.data[self._discard_pos : start])
            self._discard_pos = start
        rest = self.data[start:]
        pieces = [rest]
        got = 0
        try:
            for chunk in self._chunks:
                pieces.append(chunk)
                got += len(chunk)
                if got and got >= len(rest):
                    break
        except (FormatError, LimitError) as error:
            self.fault = error
            self._chunks = iter(())
        if not got:
            return False
        if self._line_pos < start:
            self._lines += self.data.count(b"\n", self._line_pos, start)
            self._line_pos = start
        self._line_pos -= start
        self._gone += start
        self.pos -= start
        self._discard_pos -= start
        if self._keep is not None:
            self._keep -= start
        self.data = b"".join(pieces)
        return True

    def peek(self) -> int:
        """Go to the next byte that is not white space and return it; -1 at the end."""
        while True:
            match = _SPACES.match(self.data, self.pos)
            assert match is not None
            self.pos = match.end()
            if self.pos < len(self.data):
                return self.data[self.pos]
            if not self.more():
                return -1

    def value(self, limit: int) -> bytes:
        """Return the JSON value at `pos`, which is no white space, and go past it.

        Raises:
            Cut: the stream ends in it.
            Broken: it is not JSON.
            TooLong: it is longer than `limit` bytes.
        """
        while True:
            reason = ""
            try:
                skip(memoryview(self.data)[self.pos :])
                if self.data.rstrip(SPACE)[-1:] in b'}]"':
                    return self._take(len(self.data), limit)
            except msgspec.DecodeError as error:
                reason = str(error)
                if reason.startswith(TRAILING):
                    return self._take(self.pos + int(reason[len(TRAILING) : -1]) - 1, limit)
                if reason != "Input data was truncated" and not self._near_end(reason):
                    raise self._broken(reason) from None
            except RecursionError:
                raise Broken("nested too deep", self.at, "depth") from None
            if len(self.data) - self.pos > limit:
                raise TooLong
            if not self.more():
                if not reason:  # a bare literal or number ends where the stream does
                    return self._take(len(self.data), limit)
                if reason == "Input data was truncated":
                    raise Cut
                raise self._broken(reason)

    def _broken(self, reason: str) -> Broken:
        offset = _BYTE.search(reason)
        text = _BYTE.sub("", reason).removeprefix("JSON is malformed: ")
        return Broken(text, self.at + (int(offset[1]) - 1 if offset else 0))

    def _take(self, stop: int, limit: int) -> bytes:
        raw = self.data[self.pos : stop].rstrip(SPACE)
        if len(raw) > limit:
            raise TooLong
        self.pos = stop
        return raw

    def _near_end(self, reason: str) -> bool:
        offset = _BYTE.search(reason)
        return offset is not None and self.pos + int(offset[1]) + _MARGIN >= len(self.data)

    def pass_value(self) -> bool:
        """Go past the value at `pos` without holding it; False if the stream ends first."""
        if self.data[self.pos] not in b'{["':
            return self.pass_until(_SCALAR_END)
        brackets = Brackets()
        while (stop := brackets.feed(memoryview(self.data)[self.pos :])) is None:
            self.pos = len(self.data)
            if not self.more():
                return False
        self.pos += stop
        return True

    def pass_until(self, pattern: re.Pattern[bytes], *, overlap: int = 0) -> bool:
        """Go to where `pattern` next matches, or to the end (False).

        Args:
            pattern: what to look for.
            overlap: bytes kept between windows, for patterns longer than one byte.
        """
        while (match := pattern.search(self.data, self.pos)) is None:
            self.pos = max(self.pos, len(self.data) - overlap)
            if not self.more():
                self.pos = len(self.data)
                return False
        self.pos = match.start()
        return True

    def pass_all(self) -> None:
        """Go to the end of the stream."""
        self.pos = len(self.data)
        while self.more():
            self.pos = len(self.data)
