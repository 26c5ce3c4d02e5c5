"""A file of an index: written whole or not at all, mapped into memory by every process that asks it."""

from __future__ import annotations

import mmap
import os
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


def load(path: Path) -> tuple[Index, dict[str, bytes]]:
    """Return the index in a file, and what was kept with it (`matching.archive.decode`).

    Raises:
        FormatError: there is no such file, or it is no index, of another version or damaged; `where` says which file.
    """
    try:
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise FormatError("the index is empty", where=str(path))
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise FormatError(f"the index cannot be read: {error.strerror}", where=str(path)) from error
    try:
        return archive.decode(data)
    except FormatError as error:
        raise FormatError(str(error), where=str(path)) from error
