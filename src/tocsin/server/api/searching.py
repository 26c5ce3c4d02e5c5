"""The one box: what is found, how it divides, what is offered while someone types."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.node.searching import Counts
from tocsin.server.api import asking
from tocsin.server.api.objects import Cursor, Limit, page
from tocsin.server.context import Call
from tocsin.sharing.release import Released
from tocsin.store.search.finding import Found
from tocsin.store.search.query import TEXT_AT_MOST, Query, parse
from tocsin.store.search.suggesting import Suggestion

Text = Annotated[
    str,
    Meta(
        max_length=TEXT_AT_MOST,
        description="Values, words, names, ids, techniques, and `type:` `tlp:` `source:` `collection:` `after:` `before:` `confidence:` "
        "`revoked:` `name:` `value:` `id:` `refers:` `technique:`.",
    ),
]


class Search(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is searched for."""

    q: Text = ""
    order: Annotated[str, Meta(pattern="^(newest|oldest)$", description="By date added.")] = "newest"
    limit: Limit = 50
    cursor: Cursor = ""


class Dividing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is counted."""

    q: Text = ""


class Typing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What has been typed so far."""

    q: Annotated[str, Meta(max_length=200, description="The beginning of a name or a value.")] = ""
    limit: Annotated[int, Meta(ge=1, le=50, description="Most suggestions.")] = 10


class Suggestions(msgspec.Struct, frozen=True):
    """Names and values that begin so, in alphabetical order."""

    items: tuple[Suggestion, ...]


def search(call: Call) -> Response:
    """Search."""
    given = asking.parameters(call, Search)
    return page(call, parse(given.q), given.limit, given.cursor, oldest=given.order == "oldest")


def counts(call: Call) -> Response:
    """Count what a search finds."""
    return asking.answer(call, counted(call, parse(asking.parameters(call, Dividing).q)))


def counted(call: Call, query: Query) -> Released[Counts]:
    """Return how what a query finds divides."""
    return asking.searcher(call).facets(
        query, call.principal.organisation, asking.readable(call), encrypted=asking.encrypted(call)
    )


def first(call: Call, query: Query, limit: int) -> Released[tuple[Found, Counts]]:
    """Return the first page of what a query finds, and how all of it divides."""
    return asking.searcher(call).first(
        query,
        call.principal.organisation,
        asking.readable(call),
        limit=limit,
        encrypted=asking.encrypted(call),
    )


def suggestions(call: Call) -> Response:
    """Suggest."""
    given = asking.parameters(call, Typing)
    return asking.answer(call, suggested(call, given.q, given.limit))


def suggested(call: Call, text: str, limit: int) -> Released[Suggestions]:
    """Return names and values that begin with `text`."""
    found = asking.searcher(call).suggest(
        text,
        call.principal.organisation,
        asking.readable(call),
        limit=limit,
        encrypted=asking.encrypted(call),
    )
    return found.derive(Suggestions(found.value))
