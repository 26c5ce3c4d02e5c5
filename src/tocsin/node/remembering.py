"""What a watch remembers for Sigma correlations: hits of rules that may yet come together with others, over restarts.

Each commit keeps the hits that came with it, in the transaction of the positions, so that after any end the same hits are there again: a correlation is found
once, and not for what was found before. They are kept as long as the longest span asks, and no more than `MOST`; the oldest go first, and are counted.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from tocsin.clock import Micros
from tocsin.errors import FormatError
from tocsin.matching.sigma import Event
from tocsin.node.evaluating import Part
from tocsin.store.watched import REMEMBERED, Position

MOST: Final = 20_000
"""Hits that are remembered."""
TEXT: Final = 300
"""Characters of each line that are remembered."""
_LARGEST: Final = 64 * 1024 * 1024  # of one commit's hits, unpacked
_NAME: Final = "Sigma correlations"


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A hit of a rule, and the record that it is of."""

    event: Event
    part: Part


class _Page(msgspec.Struct, frozen=True):
    place: Position
    hits: tuple[Kept, ...]
    newest: Micros


class Memory:
    """The hits that a watch remembers. Not to be used by two threads at a time.

    Attributes:
        forgotten: hits that had to go before their time.
    """

    def __init__(self, what: Iterable[str], positions: Iterable[Position]) -> None:
        """Take up what was remembered.

        Args:
            what: is watched; whoever watches something else remembers something else.
            positions: all that are kept.
        """
        self._identity = hashlib.sha256("\0".join(sorted(what)).encode("utf-8", "surrogateescape")).digest()
        self._pages: deque[_Page] = deque()
        self._next = 0
        self.forgotten = 0
        mine = [
            each for each in positions if each.device == REMEMBERED and each.fingerprint == self._identity
        ]
        for place in sorted(mine, key=lambda each: each.inode):
            self._next = place.inode + 1
            try:
                hits = _decoded(place.head)
            except FormatError:
                hits = ()  # of another version: it goes with its time
            self._pages.append(_Page(place, hits, max((each.event.at for each in hits), default=place.place)))

    def __len__(self) -> int:
        """Return how many hits are remembered."""
        return sum(len(page.hits) for page in self._pages)

    def __iter__(self) -> Iterator[Kept]:
        """Yield the hits in the order in which they came."""
        return (each for page in self._pages for each in page.hits)

    def add(self, hits: Sequence[Kept]) -> Position | None:
        """Remember the hits of a commit; return what is to be kept with it."""
        if not hits:
            return None
        cut = tuple(
            Kept(each.event, msgspec.structs.replace(each.part, text=each.part.text[:TEXT], values=()))
            for each in hits[-MOST:]
        )
        self.forgotten += len(hits) - len(cut)
        newest = max(each.event.at for each in cut)
        head = zlib.compress(msgspec.msgpack.encode(cut), 1)
        place = Position(REMEMBERED, self._next, self._identity, 1, _NAME, newest, len(cut), head)
        self._next += 1
        self._pages.append(_Page(place, cut, newest))
        return place

    def forget(self, before: Micros) -> list[tuple[int, int, bytes]]:
        """Forget commits all of whose hits are older, and the oldest of too many; return what is not to be kept any more."""
        gone = [page for page in self._pages if page.newest < before]
        if gone:
            self._pages = deque(page for page in self._pages if page.newest >= before)
        many = len(self)
        while many > MOST:
            page = self._pages.popleft()
            gone.append(page)
            many -= len(page.hits)
            self.forgotten += len(page.hits)
        return [page.place.key for page in gone]


def _decoded(data: bytes) -> tuple[Kept, ...]:
    unpacking = zlib.decompressobj()
    try:
        return msgspec.msgpack.decode(unpacking.decompress(data, _LARGEST), type=tuple[Kept, ...])
    except (zlib.error, msgspec.MsgspecError) as error:
        raise FormatError(f"what was remembered cannot be read: {error}") from error
