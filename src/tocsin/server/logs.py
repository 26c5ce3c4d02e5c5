"""The log: one line an event, as text or as JSON. No tokens, no query values, no content of objects.

Lines are written by a thread of their own, so that a full pipe or a slow terminal holds up no request; when ten
thousand lines wait, further ones are dropped.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_WAITING_AT_MOST = 10_000
_STOP_SECONDS = 5.0
_FACTS = ("request", "method", "path", "status", "ms", "bytes", "account", "address")
_ACCESS = '%(address)s %(account)s "%(method)s %(path)s" %(status)d %(bytes)d %(ms).1fms'
_access = logging.getLogger("tocsin.access")


class _Text(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
        )

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        text = super().formatMessage(record)
        if request := record.__dict__.get("request"):
            text = f"{text} [{request}]"
        if text.isprintable():
            return text
        # what clients send must not make a line of its own
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class _Json(_Text):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": f"{self.formatTime(record, self.datefmt)}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: record.__dict__[name] for name in _FACTS if name in record.__dict__}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Never(logging.handlers.QueueHandler):
    """Hands records over and never waits."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # it stays in this process: nothing has to be made fit for pickling

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Drop the record: the queue is full."""


def access(**facts: object) -> None:
    """Write a line about a request. Its query is not among the facts: it may carry what somebody looks for."""
    if _access.isEnabledFor(logging.INFO):
        # not `_access.info`: that walks the stack for the place of the call, which is always this
        record = logging.LogRecord(_access.name, logging.INFO, __file__, 0, _ACCESS, (facts,), None)
        record.__dict__.update(facts)
        _access.handle(record)


@contextmanager
def writing(level: str, *, as_json: bool) -> Iterator[None]:
    """Send the log to standard error in the wanted form for as long as the block lasts."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(_Json() if as_json else _Text())
    waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(_WAITING_AT_MOST)
    writer = threading.Thread(target=_write, args=(waiting, stream), name="log", daemon=True)
    root = logging.getLogger()
    before = root.handlers, root.level
    root.handlers = [_Never(waiting)]
    root.setLevel(level.upper())
    # pool and server speak of connections and addresses; of requests `tocsin.access` does
    for name in ("psycopg", "psycopg.pool", "uvicorn", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # its warnings are other people's bad requests
    writer.start()
    try:
        yield
    finally:
        root.handlers = before[0]
        root.setLevel(before[1])
        with suppress(queue.Full):
            waiting.put(None, timeout=_STOP_SECONDS)
        writer.join(_STOP_SECONDS)  # whoever does not read our standard error cannot keep us from ending


def _write(waiting: queue.Queue[logging.LogRecord | None], stream: logging.Handler) -> None:
    while (record := waiting.get()) is not None:
        stream.handle(record)
