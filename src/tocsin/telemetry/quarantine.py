"""Lines that are not of their log's format, kept in a file with place and reason, so that nothing of a log is lost and it can be mended and read again.

One line of JSON each: `file`, `line`, `offset`, `rule`, `reason`, and `raw` or, for bytes that are no UTF-8, `raw_base64`.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

from tocsin.errors import FormatError
from tocsin.telemetry.observations import MalformedLine

LARGEST = 1024 * 1024 * 1024
"""Most bytes of a quarantine; lines beyond are counted in `dropped`."""


class Quarantine:
    """A file of malformed lines; use it as a context manager.

    Attributes:
        kept, dropped: lines that were written, and that were not because the file is full.
    """

    def __init__(self, path: str | os.PathLike[str], *, largest: int = LARGEST) -> None:
        """Make the file, for its owner alone.

        Raises:
            FormatError: it exists already, or cannot be written.
        """
        self.kept = self.dropped = 0
        self._left = largest
        try:
            self._file: IO[bytes] = os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            )
        except FileExistsError:
            raise FormatError(
                "it exists already", where=str(path), hint="name a file that does not"
            ) from None
        except OSError as error:
            raise FormatError(f"cannot be written: {error.strerror}", where=str(path)) from error
        self._path = Path(path)

    def keep(self, name: str, line: MalformedLine) -> None:
        """Write a line of the log `name`."""
        written = orjson.dumps(
            {
                "file": name.encode("utf-8", "replace").decode(),
                "line": line.line,
                "offset": line.offset,
                "rule": line.rule,
                "reason": line.reason,
                **_raw(line.raw),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        if len(written) > self._left:
            self.dropped += 1
            return
        self._left -= len(written)
        self._file.write(written)
        self.kept += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if not self.kept:  # an empty file would say that something was amiss
            self._path.unlink(missing_ok=True)


def _raw(raw: bytes) -> dict[str, str]:
    try:
        return {"raw": raw.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": base64.b64encode(raw).decode("ascii")}
