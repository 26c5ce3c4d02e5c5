"""Webhooks of the caller's organisation: where to, for what, and what was delivered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.errors import ExchangeError, ForbiddenError
from tocsin.exchange import hook as wire
from tocsin.server.api import asking
from tocsin.server.api.objects import Cursor, Limit, Nothing
from tocsin.server.api.writing import once
from tocsin.server.context import Call
from tocsin.server.problems import RequestError
from tocsin.server.respond import echo, respond
from tocsin.store import webhooks
from tocsin.store.idempotency import Kept
from tocsin.store.search import parse
from tocsin.store.search.query import TEXT_AT_MOST
from tocsin.store.webhooks import Delivery, Webhook


class WebhookBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where to, and what for: a search as `/search` takes it."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    query: Annotated[str, Meta(max_length=TEXT_AT_MOST)] = ""


class WebhookEntry(msgspec.Struct, frozen=True):
    """A webhook. `secret` (`whsec_...`) is shown when it is made or rotated, and never again."""

    id: str
    url: str
    query: str
    enabled: bool
    created: str
    secret: str | None = None


class WebhookList(msgspec.Struct, frozen=True):
    """Webhooks, oldest first."""

    items: tuple[WebhookEntry, ...]


class DeliverySelection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which page."""

    limit: Limit = 50
    cursor: Cursor = ""


class DeliveryEntry(msgspec.Struct, frozen=True):
    """A delivery: how many objects it tells of, what became of it, and what the receiver said last."""

    id: str
    made: str
    objects: int
    state: str
    attempts: int
    next: str | None
    said: str


class DeliveryList(msgspec.Struct, frozen=True):
    """Deliveries, newest first."""

    items: tuple[DeliveryEntry, ...]
    next: str | None


def listing(call: Call) -> Response:
    """List the webhooks of the caller's organisation."""
    asking.parameters(call, Nothing)
    _require_read(call)
    return _tell(call, WebhookList(known(call)))


def known(call: Call) -> tuple[WebhookEntry, ...]:
    """Return the webhooks of the caller's organisation, oldest first."""
    with call.parts.store.connection() as connection:
        found = webhooks.of(connection, call.organisation.id)
    return tuple(_entry(each) for each in found)


def remove(call: Call) -> Response:
    """Remove a webhook."""
    asking.parameters(call, Nothing)
    _require_read(call)
    return _tell(call, removed(call, call.request.path_params["webhook"]))


def removed(call: Call, name: str) -> WebhookEntry:
    """Remove a webhook of the caller's organisation, and return it.

    Raises:
        NotFoundError: it has none of this id.
    """
    with call.parts.store.transaction() as connection:
        hook = webhooks.get(connection, call.organisation.id, name)
        webhooks.remove(connection, hook)
    return _entry(hook)


def deliveries(call: Call) -> Response:
    """List the deliveries of a webhook."""
    given = asking.parameters(call, DeliverySelection)
    _require_read(call)
    return _tell(call, delivered(call, call.request.path_params["webhook"], given)[1])


def delivered(call: Call, name: str, given: DeliverySelection) -> tuple[WebhookEntry, DeliveryList]:
    """Return a webhook of the caller's organisation, and a page of its deliveries.

    Raises:
        NotFoundError: it has none of this id.
        RequestError: 400; the cursor is none.
    """
    before = asking.read_token(given.cursor)
    with call.parts.store.connection() as connection:
        hook = webhooks.get(connection, call.organisation.id, name)
        found = webhooks.deliveries(connection, hook, limit=given.limit + 1, before=before)
    items = tuple(_delivery(each) for each in found[: given.limit])
    following = asking.next_token(found[given.limit - 1].made) if len(found) > given.limit else None
    return _entry(hook), DeliveryList(items, following)


def admit(call: Call) -> None:
    """Refuse a request before its body is taken in, if webhooks are not for its sender.

    Raises:
        ForbiddenError: its token does not permit to read, or has a ceiling, or its organisation is suspended.
    """
    _require_read(call)
    if call.principal.ceiling:  # what is delivered knows the organisation, not this token
        raise ForbiddenError("webhooks are not for tokens with a ceiling")


