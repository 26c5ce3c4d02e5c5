"""Several server processes on one socket, watched: one that ends unasked is started again."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from tocsin.config import Settings
from tocsin.errors import ConfigError
from tocsin.server import metrics, run, worker

_log = logging.getLogger("tocsin.server")
_READY_SECONDS = 30.0
_STOP_SECONDS = 40.0
_TICK = 0.2
_AGAIN_SECONDS = 1.0


def serve(settings: Settings, count: int, on_ready: Callable[[str], None]) -> None:
    """Serve with `count` processes until SIGTERM or SIGINT; `on_ready` is told the address once all answer.

    Raises:
        ConfigError: the address cannot be used, or the workers do not start (their words are in the log).
    """
    opened = run.listen(settings)
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    with tempfile.TemporaryDirectory(prefix="tocsin-metrics-") as folder:
        workers = [_Worker(opened, settings, Path(folder)) for _ in range(count)]
        try:
            for each in workers:
                each.require_ready(stopping)
            if not stopping.is_set():
                on_ready(run.address(settings, opened))
            while not stopping.wait(_TICK):
                for each in workers:
                    each.revive()
        finally:
            for each in workers:
                each.tell_to_stop()
            for each in workers:
                each.wait()
            opened.close()
            for number, handler in before.items():
                signal.signal(number, handler)


class _Worker:
    """One process and its successors."""

    def __init__(self, opened: socket.socket, settings: Settings, folder: Path) -> None:
        self._opened = opened
        self._settings = settings
        self._folder = folder
        self._start()

    def _start(self) -> None:
        self._began = time.monotonic()
        self._ready = threading.Event()
        number = self._opened.fileno()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "tocsin.server.worker", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(number,),
            env=os.environ | {metrics.FOLDER: str(self._folder)},
            start_new_session=True,  # Ctrl-C is for us: we stop the workers in order
        )
        assert self._process.stdin is not None
        self._process.stdin.write(worker.encode(self._settings))
        self._process.stdin.flush()
        threading.Thread(target=self._listen, args=(self._process, self._ready), daemon=True).start()

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], ready: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout as said:
            if said.readline().strip() == worker.READY.encode():
                ready.set()

    def require_ready(self, stopping: threading.Event) -> None:
        deadline = self._began + _READY_SECONDS
        while not self._ready.wait(_TICK) and not stopping.is_set():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ConfigError("a worker does not start", hint="what it said stands above")

    def revive(self) -> None:
        if self._process.poll() is None or time.monotonic() < self._began + _AGAIN_SECONDS:
            return
        _log.error("worker %d ended with status %s", self._process.pid, self._process.returncode)
        self._let_go()
        metrics.forget(self._process.pid, self._folder)
        self._start()

    def tell_to_stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
