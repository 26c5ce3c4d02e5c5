"""The one box: what is found, how it divides, what is offered while someone types."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.server.api import asking
from tocsin.server.api.objects import Cursor, Limit, page
from tocsin.server.context import Call
from tocsin.store.search.query import TEXT_AT_MOST, parse
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
    query = parse(asking.parameters(call, Dividing).q)
    found = asking.searcher(call).facets(
        query, call.principal.organisation, asking.readable(call), encrypted=asking.encrypted(call)
    )
    return asking.answer(call, found)


def suggestions(call: Call) -> Response:
    """Suggest."""
    given = asking.parameters(call, Typing)
    found = asking.searcher(call).suggest(
        given.q,
        call.principal.organisation,
        asking.readable(call),
        limit=given.limit,
        encrypted=asking.encrypted(call),
    )
    return asking.answer(call, found.derive(Suggestions(found.value)))
