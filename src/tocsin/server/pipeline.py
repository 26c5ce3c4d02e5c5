"""What happens around a handler: who asks, on which thread, and what is written down about it.

Handlers are plain functions on worker threads. The event loop only reads requests and writes responses, so slow clients hold no
thread. Who posts is recognised, and may post, before the first byte of a body is taken in.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from tocsin.clock import Micros
from tocsin.errors import TocsinError, UnauthenticatedError
from tocsin.server import forwarded, logs, problems
from tocsin.server.auth import SECURE, address_of
from tocsin.server.bodies import Bodies
from tocsin.server.context import ASSISTANT, GROUND, HANDED, UNTOLD, Call, Parts
from tocsin.server.pages import failing, forms, same_origin
from tocsin.server.pages.look import look_of
from tocsin.server.pages.page import Get, Post
from tocsin.server.pages.view import View
from tocsin.server.problems import RequestError
from tocsin.server.routes import BodyRoute, OpenRoute, Route, WaitingRoute
from tocsin.server.taxii.negotiation import require_acceptable
from tocsin.store.accounts import Principal
from tocsin.store.journal import Entry
from tocsin.store.receipts import Receipt

_WRITERS = (
    2  # one parses while the other waits for the database; more would only take connections from readers
)
_ASK_AGAIN = 1.0  # seconds between two looks at whether there is something to tell
_PRINCIPAL = "tocsin.principal"  # key in the ASGI scope
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")

Endpoint = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


class Pipeline:
    """Makes endpoints of routes, and holds the threads that they work on."""

    def __init__(self, parts: Parts) -> None:
        """Bind; threads start as they are needed."""
        settings = parts.settings
        self._parts = parts
        self._proxies = forwarded.networks(settings.trusted_proxies)
        # As many threads as connections: more would only wait for one.
        self._readers = ThreadPoolExecutor(settings.pool_size, thread_name_prefix="reader")
        # Their own threads, so that a few large POSTs never hold up those who read.
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="writer")
        self._bodies = Bodies(
            self._writers, limit=settings.max_content_length, seconds=settings.request_timeout
        )

    def stop(self) -> None:
        """Let the threads finish what they are at, and end."""
        self._readers.shutdown()
        self._writers.shutdown()

    def reading(self, route: Route) -> Endpoint:
        """Return the endpoint of a route without a body."""

        def answer(request: Request) -> Response:
            call = self._call(request)
            if route.taxii:
                require_acceptable(request)
            return route.handler(call)

        async def work(request: Request) -> Response:
            return await self._on(self._readers, self._watched, answer, request)

        return self._around(route.path, route.action, work)

    def taking(self, route: BodyRoute) -> Endpoint:
        """Return the endpoint of a route with a body."""

        def admit(request: Request) -> None:
            call = self._call(request)
            if route.taxii:
                require_acceptable(request)
            route.gate(call)

        def answer(request: Request, body: bytes) -> Response:
            # anew: a body may take a minute, and a token that was good at its first byte may not be at its last
            return route.handler(self._call(request), body)

        async def work(request: Request) -> Response:
            await self._on(self._readers, self._watched, admit, request)
            async with self._bodies.of(request) as body:
                return await self._on(self._writers, self._watched, answer, request, body)

        return self._around(route.path, route.action, work)

    def waiting(self, route: WaitingRoute) -> Endpoint:
        """Return the endpoint of a route that waits for something to tell; between its questions it holds no thread."""

        def answer(request: Request, waited: float) -> Response | None:
            return route.handler(self._call(request), waited)

        async def work(request: Request) -> Response:
            began = time.monotonic()
            while True:
                waited = time.monotonic() - began
                response: Response | None = await self._on(
                    self._readers, self._watched, answer, request, waited
                )
                if response is not None:
                    return response
                if await request.is_disconnected():
                    raise RequestError(400, "the client went away")
                await asyncio.sleep(_ASK_AGAIN)

        return self._around(route.path, route.action, work)

    def open(self, route: OpenRoute) -> Endpoint:
        """Return the endpoint of a route where nobody is asked who they are."""

        async def work(request: Request) -> Response:
            if not route.body:
                return await self._on(self._readers, route.handler, self._parts, request, b"")
            async with self._bodies.of(request, route.body) as body:
                return await self._on(self._readers, route.handler, self._parts, request, body)

        return self._around(route.path, "", work)

    def showing(self, route: Get) -> Endpoint:
        """Return the endpoint of a page."""

        def answer(request: Request) -> Response:
            return route.handler(self._view(request, stranger=route.open, quiet=route.quiet))

        async def work(request: Request) -> Response:
            return await self._on(self._readers, self._watched, answer, request)

        return self._around(route.path, route.action, work, page=True)

    def submitting(self, route: Post) -> Endpoint:
        """Return the endpoint of a form of a page of this node."""

        def admit(request: Request) -> None:
            same_origin.require(request)
            self._view(request, stranger=route.open)

        def answer(request: Request, body: bytes) -> Response:
            form = forms.parse(request, body)
            return route.handler(self._view(request, stranger=route.open), form)

        async def work(request: Request) -> Response:
            await self._on(self._readers, self._watched, admit, request)
            async with self._bodies.of(request, route.limit) as body:
                return await self._on(self._writers, self._watched, answer, request, body)

        return self._around(route.path, route.action, work, page=True)

    def inline(self, route: OpenRoute) -> Endpoint:
        """Return the endpoint of a route that is answered on the event loop, whatever the threads are at."""

        async def work(request: Request) -> Response:
            return route.handler(self._parts, request, b"")

        return self._around(route.path, "", work)

    def refused(self, request: Request, error: Exception) -> Response:
        """Answer what the router itself refuses: no such route, or not with this method."""
        assert isinstance(error, HTTPException)  # registered for nothing else
        began = time.perf_counter()
        request.scope[problems.REQUEST_ID] = secrets.token_hex(6)
        self._locate(request)
        if failing.wants_page(request):
            response = failing.respond_missing(error.status_code, self._stranger(request))
            response.raw_headers += [
                (k.lower().encode(), v.encode()) for k, v in (error.headers or {}).items()
            ]
        else:
            response = problems.respond_http(request, error)
        return self._finish(request, response, "other", "", began)

    def _around(self, path: str, action: str, work: Endpoint, *, page: bool = False) -> Endpoint:
        """Return `work` with errors turned to responses and everything written down."""
        under_way = self._parts.metrics.under_way
        secure = self._parts.settings.public_url.startswith("https:")

        async def endpoint(request: Request) -> Response:
            began = time.perf_counter()
            request.scope[SECURE] = secure
            self._locate(request)
            request.scope[problems.REQUEST_ID] = secrets.token_hex(6)
            under_way.inc()
            try:
                response = await work(request)
            except TocsinError as error:
                response = self._failed(request, error, page=page)
            except Exception as error:  # noqa: BLE001 - the node goes on, and the log has it
                response = problems.respond_crash(request, error)
                if page:
                    response = failing.respond_crash(request, self._stranger(request))
            finally:
                under_way.dec()
            return self._finish(request, response, path, action, began)

        return endpoint

    def _locate(self, request: Request) -> None:
        """Keep from which address the request really comes."""
        if self._proxies and request.client is not None:
            header = self._parts.settings.proxy_header
            found = forwarded.client_of(request.client.host, request.headers, self._proxies, header)
            request.scope[forwarded.ADDRESS] = found

    def _failed(self, request: Request, error: TocsinError, *, page: bool) -> Response:
        if page:
            return failing.respond_error(request, error, self._stranger(request))
        return problems.respond_error(request, error)

    def _finish(self, request: Request, response: Response, path: str, action: str, began: float) -> Response:
        scope = request.scope
        seconds = time.perf_counter() - began
        status = str(response.status_code)
        identifier = scope[problems.REQUEST_ID]
        # pages bring a policy of their own; two of one kind would both bind
        said = {name for name, _ in response.raw_headers}
        response.raw_headers += [header for header in _SECURITY if header[0] not in said]
        response.raw_headers.append((b"x-request-id", identifier.encode()))
        if scope["scheme"] == "https":
            response.raw_headers.append(_HTTPS_ONLY)
        metrics = self._parts.metrics
        metrics.requests.labels(path, status).inc()
        metrics.seconds.labels(path).observe(seconds)
        principal: Principal | None = scope.get(_PRINCIPAL)
        if status == "401":
            metrics.failures.inc()
        if scope.get(ASSISTANT):
            action = action.replace("api-", "mcp-", 1)
        if action and UNTOLD not in scope and (principal is not None or status == "401"):
            self._note(request, action, status)
        logs.access(
            request=identifier,
            method=scope["method"],
            path=scope["path"],
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            bytes=len(response.body),
            account=principal.account if principal else "-",
            address=address_of(request),
        )
        return response

    def _note(self, request: Request, action: str, status: str) -> None:
        scope = request.scope
        principal: Principal | None = scope.get(_PRINCIPAL)
        detail = {"address": address_of(request)}
        if principal is not None:
            detail |= {"organisation": principal.organisation, "token": principal.token}
        if scope.get(GROUND):
            detail["ground"] = scope[GROUND]
        who = principal.account if principal else "nobody"
        now = self._parts.store.clock()
        self._parts.journalist.note(Entry(now, who, action, scope["path"], status, detail))
        if principal is not None and scope.get(HANDED) and status == "200" and scope["method"] != "HEAD":
            self._hand(scope, principal, action, now)

    def _hand(self, scope: Scope, principal: Principal, action: str, now: Micros) -> None:
        """Keep a receipt of what went to another organisation."""
        snapshot = self._parts.clearances.snapshot
        if principal.organisation == snapshot.own.id:
            return
        receipt = Receipt(
            *(now, principal.organisation, principal.account, action, scope["path"], scope.get(GROUND, "")),
            snapshot.policies.version,
            tuple(scope[HANDED]),
        )
        self._parts.journalist.hand(receipt)

    def _call(self, request: Request) -> Call:
        """Recognise who asks, and look up what is so now."""
        recognised = self._parts.authenticator.recognise(request)
        principal = recognised.principal
        if not principal.ceiling and (ceiling := request.scope.get(ASSISTANT)):
            principal = msgspec.structs.replace(principal, ceiling=ceiling)
        request.scope[_PRINCIPAL] = principal
        facts = self._parts.directory.at(recognised.generation)
        return Call(parts=self._parts, request=request, principal=principal, facts=facts)

    def _view(self, request: Request, *, stranger: bool, quiet: bool = False) -> View:
        """Recognise who looks by the session of their browser.

        Raises:
            UnauthenticatedError: nobody who is known, where strangers may not look.
        """
        view = self._stranger(request)
        try:
            recognised, session = self._parts.authenticator.recognise_session(request, quiet=quiet)
        except UnauthenticatedError:
            if not stranger:
                raise
            return view
        request.scope[_PRINCIPAL] = recognised.principal
        facts = self._parts.directory.at(recognised.generation)
        call = Call(parts=self._parts, request=request, principal=recognised.principal, facts=facts)
        known = View(self._parts, request, view.look, call, session)
        request.scope[failing.VIEW] = known
        return known

    def _stranger(self, request: Request) -> View:
        return View(self._parts, request, look_of(request))

    def _watched(self, function: Callable[..., T], *arguments: object) -> T:
        with self._parts.availability.watched():
            return function(*arguments)

    @staticmethod
    async def _on(executor: Executor, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)
