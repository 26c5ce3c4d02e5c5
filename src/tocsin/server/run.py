"""Runs the application until it is told to stop, and stops it in order: requests under way, journal, database."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from tocsin.config import Settings
from tocsin.errors import ConfigError
from tocsin.node import open_files
from tocsin.node.scanner import Preparing
from tocsin.server import tls
from tocsin.server.app import App
from tocsin.server.protocol import Limits, protocol
from tocsin.store import Store

_DRAIN = 20  # seconds for requests under way
_KEEP_ALIVE = 75
_CYCLES = 20_000  # things made, and not thrown away, before circles among them are looked for
_FILES = 8192  # descriptors that are asked for; the system's hard limit holds
_FILES_OF_OURS = 128  # database, log, sockets that listen
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket.

    Raises:
        ConfigError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((settings.host, settings.port))
        opened.listen(1024)
    except OSError as error:
        opened.close()
        raise ConfigError(
            f"{settings.host}:{settings.port} cannot be used: {error.strerror or error}",
            hint="choose another with --host and --port",
        ) from error
    return opened


def address(settings: Settings, opened: socket.socket) -> str:
    """Return the URL that `opened` is reached at from this machine."""
    host, port = opened.getsockname()[:2]
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def serve(settings: Settings, store: Store, on_ready: Callable[[str], None]) -> None:
    """Serve in this process until SIGTERM or SIGINT; `on_ready` is told the address once requests are answered.

    Raises:
        ConfigError: address or certificates cannot be used.
        NotFoundError: the node was never initialised.
    """
    opened = listen(settings)
    try:
        serve_on(opened, settings, store, on_ready)
    finally:
        opened.close()


def serve_on(
    opened: socket.socket, settings: Settings, store: Store, on_ready: Callable[[str], None]
) -> None:
    """Serve on a socket that listens already, as `serve` does."""
    server = make(opened, settings, store, on_ready)
    _spare_collector()
    preparing = Preparing()
    preparing.start()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[opened]))
    finally:
        preparing.stop()
    if server.failure is not None:
        raise server.failure


def _spare_collector() -> None:
    """Have Python look for garbage in circles less often, and never among what stays until the end.

    A page makes some ten thousand things and no circles; looking through all of a server's memory meanwhile took as long as the page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(max(gc.get_threshold()[0], _CYCLES), *gc.get_threshold()[1:])


def make(opened: socket.socket, settings: Settings, store: Store, on_ready: Callable[[str], None]) -> Server:
    """Return a server for `opened`, not yet running.

    Raises:
        ConfigError: certificates cannot be used.
        NotFoundError: the node was never initialised.
    """
    context = tls.context(settings)
    limits = Limits(
        header_seconds=min(settings.request_timeout, 15.0),
        stall_seconds=settings.request_timeout,
        connections=open_files.room(_FILES, _FILES_OF_OURS),
    )
    config = uvicorn.Config(
        App(settings, store).asgi,
        http=protocol(settings.request_timeout, limits),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_DRAIN,
        ssl_context_factory=(lambda _config, _default: context) if context else None,
    )
    return Server(config, lambda: on_ready(address(settings, opened)))


class Server(uvicorn.Server):
    """A server that ends on a signal and lets the caller go on: there is a journal to flush and a database to stop.

    Uvicorn's own raises the signal again when it is done, which ends the process there and then.
    """

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self.failure: BaseException | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the sockets, then say so; what fails there is raised after everything has been stopped in order."""
        await super().startup(sockets)
        try:
            await asyncio.to_thread(self._on_ready)
        except BaseException as error:  # noqa: BLE001 - kept, not swallowed
            self.failure = error
            self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as a wish to end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
