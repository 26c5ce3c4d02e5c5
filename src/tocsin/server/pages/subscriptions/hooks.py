"""The ways to be told of what a search finds, and the webhooks of an organisation with what became of their deliveries."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from starlette.responses import Response

from tocsin.errors import InputError, TocsinError
from tocsin.exchange import hook as wire
from tocsin.server.api import asking, feed, searching, webhooks
from tocsin.server.api.webhooks import DeliverySelection, WebhookBody, WebhookEntry
from tocsin.server.pages.forms import Form, in_words
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.store.search.query import parse

_HERE = "/subscriptions"


class Ways(msgspec.Struct, frozen=True):
    """What the page shows.

    Attributes:
        query: what is searched for.
        feed: address of its feed.
        origins: where webhooks may be sent to; none: the operator permits none.
        hooks: those of the organisation; None for a session that may not know of them.
        made: the webhook that was made or got a new secret just now; its secret is shown this once.
        url, wrong: what was filled in, and what is wrong with it.
    """

    query: str
    feed: str
    origins: tuple[str, ...]
    hooks: tuple[WebhookEntry, ...] | None
    made: WebhookEntry | None = None
    url: str = ""
    wrong: str = ""


def show_ways(view: View) -> Response:
    """Show how to be told of what a search finds.

    Raises:
        InputError: the query cannot be read.
    """
    query = asking.parameters(view.call, searching.Dividing).q
    parse(query)
    return _answer(view, _ways(view, query))


def make(view: View, form: Form) -> Response:
    """Make a webhook with a search as its filter; its secret is shown this once.

    Raises:
        ForbiddenError: webhooks are not for this session.
    """
    webhooks.admit(view.call)
    query, url = form.one("query"), form.one("url").strip()
    try:
        given = msgspec.convert({"url": url, "query": query}, WebhookBody)
        made = webhooks.made(view.call, given)
    except (msgspec.ValidationError, TocsinError) as error:
        wrong = in_words(error, view.look.language) if isinstance(error, TocsinError) else str(error)
        tried = msgspec.structs.replace(_ways(view, query[:4000]), url=url[:2000], wrong=wrong)
        return _answer(view, tried, status=422)
    return _answer(view, msgspec.structs.replace(_ways(view, query), made=made))


def act(view: View, form: Form) -> Response:
    """Remove a webhook, or give it a new secret.

    Raises:
        ForbiddenError: webhooks are not for this session.
        NotFoundError: the organisation has none of this id.
        InputError: there is nothing of this kind to do.
    """
    webhooks.admit(view.call)
    name, deed = form.one("webhook"), form.one("do")
    if deed == "remove":
        webhooks.removed(view.call, name)
        return redirect(view, _HERE)
    if deed != "rotate":
        raise InputError("there is nothing of this kind to do")
    made = webhooks.rotated(view.call, name)
    return _answer(view, msgspec.structs.replace(_ways(view, made.query), made=made))


def show_deliveries(view: View) -> Response:
    """Show what was delivered to a webhook.

    Raises:
        ForbiddenError: webhooks are not for this session.
        NotFoundError: the organisation has none of this id.
    """
    webhooks.admit(view.call)
    given = asking.parameters(view.call, DeliverySelection)
    name = _name(view)
    hook, found = webhooks.delivered(view.call, name, given)
    older = f"{_HERE}/hooks/{quote(name)}?cursor={found.next}" if found.next else ""
    told = said((hook, found.items), recipient=view.call.principal.organisation)
    copies = {"api": f"/api/v1/webhooks/{quote(name)}/deliveries"}
    return render(view, "subscriptions/deliveries.html", told, older=older, copies=copies)


def replay(view: View, form: Form) -> Response:
    """Queue a delivery again.

    Raises:
        ForbiddenError: webhooks are not for this session.
        NotFoundError: there is no such webhook or delivery.
    """
    webhooks.admit(view.call)
    webhooks.replayed(view.call, _name(view), form.one("delivery"))
    return redirect(view, f"{_HERE}/hooks/{quote(_name(view))}")


def _ways(view: View, query: str) -> Ways:
    call, settings = view.call, view.parts.settings
    root = settings.public_url.rstrip("/") or str(view.request.base_url).rstrip("/")
    # what is delivered knows the organisation, not the ceiling of a session, and queries of colleagues may name what is above it
    hooks = None if call.principal.ceiling else webhooks.known(call)
    return Ways(query, feed.address(root, query), wire.origins(settings.webhook_origins), hooks)


def _answer(view: View, made: Ways, *, status: int = 200) -> Response:
    told = said(made, recipient=view.call.principal.organisation)
    headers = {"Cache-Control": "no-store"} if made.made is not None else None
    copies = {"api": "/api/v1/webhooks"}
    return render(view, "subscriptions/ways.html", told, status=status, headers=headers, copies=copies)


def _name(view: View) -> str:
    name: str = view.request.path_params["webhook"]
    return name.replace("\0", "")[:80]
