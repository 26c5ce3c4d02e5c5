"""A stream made in a thread of its own, some of it ahead of whoever reads it: unpacking goes on while what was unpacked is scanned.

Both let go of the interpreter's lock for nearly all of their time, so that on two cores the slower one decides. What is held is bounded in bytes; what came before
a fault is handed out before the fault is raised.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterator
from typing import Final

AHEAD: Final = 4 * 1024 * 1024
"""Most bytes that wait to be read; a piece that is larger waits alone."""
_LEAVES_WITHIN: Final = 1.0  # seconds; longer it may only wait for bytes of a pipe that nobody writes to


class Unpacking:
    """Reads an iterator of bytes ahead. Use as a context; afterwards the iterator is closed, and nobody reads its source any more."""

    def __init__(self, source: Iterator[bytes]) -> None:
        """Begin to read `source`, which nobody else does from now on."""
        self._source = source
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._left = self._ended = False
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="unpack", daemon=True)
        self._thread.start()

    def __enter__(self) -> Iterator[bytes]:
        return self._handed_out()

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._left = True
            self._changed.notify_all()
        self._thread.join(_LEAVES_WITHIN)

    def _run(self) -> None:
        try:
            for piece in self._source:
                if not self._put(piece):
                    break
        except BaseException as error:  # noqa: BLE001 - whoever reads is told
            self._fault = error
        finally:
            if isinstance(self._source, Generator):
                self._source.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, piece: bytes) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._left or not self._held or self._held + len(piece) <= AHEAD)
            self._pieces.append(piece)
            self._held += len(piece)
            self._changed.notify_all()
            return not self._left

    def _handed_out(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces or self._ended)
                if not self._pieces:
                    break
                piece = self._pieces.popleft()
                self._held -= len(piece)
                self._changed.notify_all()
            yield piece
        if self._fault is not None:
            raise self._fault