def create(call: Call, body: bytes) -> Response:
    """Make a webhook."""
    asking.parameters(call, Nothing)
    given = asking.document(body, WebhookBody)
    _require_good(call, given)

    def work() -> Kept:
        hook = made(call, given)
        location = {"Location": f"/api/v1/webhooks/{hook.id}/deliveries"}
        return Kept(201, location, msgspec.json.encode(hook))

    return once(call, body, work)


def made(call: Call, given: WebhookBody) -> WebhookEntry:
    """Make a webhook of the caller's organisation, and return it with its secret.

    Raises:
        RequestError: 422 its address may not be sent to.
        InputError: its query cannot be read.
        ConflictError, LimitError: the organisation has it already, or too many.
    """
    _require_good(call, given)
    with call.parts.store.transaction() as connection:
        hook = webhooks.add(
            connection, call.organisation.id, call.principal.account, given.url, given.query.replace("\0", " "),
            now=call.parts.store.clock(),
        )  # fmt: skip
    return _entry(hook, secret=wire.secret_text(hook.secret))


def _require_good(call: Call, given: WebhookBody) -> None:
    parse(given.query)
    try:
        wire.require_allowed(given.url, wire.origins(call.parts.settings.webhook_origins))
    except ExchangeError as error:
        raise RequestError(422, f"/url: {error}", hint=error.hint()) from None


def rotate(call: Call, body: bytes) -> Response:
    """Give a webhook a new secret; for a day the one before is signed with as well."""
    asking.parameters(call, Nothing)

    def work() -> Kept:
        return Kept(201, {}, msgspec.json.encode(rotated(call, call.request.path_params["webhook"])))

    return once(call, body, work)


def rotated(call: Call, name: str) -> WebhookEntry:
    """Give a webhook of the caller's organisation a new secret, and return it with that.

    Raises:
        NotFoundError: it has none of this id.
    """
    with call.parts.store.transaction() as connection:
        hook = webhooks.get(connection, call.organisation.id, name)
        hook = webhooks.rotate(connection, hook, now=call.parts.store.clock())
    return _entry(hook, secret=wire.secret_text(hook.secret))


def replay(call: Call, body: bytes) -> Response:
    """Queue a delivery again."""
    asking.parameters(call, Nothing)

    def work() -> Kept:
        path = call.request.path_params
        return Kept(201, {}, msgspec.json.encode(replayed(call, path["webhook"], path["delivery"])))

    return once(call, body, work)


def replayed(call: Call, name: str, delivery: str) -> DeliveryEntry:
    """Queue a delivery of a webhook of the caller's organisation again, and return it.

    Raises:
        NotFoundError: it has none of this id, or the webhook has not.
    """
    with call.parts.store.transaction() as connection:
        hook = webhooks.get(connection, call.organisation.id, name)
        found = webhooks.replay(connection, hook, delivery.replace("\0", ""), now=call.parts.store.clock())
    return _delivery(found)


def _require_read(call: Call) -> None:
    if "taxii:read" not in call.principal.scopes or call.organisation.suspended:
        raise ForbiddenError("the token lacks the scope taxii:read")


def _entry(hook: Webhook, *, secret: str | None = None) -> WebhookEntry:
    return WebhookEntry(str(hook.id), hook.url, hook.query, hook.enabled, _moment(hook.created), secret)


def _delivery(found: Delivery) -> DeliveryEntry:
    following = _moment(found.next) if found.state == "waiting" else None
    return DeliveryEntry(
        *(str(found.id), _moment(found.made), len(found.cursors), found.state, found.attempts),
        following,
        found.said,
    )


def _moment(at: Micros) -> str:
    return asking.moment_text(at)


def _tell(call: Call, told: msgspec.Struct) -> Response:
    """Answer with what the organisation itself set up."""
    document = msgspec.to_builtins(told)
    return respond(call.request, echo(document, recipient=call.organisation.id), media_type=asking.JSON)
