"""Every tool in one table: what it takes, which routes it asks, and how the answer is told. What is not in the table cannot be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from tocsin.errors import InputError
from tocsin.server.mcp.inside import Answer, Inside
from tocsin.server.mcp.untrusted import NOTICE, RESULT_AT_MOST, Budget, envelope, fanged, neutral, shown

_Id = Annotated[
    str,
    Meta(
        max_length=300,
        pattern=r"^[a-z][a-z0-9-]*--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z",
        description="STIX id of the object.",
    ),
]
_Limit = Annotated[int, Meta(ge=1, le=25, description="Most objects.")]
_Cursor = Annotated[str, Meta(max_length=60, description="`next` of the answer before.")]
_Reason = Annotated[
    str, Meta(min_length=1, max_length=2000, description="Why; who decides about the proposal reads it.")
]
_Where = Annotated[str, Meta(max_length=64, description="Alias of the collection.")]
_SEEN_AT_MOST = 5


class Arguments(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a tool is called with."""


class SearchArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """What is searched for."""

    query: Annotated[
        str,
        Meta(
            max_length=900,
            description="Values, words, names, ids, techniques, and `type:` `tlp:` `source:` `collection:` `after:` `before:` "
            "`confidence:` `revoked:` `name:` `value:` `id:` `refers:` `technique:`. Defanged values are understood.",
        ),
    ]
    limit: _Limit = 10
    cursor: _Cursor = ""


class ObjectArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """Which object."""

    id: _Id


class PageArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """Which object, and which page."""

    id: _Id
    limit: _Limit = 10
    cursor: _Cursor = ""


class ExplainArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """Which object, for whom."""

    id: _Id
    recipient: Annotated[
        str, Meta(min_length=1, max_length=300, description="Id or name of an organisation.")
    ]
    action: Annotated[str, Meta(max_length=40, description="Such as receive, match or block.")] = "receive"


class ValueArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """Which value."""

    value: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=800,
            description="Address, domain, URL, digest, e-mail address; may be defanged.",
        ),
    ]


class TechniqueArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """Which technique."""

    technique: Annotated[
        str, Meta(pattern=r"^[Tt]\d{4}(\.\d{3})?$", description="Such as T1059 or T1059.001.")
    ]
    limit: _Limit = 5


class ProposalsArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """Which proposals."""

    status: Literal["", "open", "accepted", "rejected", "withdrawn", "expired"] = ""
    limit: _Limit = 10
    cursor: _Cursor = ""


class ProposeObjectArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """A whole object."""

    reason: _Reason
    object: dict[str, Any]
    new_version: bool = False
    collection: _Where = ""


class ProposeNoteArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """A note on an object."""

    reason: _Reason
    about: _Id
    content: Annotated[str, Meta(min_length=1, max_length=20_000)]
    abstract: Annotated[str, Meta(max_length=1000)] = ""


class ProposeOpinionArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """An opinion on an object."""

    reason: _Reason
    about: _Id
    opinion: Literal["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"]
    explanation: Annotated[str, Meta(max_length=20_000)] = ""


class ProposeSightingArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """A sighting of an object; moments are RFC 3339 in UTC."""

    reason: _Reason
    about: _Id
    count: Annotated[int, Meta(ge=0, le=999_999_999)] = 1
    first_seen: Annotated[str, Meta(max_length=40)] = ""
    last_seen: Annotated[str, Meta(max_length=40)] = ""
    description: Annotated[str, Meta(max_length=20_000)] = ""


class ProposeRelationArguments(Arguments, frozen=True, forbid_unknown_fields=True):
    """A relationship between two objects."""

    reason: _Reason
    about: _Id
    relationship_type: Annotated[str, Meta(pattern="^[a-z0-9-]{1,250}$")]
    target: _Id
    description: Annotated[str, Meta(max_length=20_000)] = ""


class Refused(Exception):  # noqa: N818 - what the node said, not a fault
    """The node refused; `args[0]` is what the assistant is told."""


