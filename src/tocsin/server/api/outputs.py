"""Lists for devices: block lists, rules, lookups, decided about for the organisation whose token asks.

The entity tag is made of what the list holds, so a device that sends it back is told 304 until the list is another one. While one thread makes a list,
others that ask for the same are asked again instead of holding a thread each.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.errors import ForbiddenError, StoreUnavailableError
from tocsin.formats import outputs
from tocsin.formats.outputs import Output
from tocsin.node.outputs import Made, Wanted
from tocsin.node.outputs.asking import LIMIT, collections_of, wanted
from tocsin.server.api import asking
from tocsin.server.api.objects import Nothing
from tocsin.server.context import Call
from tocsin.server.respond import describe, respond
from tocsin.server.taxii.access import listed
from tocsin.sharing.release import Released
from tocsin.store import organisations

MEDIA = tuple(dict.fromkeys(each.media_type.partition(";")[0] for each in outputs.every().values()))
_PATIENCE = 120.0


class Holding(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the list is to hold."""

    types: Annotated[
        str,
        Meta(
            max_length=200,
            description="Types of values, separated by commas; all that the format holds if there is none.",
        ),
    ] = ""
    limit: Annotated[
        int,
        Meta(ge=0, le=LIMIT, description="Most items, the best first; 0 for what the format's device holds."),
    ] = 0
    min_confidence: Annotated[int, Meta(ge=0, le=100, description="Least confidence, decayed.")] = 0
    tlp: Annotated[
        str, Meta(max_length=20, description="Highest level: clear, green, amber, amber+strict or red.")
    ] = ""
    collections: Annotated[str, Meta(max_length=500, description="Aliases or ids, separated by commas.")] = ""
    community: Annotated[
        str, Meta(max_length=100, description="Name or id of the community whose collections are meant.")
    ] = ""


class OutputEntry(msgspec.Struct, frozen=True):
    """A format of lists."""

    name: str
    summary: str
    action: str
    types: tuple[str, ...]
    rules: tuple[str, ...]
    one_type_at_a_time: bool
    capacity: int
    media_type: str


class OutputList(msgspec.Struct, frozen=True):
    """Every format that this node writes."""

    items: tuple[OutputEntry, ...]


def listing(call: Call) -> Response:
    """List the formats; it tells nothing of what the node holds."""
    asking.parameters(call, Nothing)
    items = tuple(
        OutputEntry(
            each.name,
            each.summary,
            each.action,
            each.types,
            each.rules,
            each.single,
            each.capacity,
            each.media_type,
        )
        for each in outputs.every().values()
    )
    return respond(call.request, describe({"items": items}), media_type=asking.JSON)


def one(call: Call, waited: float) -> Response | None:
    """Return a list, or None while another thread is making it; `waited` seconds have passed.

    Raises:
        NotFoundError: no such format, or no such collection or community that the caller may know of.
        ForbiddenError: the token may read nothing.
        RequestError: 400; a parameter is not what it has to be.
        InputError: a parameter asks for what the format does not hold.
        StoreUnavailableError: it takes too long.
    """
    output = outputs.named(call.request.path_params["format"])
    asked = wanted_by(call, output, asking.parameters(call, Holding))
    readable = asking.readable(call)
    released = call.parts.lists.make(
        output, asked, call.principal.organisation, readable,
        encrypted=asking.encrypted(call), ceiling=call.principal.ceiling, wait=False,
    )  # fmt: skip
    if released is not None:
        return _answer(call, output, released)
    if waited > _PATIENCE:
        raise StoreUnavailableError("the list is still being made", hint="ask again")
    return None


def wanted_by(call: Call, output: Output, given: Holding) -> Wanted:
    """Return what a list is to hold, of what the caller may read.

    Raises:
        NotFoundError: no such collection or community that the caller may know of.
        ForbiddenError: the token may read nothing.
        InputError: a parameter asks for what the format does not hold.
    """
    readable = [access.collection for access in listed(call) if access.can_read]
    if "taxii:read" not in call.principal.scopes:  # an empty list would say that all is well
        raise ForbiddenError("the token lacks the scope taxii:read")
    communities = {}
    if given.community:
        with call.parts.store.connection() as connection:
            communities = {each.id: each.alias for each in organisations.communities(connection)}
    return wanted(
        output,
        types=given.types,
        limit=given.limit or None,
        min_confidence=given.min_confidence,
        tlp=given.tlp,
        collections=collections_of(readable, given.collections, given.community, communities),
    )


def _answer(call: Call, output: Output, released: Released[Made]) -> Response:
    call.rested_on(released)
    made = released.value
    head = "" if output.head is None else output.head(call.parts.store.clock())
    left_out = ", ".join(f"{reason}={count}" for reason, count in made.left_out.items())
    return respond(
        call.request,
        released.derive(head.encode() + made.body if head else made.body),
        media_type=output.media_type,
        headers={"X-Tocsin-Items": str(made.items), "X-Tocsin-Left-Out": left_out},
        tag=made.tag,
        weak=bool(head),
    )
