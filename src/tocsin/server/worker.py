"""One of several server processes, started by `workers`: `python -m tocsin.server.worker FD`.

Its settings come as one line of JSON on standard input, never on the command line, where others could read the database's
password. The input stays open as long as the parent lives: at its end the worker stops.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from tocsin.config import Settings
from tocsin.errors import TocsinError
from tocsin.server import logs, run
from tocsin.store import Store

READY = "ready"


def encode(settings: Settings) -> bytes:
    """Return settings as the line that `main` reads."""
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return json.dumps(values | {"home": str(settings.home)}).encode() + b"\n"


def _decode(line: bytes) -> Settings:
    values = json.loads(line)
    return Settings(**(values | {"home": Path(values["home"])}))


def main() -> int:
    """Serve on the inherited socket until the parent says or ends; return the exit status."""
    opened = socket.socket(fileno=int(sys.argv[1]))
    settings = _decode(sys.stdin.buffer.readline())
    threading.Thread(target=_follow_parent, name="parent", daemon=True).start()
    with logs.writing(settings.log_level, as_json=settings.log_json):
        try:
            with Store.open(settings) as store:
                run.serve_on(opened, settings, store, _say_ready)
        except TocsinError as error:
            sys.stderr.write(f"error: {error}\n")
            return error.exit_code
    return 0


def _say_ready(_url: str) -> None:
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()


def _follow_parent() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