async def _search(inside: Inside, given: Any) -> dict[str, Any]:
    answer = await inside.get("/search", q=fanged(given.query), limit=given.limit, cursor=given.cursor)
    return _page(_told(answer))


async def _object(inside: Inside, given: Any) -> dict[str, Any]:
    return {"notice": NOTICE, "items": [_entry(_told(await inside.get(f"/objects/{given.id}")), Budget())]}


async def _versions(inside: Inside, given: Any) -> dict[str, Any]:
    told = _told(await inside.get(f"/objects/{given.id}/versions"))
    return _page({"items": told["items"], "next": None}) | {"complete": told["complete"]}


async def _relations(inside: Inside, given: Any) -> dict[str, Any]:
    path = f"/objects/{given.id}/relations"
    return _page(_told(await inside.get(path, limit=given.limit, cursor=given.cursor)))


async def _sightings(inside: Inside, given: Any) -> dict[str, Any]:
    path = f"/objects/{given.id}/sightings"
    return _page(_told(await inside.get(path, limit=given.limit, cursor=given.cursor)))


async def _explain(inside: Inside, given: Any) -> dict[str, Any]:
    path = f"/objects/{given.id}/explanation"
    told = _told(await inside.get(path, recipient=given.recipient, action=given.action))
    return {"notice": NOTICE, "items": [envelope(told, source="this node", marking="none")]}


async def _seen(inside: Inside, given: Any) -> dict[str, Any]:
    value = fanged(given.value)
    if '"' in value:
        raise Refused("a value has no quotation mark in it")
    found = _told(await inside.get("/search", q=f'value:"{value}"', limit=_SEEN_AT_MOST))
    sightings: list[Any] = []
    for each in found["items"]:
        more = _told(await inside.get(f"/objects/{each['id']}/sightings", limit=_SEEN_AT_MOST))
        sightings += more["items"]
    page = _page({"items": [*found["items"], *sightings], "next": None})
    return page | {
        "known": len(found["items"]),
        "sightings": len(sightings),
        "more": found["next"] is not None,
    }


async def _attack(inside: Inside, given: Any) -> dict[str, Any]:
    query = f"type:attack-pattern technique:{given.technique.upper()}"
    return _page(_told(await inside.get("/search", q=query, limit=given.limit)))


async def _proposals(inside: Inside, given: Any) -> dict[str, Any]:
    told = _told(await inside.get("/proposals", status=given.status, limit=given.limit, cursor=given.cursor))
    budget = Budget()
    items = [
        envelope(each, source=each["organisation"] or _UNTOLD, marking=_marking(each["tlp"]), budget=budget)
        for each in told["items"]
    ]
    return {"notice": NOTICE, "items": items, "next": told["next"]}


async def _propose_object(inside: Inside, given: Any) -> dict[str, Any]:
    kind = "version" if given.new_version else "object"
    return await _propose(inside, given, {kind: given.object, "collection": given.collection})


async def _propose_note(inside: Inside, given: Any) -> dict[str, Any]:
    said = {"content": given.content, "abstract": given.abstract}
    return await _propose(inside, given, {"about": given.about, "note": said})


async def _propose_opinion(inside: Inside, given: Any) -> dict[str, Any]:
    said = {"opinion": given.opinion, "explanation": given.explanation}
    return await _propose(inside, given, {"about": given.about, "opinion": said})


async def _propose_sighting(inside: Inside, given: Any) -> dict[str, Any]:
    said = {name: getattr(given, name) for name in ("count", "first_seen", "last_seen", "description")}
    return await _propose(inside, given, {"about": given.about, "sighting": said})


async def _propose_relation(inside: Inside, given: Any) -> dict[str, Any]:
    said = {name: getattr(given, name) for name in ("relationship_type", "target", "description")}
    return await _propose(inside, given, {"about": given.about, "relation": said})


