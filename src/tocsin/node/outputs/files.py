"""Puts a list where a tool reads it: whole or not at all, and only when it has changed, so that a tool which watches the file reloads in time and no more."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from tocsin.errors import InputError
from tocsin.sharing.release import Released

_MODE = 0o640


def put(path: Path, head: Released[bytes], body: Released[bytes]) -> bool:
    """Write a file; return whether its body is another one than before. It keeps its permissions; a new one is read by owner and group.

    Raises:
        InputError: it cannot be written; what was there stays.
    """
    try:
        old = path.stat() if path.exists() else None
        if old is not None and not stat.S_ISREG(old.st_mode):
            raise InputError(f"{path} is no file", hint="leave --to out to write to standard output")
        size = len(head.value) + len(body.value)
        if old is not None and old.st_size == size and path.read_bytes()[len(head.value) :] == body.value:
            return False
        _replace(path, head.value + body.value, _MODE if old is None else stat.S_IMODE(old.st_mode))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    return True


def _replace(path: Path, data: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
