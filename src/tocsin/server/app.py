"""The application: its parts, its routes, its beginning and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import starlette.routing
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tocsin.config import Settings
from tocsin.exchange import hook
from tocsin.exchange.openid import Provider
from tocsin.node.clearances import Clearances
from tocsin.node.outputs import Lists
from tocsin.node.saved_hunts import Scheduler
from tocsin.node.webhooks import Dispatcher
from tocsin.server import health
from tocsin.server.auth import Authenticator
from tocsin.server.availability import Availability
from tocsin.server.caretaker import Caretaker
from tocsin.server.context import Parts
from tocsin.server.directory import Directory
from tocsin.server.history import History
from tocsin.server.indexer import Indexer
from tocsin.server.journalist import Journalist
from tocsin.server.keeping import Kept
from tocsin.server.messenger import Messenger
from tocsin.server.metrics import Metrics
from tocsin.server.pages import assets
from tocsin.server.pages.page import pages
from tocsin.server.pipeline import Endpoint, Pipeline
from tocsin.server.routes import BODY_ROUTES, OPEN, ROUTES, WAITING, OpenRoute
from tocsin.store import Store

_GRAPHS = 4  # kept at once: one of ten thousand objects takes some ten megabytes


class App:
    """A node's HTTP application; `asgi` is what a server runs."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Wire the parts together.

        Raises:
            NotFoundError: the node was never initialised.
            PolicyError: the policies do not load.
            ConfigError: the setting webhook_origins, or one of oidc_*, cannot be used.
        """
        authenticator, clearances, metrics = Authenticator(store), Clearances(store), Metrics()
        self.parts = Parts(
            settings=settings,
            store=store,
            clearances=clearances,
            directory=Directory(store, clearances),
            authenticator=authenticator,
            availability=Availability(),
            journalist=Journalist(store, authenticator, metrics),
            metrics=metrics,
            provider=_provider(settings, store),
            lists=Lists(store, clearances),
            history=History(metrics, store.clock),
            kept=Kept(),
            graphs=Kept(_GRAPHS),
        )
        self._pipeline = Pipeline(self.parts)
        self._indexer = Indexer(store)
        self._caretaker = Caretaker(store)
        self._scheduler = Scheduler(store, clearances)
        allowed = hook.origins(settings.webhook_origins)
        self._messenger = Messenger(Dispatcher(store, clearances, allowed)) if allowed else None
        self.asgi = Starlette(
            routes=self._routes(),
            lifespan=self._lifespan,
            exception_handlers={HTTPException: self._pipeline.refused},
        )
        self.asgi.router.redirect_slashes = False

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.parts.journalist.start()
        self.parts.history.start()
        self._indexer.start()
        self._caretaker.start()
        self._scheduler.start()
        if self._messenger is not None:
            self._messenger.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self._pipeline.stop()
        self.parts.history.stop()
        self._indexer.stop()
        self._caretaker.stop()
        self._scheduler.stop()
        if self._messenger is not None:
            self._messenger.stop()
        self.parts.journalist.stop()

    def _routes(self) -> list[starlette.routing.Route]:
        """Return one route a path, so that a wrong method is 405 with `Allow`, not 404."""
        pipeline = self._pipeline
        found: dict[str, dict[str, Endpoint]] = {}

        def place(path: str, method: str, endpoint: Endpoint) -> None:
            # clients in the wild leave the trailing slash out, or add it: both are the same resource
            for form in dict.fromkeys((path.rstrip("/") + "/", path.rstrip("/") or "/")):
                found.setdefault(form, {})[method] = endpoint

        for route in ROUTES:
            place(route.path, route.method, pipeline.reading(route))
        for taking in BODY_ROUTES:
            place(taking.path, taking.method, pipeline.taking(taking))
        for following in WAITING:
            place(following.path, following.method, pipeline.waiting(following))
        for free in OPEN:
            place(free.path, free.method, pipeline.open(free))
        for page in pages():
            for get in page.gets:
                place(get.path, "GET", pipeline.showing(get))
            for post in page.posts:
                place(post.path, "POST", pipeline.submitting(post))
        place(assets.PATH, "GET", pipeline.inline(OpenRoute(assets.PATH, "GET", assets.serve)))
        place("/healthz", "GET", pipeline.inline(OpenRoute("/healthz", "GET", health.alive)))
        if self.parts.settings.metrics_public:
            place("/metrics", "GET", pipeline.open(OpenRoute("/metrics", "GET", health.public_metrics)))
        return [_one_route(path, endpoints) for path, endpoints in found.items()]


def _one_route(path: str, endpoints: dict[str, Endpoint]) -> starlette.routing.Route:
    async def by_method(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return starlette.routing.Route(path, by_method, methods=list(endpoints))


def _provider(settings: Settings, store: Store) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        clock=store.clock,
        ca=settings.oidc_ca,
        name=settings.oidc_name,
    )
