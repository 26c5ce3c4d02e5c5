"""The folder of a node's stocks: files that hunts and watches of one reader share, made by whoever comes first.

What is there is never trusted: a file is used only if it is this user's alone, whole, and made for exactly what is asked; else it is made anew. Whoever has
an old one mapped keeps it. A file is replaced by renaming, so two that write at once do no harm, and nothing is lost with it: it can be removed at any time.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from tocsin.errors import FormatError
from tocsin.matching import Index, archive
from tocsin.node import index_file
from tocsin.node.stock import Asked, Stock

_log = logging.getLogger("tocsin.hunt")

FOLDER: Final = "indexes"
MOST: Final = 8
"""Files that are kept of one generation: readers ask with and without observables, and under ceilings."""
_ABANDONED: Final = 3600.0  # seconds after which nobody writes a file any more that has no name yet


class Shelf:
    """The files in a home folder; without one nothing is kept."""

    def __init__(self, home: Path | None) -> None:
        """Look into a folder; it need not be there yet."""
        self._folder = None if home is None else home / FOLDER

    def find(self, asked: Asked) -> Stock | None:
        """Return the stock that was made for what is asked."""
        if self._folder is None or not self._is_private():
            return None
        path = self._folder / asked.name
        if not path.is_symlink() and not path.exists():
            return None
        try:
            found = Stock(*index_file.load(path, private=True))
        except FormatError as error:
            _log.warning("%s: made anew: %s", path, error)
            return None
        if found.asked != asked:
            _log.warning("%s: made anew: it was made for something else", path)
            return None
        os.utime(path)
        return found

    def put(self, asked: Asked, index: Index, extra: Mapping[str, bytes]) -> Stock:
        """Keep a stock and return it as it is kept; where it cannot be, it is in memory alone."""
        if self._folder is not None:
            path = self._folder / asked.name
            try:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                if self._is_private():
                    index_file.save(index, path, extra)
                    self.tidy(asked.generation)
                    return Stock(*index_file.load(path, private=True))
            except (OSError, FormatError) as error:
                _log.warning("%s: cannot be kept, so the next hunt makes it again: %s", path, error)
        return Stock(*archive.decode(b"".join(archive.encode(index, extra))))

    def tidy(self, generation: int) -> None:
        """Remove what nobody is going to ask for: of older generations, more than `MOST`, and what was never finished."""
        if self._folder is None or not self._is_private():
            return
        found = []
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):  # others tidy, too
                state = file.lstat()
                if stat.S_ISREG(state.st_mode):
                    found.append((state.st_mtime, file))
        latest = max((used for used, _ in found), default=0.0)
        kept = [(used, file) for used, file in found if _generation(file) == generation]
        old = {file for _, file in sorted(kept)[:-MOST]}
        for used, file in found:
            unfinished = file.name.startswith(".") and latest - used <= _ABANDONED
            if file in old or not (_generation(file) == generation or unfinished):
                file.unlink(missing_ok=True)

    def _is_private(self) -> bool:
        assert self._folder is not None  # callers looked
        try:
            state = self._folder.lstat()
        except OSError:
            return False
        if (
            not stat.S_ISDIR(state.st_mode)
            or state.st_uid != os.geteuid()
            or stat.S_IMODE(state.st_mode) & 0o077
        ):
            _log.warning("%s is not used: it must be a folder of this user's alone", self._folder)
            return False
        return True


def _generation(file: Path) -> int | None:
    head = file.name.partition("-")[0]
    return int(head) if head.isdecimal() and file.suffix == ".index" else None
