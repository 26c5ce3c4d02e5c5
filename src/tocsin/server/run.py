"""Runs the application until it is told to stop, and stops it in order: requests under way, journal, database."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

import uvicorn

from tocsin.config import Settings
from tocsin.errors import ConfigError
from tocsin.server.app import App
from tocsin.server.protocol import protocol
from tocsin.store import Store

_DRAIN = 20  # seconds for requests under way


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket.

    Raises:
        ConfigError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((settings.host, settings.port))
    except OSError as error:
        opened.close()
        raise ConfigError(
            f"{settings.host}:{settings.port} cannot be used: {error.strerror}",
            hint="choose another with --port",
        ) from error
    opened.listen(1024)
    return opened


def serve(settings: Settings, store: Store, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` is told the address once requests are answered.

    Raises:
        ConfigError: address or certificates cannot be used.
    """
    opened = listen(settings)
    app = App(settings, store)
    config = uvicorn.Config(
        app.asgi,
        http=protocol(min(settings.request_timeout, 15)),
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_DRAIN,
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
        ssl_ca_certs=settings.tls_client_ca or None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if settings.tls_client_ca else ssl.CERT_NONE,
    )
    try:
        server = uvicorn.Server(config)
        asyncio.run(_run(server, opened, on_ready, settings))
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(f"TLS cannot be set up: {error}", hint="see tls_certificate and tls_key") from error
    finally:
        opened.close()


async def _run(
    server: uvicorn.Server, opened: socket.socket, on_ready: Callable[[str], None], settings: Settings
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[opened]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    if not serving.done():
        host, port = opened.getsockname()[:2]
        scheme = "https" if settings.tls_certificate else "http"
        on_ready(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
    await serving