async def _propose(inside: Inside, given: Any, body: dict[str, Any]) -> dict[str, Any]:
    told = _told(await inside.post("/proposals", {"reason": given.reason, **body}))
    return {"proposal": neutral(told), "waits": "a person decides about it; nothing is written until then"}


class Tool(NamedTuple):
    """One tool: name, title, what it does, its arguments, what it runs, and whether it proposes something."""

    name: str
    title: str
    summary: str
    arguments: type[Arguments]
    run: Callable[[Inside, Any], Awaitable[dict[str, Any]]]
    proposes: bool = False


TOOLS = (
    Tool("search", "Search", "Search the intelligence that this token may have.", SearchArguments, _search),
    Tool("get_object", "Get an object", "Return an object in its latest version.", ObjectArguments, _object),
    Tool("versions", "Versions", "Return the versions of an object, newest first, and what each changed.", ObjectArguments, _versions),
    Tool("relations", "Relations", "Return what refers to an object.", PageArguments, _relations),
    Tool("sightings", "Sightings", "Return the sightings of an object.", PageArguments, _sightings),
    Tool("explain_decision", "Explain a decision", "Explain which policy decides whether an organisation may have an object.", ExplainArguments, _explain),
    Tool("seen", "Has anyone seen this value?", "Return the objects that name a value, and their sightings.", ValueArguments, _seen),
    Tool("attack_lookup", "Look up ATT&CK", "Return ATT&CK techniques by number, as far as they were loaded.", TechniqueArguments, _attack),
    Tool("list_proposals", "List proposals", "Return proposals of this organisation, and those it decides about.", ProposalsArguments, _proposals),
    Tool("propose_object", "Propose an object", "Suggest a new object, or a new version of one; a person decides.", ProposeObjectArguments, _propose_object, proposes=True),
    Tool("propose_note", "Propose a note", "Suggest a note on an object; a person decides.", ProposeNoteArguments, _propose_note, proposes=True),
    Tool("propose_opinion", "Propose an opinion", "Suggest an opinion on an object; a person decides.", ProposeOpinionArguments, _propose_opinion, proposes=True),
    Tool("propose_sighting", "Propose a sighting", "Suggest a sighting of an object; a person decides.", ProposeSightingArguments, _propose_sighting, proposes=True),
    Tool("propose_relation", "Propose a relation", "Suggest a relationship between two objects; a person decides.", ProposeRelationArguments, _propose_relation, proposes=True),
)  # fmt: skip


def schema(tool: Tool) -> dict[str, Any]:
    """Return the JSON Schema of a tool's arguments."""
    found = msgspec.json.schema(tool.arguments)
    made: dict[str, Any] = found["$defs"][tool.arguments.__name__]
    return made


async def call(tool: Tool, inside: Inside, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run a tool.

    Raises:
        Refused: its arguments are not what it takes, or the node refused; says what the client may know.
    """
    try:
        given = msgspec.convert(arguments, tool.arguments)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Refused(shown(f"arguments: {error}")[:500]) from None
    try:
        return await tool.run(inside, given)
    except InputError as error:
        raise Refused(shown(str(error))[:500]) from None


_UNTOLD = "not told"


def _told(answer: Answer) -> Any:
    if answer.status < 400:
        return answer.document
    problem = answer.document
    hint = f" ({problem['hint']})" if problem.get("hint") else ""
    raise Refused(shown(f"{problem['status']} {problem['title']}: {problem['detail']}{hint}")[:1000])


def _page(told: Any) -> dict[str, Any]:
    items = told["items"]
    share = RESULT_AT_MOST // max(len(items), 1)
    return {"notice": NOTICE, "items": [_entry(each, Budget(share)) for each in items], "next": told["next"]}


def _entry(each: Any, budget: Budget) -> dict[str, Any]:
    return envelope(each, source=each["source"] or _UNTOLD, marking=_marking(each["tlp"]), budget=budget)


def _marking(tlp: str) -> str:
    return "unmarked" if tlp == "none" else f"TLP:{tlp.upper()}"
