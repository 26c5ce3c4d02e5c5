"""The application: routes to handlers on worker threads, with authentication, journal, figures and errors around each.

Handlers are plain functions. The event loop only reads requests and writes responses, so slow clients hold no thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import starlette.routing
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tocsin.config import Settings
from tocsin.errors import TocsinError, UnauthenticatedError
from tocsin.node.clearances import Clearances
from tocsin.server import bodies, health, problems
from tocsin.server.auth import Authenticator
from tocsin.server.context import Call, Handler, Parts
from tocsin.server.journalist import Journalist
from tocsin.server.metrics import Metrics
from tocsin.server.routes import OPEN, ROUTES, OpenHandler, Route
from tocsin.server.taxii.negotiation import require_acceptable
from tocsin.store import Store
from tocsin.store.journal import Entry

_log = logging.getLogger("tocsin.server")
Endpoint = Callable[[Request], Awaitable[Response]]
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class App:
    """A node's HTTP application; `asgi` is what a server runs."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Wire the parts together.

        Raises:
            NotFoundError: the node was never initialised.
            PolicyError: the policies do not load.
        """
        authenticator = Authenticator(store)
        self.parts = Parts(
            settings, store, Clearances(store), authenticator, Journalist(store, authenticator), Metrics()
        )
        # as many threads as connections: more would only wait for one
        self._pool = ThreadPoolExecutor(settings.pool_size, thread_name_prefix="handler")
        self.asgi = Starlette(
            routes=self._routes(),
            lifespan=self._lifespan,
            exception_handlers={
                HTTPException: lambda request, error: problems.respond_http(request, error),
                Exception: self._crashed,
            },
        )
        self.asgi.router.redirect_slashes = False

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.parts.journalist.start()
        try:
            yield
        finally:
            self._pool.shutdown()
            await asyncio.to_thread(self.parts.journalist.stop)

    def _routes(self) -> list[starlette.routing.Route]:
        found = []
        for route in ROUTES:
            endpoint = self._endpoint(route)
            if route.path == "/metrics" and self.parts.settings.metrics_public:
                endpoint = self._open_endpoint("/metrics", health.public_metrics)
            # clients in the wild leave the trailing slash out, or add it: both are the same resource
            for path in {route.path, route.path.rstrip("/"), route.path.rstrip("/") + "/"}:
                found.append(starlette.routing.Route(path, endpoint, methods=[route.method]))
        found += [starlette.routing.Route(p, self._open_endpoint(p, h), methods=[m]) for p, m, h in OPEN]
        return _merged(found)

    def _endpoint(self, route: Route) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            async def work() -> Response:
                return await self._in_thread(self._answer, route, request, await self._body(request))

            return await self._measured(request, route.path, work)

        return endpoint

    def _open_endpoint(self, path: str, handler: OpenHandler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            async def work() -> Response:
                return await self._in_thread(handler, self.parts, request, await self._body(request))

            return await self._measured(request, path, work)

        return endpoint

    async def _body(self, request: Request) -> bytes:
        if request.method not in {"POST", "PUT"}:
            return b""
        settings = self.parts.settings
        return await bodies.read(request, limit=settings.max_content_length, seconds=settings.request_timeout)

    async def _in_thread(self, function: Callable[..., Response], *arguments: object) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    async def _measured(
        self, request: Request, path: str, work: Callable[[], Awaitable[Response]]
    ) -> Response:
        began = time.perf_counter()
        metrics = self.parts.metrics
        with metrics.under_way.track_inprogress():
            try:
                response = await work()
            except TocsinError as error:
                if isinstance(error, UnauthenticatedError):
                    metrics.failures.inc()
                response = problems.respond_error(request, error)
        response.headers.update(_SECURITY)
        metrics.requests.labels(path, str(response.status_code)).inc()
        metrics.seconds.labels(path).observe(time.perf_counter() - began)
        _log.debug("%s %s %s", request.method, path, response.status_code)
        return response

    def _answer(self, route: Route, request: Request, body: bytes) -> Response:
        """Authenticate, do it, and write down that it was asked."""
        principal = self.parts.authenticator.principal(request)
        outcome = "error"
        try:
            if route.taxii:
                require_acceptable(request)
            handler: Handler = route.handler
            response = handler(Call(self.parts, request, principal, body))
            outcome = str(response.status_code)
            return response
        except TocsinError as error:
            outcome = str(problems.status_of(error)[0])
            raise
        finally:
            self.parts.journalist.note(
                Entry(
                    self.parts.store.clock(),
                    principal.account,
                    route.action,
                    request.url.path,
                    outcome,
                    {"organisation": principal.organisation, "token": principal.token},
                )
            )

    async def _crashed(self, request: Request, error: Exception) -> Response:
        _log.error("fault at %s %s", request.method, request.url.path, exc_info=error)
        return problems.respond_crash(request)


def _merged(routes: list[starlette.routing.Route]) -> list[starlette.routing.Route]:
    """Put the methods of one path behind one route, so that a wrong method is 405 with `Allow`, not 404."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for route in routes:
        for method in route.methods or ():
            if method != "HEAD":
                by_path.setdefault(route.path, {})[method] = route.endpoint
    return [_one_route(path, endpoints) for path, endpoints in by_path.items()]


def _one_route(path: str, endpoints: dict[str, Endpoint]) -> starlette.routing.Route:
    async def by_method(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return starlette.routing.Route(path, by_method, methods=list(endpoints))
