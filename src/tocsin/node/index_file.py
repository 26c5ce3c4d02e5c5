"""A file of an index: written whole or not at all, mapped into memory by every process that asks it."""

from __future__ import annotations

import mmap
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tocsin.errors import FormatError
from tocsin.matching import Index, archive


def save(index: Index, path: Path, extra: Mapping[str, bytes] | None = None) -> None:
    """Write an index that was not changed since it was built, for the owner's eyes only. Who has the old file mapped keeps it.

    Raises:
        OSError: the file cannot be written; what was there stays.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(archive.encode(index, extra))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(path: Path, *, private: bool = False) -> tuple[Index, dict[str, memoryview]]:
    """Return the index in a file, and what was kept with it (`matching.archive.decode`).

    Args:
        path: of the file.
        private: it must be a file of this user that nobody else may read or write, and no link.

    Raises:
        FormatError: there is no such file, or it is no index, of another version or damaged, or not private; `where` says which file.
    """
    try:
        # whatever stands under the name: opening it must neither wait nor go elsewhere
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if private else 0))
        with open(opened, "rb"):  # noqa: PTH123 - it is open
            state = os.fstat(opened)
            if private:
                _require_private(state, path)
            if not state.st_size:
                raise FormatError("the index is empty", where=str(path))
            data = mmap.mmap(opened, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise FormatError(f"the index cannot be read: {error.strerror}", where=str(path)) from error
    try:
        return archive.decode(data)
    except FormatError as error:
        raise FormatError(str(error), where=str(path)) from error


def _require_private(state: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise FormatError("the index is no regular file", where=str(path))
    if state.st_uid != os.geteuid():
        raise FormatError("the index is another user's", where=str(path))
    if stat.S_IMODE(state.st_mode) != 0o600:
        raise FormatError("others may read or write the index", where=str(path))
