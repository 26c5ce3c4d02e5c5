"""Windows event files (`.evtx`): binary XML in chunks, read by the library `evtx` (the extra `tocsin[evtx]`).

Each record becomes the JSON that `evtx_dump` writes and is read as `windows_json` reads it. A record or chunk that is damaged costs itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO, Any

import orjson

from tocsin.errors import FormatError
from tocsin.telemetry import windows_json
from tocsin.telemetry.containers import container_log

_HEADER, _CHUNK = 4_096, 65_536
_MOST_FAILURES = 10_000
_MAGIC = b"ElfFile\x00"


def _records(file: IO[bytes]) -> Iterator[bytes]:
    try:
        import evtx  # noqa: PLC0415 - an extra
    except ImportError:
        raise FormatError(
            "Windows event files need the library evtx",
            hint="install tocsin[evtx], or export the log as XML or JSON",
        ) from None
    try:
        # one thread: records come in order, and other work keeps its processor
        found = evtx.PyEvtxParser(file, number_of_threads=1).records_json()
    except (RuntimeError, ValueError, OSError) as error:
        raise FormatError(f"no Windows event file: {error}") from error
    failed = 0
    while failed < _MOST_FAILURES:
        try:
            record: Any = next(found)
        except StopIteration:
            break
        except (RuntimeError, ValueError) as error:
            failed += 1
            # a line that is no JSON: it is counted and kept like any malformed line
            yield f"unreadable record: {error}".replace("\n", " ").encode("utf-8", "replace")
            continue
        try:
            yield orjson.dumps(orjson.loads(record["data"]))
        except orjson.JSONDecodeError:
            yield str(record["data"]).replace("\n", " ").encode("utf-8", "replace")
    if failed >= _MOST_FAILURES:
        raise FormatError(f"more than {_MOST_FAILURES:,} records are damaged: the rest is not read")
    left = (file.seek(0, os.SEEK_END) - _HEADER) % _CHUNK
    if left:
        raise FormatError(
            f"the file ends inside a chunk, of which {left:,} of {_CHUNK:,} bytes are there: its events are lost"
        )


LOG = container_log(
    "windows_evtx",
    title="Windows event file (EVTX)",
    container="evtx",
    sniff=lambda head: head.startswith(_MAGIC),
    records=_records,
    inner=windows_json.LOG,
)
