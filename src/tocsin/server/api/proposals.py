"""Proposals: suggest a change, see what became of it, decide about those of others (`tocsin.node.proposals`)."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.errors import ForbiddenError, InputError
from tocsin.node.drafting import Draft
from tocsin.node.proposals import Desk, Shown
from tocsin.server.api import asking
from tocsin.server.api.objects import Nothing
from tocsin.server.api.writing import NoteBody, OpinionBody, SightingBody, Written, once, require_json
from tocsin.server.context import Call
from tocsin.server.problems import RequestError
from tocsin.store.idempotency import Kept
from tocsin.store.proposals import Proposal, TooManyError

_CURSOR = re.compile(r"p([0-9a-f]{1,16})-([0-9a-f]{32})")
_Reason = Annotated[str, Meta(min_length=1, max_length=2000, description="Why.")]


class RelationBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A relationship from the object that it is about to another one (STIX 2.1 section 5.1)."""

    relationship_type: Annotated[str, Meta(pattern="^[a-z0-9-]{1,250}$")]
    target: Annotated[str, Meta(min_length=1, max_length=300, description="STIX id.")]
    description: Annotated[str, Meta(max_length=50_000)] = ""


class ProposalBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A suggestion: why, and exactly one of `object`, `version`, `note`, `opinion`, `sighting`, `relation`.

    `object` and `version` are whole STIX objects; the others need `about`, the id of the object that they say something about.
    """

    reason: _Reason
    about: Annotated[str, Meta(max_length=300)] = ""
    collection: Annotated[str, Meta(max_length=64, description="Alias or id of where it would go.")] = ""
    object: dict[str, Any] | UnsetType = UNSET
    version: dict[str, Any] | UnsetType = UNSET
    note: NoteBody | UnsetType = UNSET
    opinion: OpinionBody | UnsetType = UNSET
    sighting: SightingBody | UnsetType = UNSET
    relation: RelationBody | UnsetType = UNSET


class _Raw(msgspec.Struct):
    """The whole objects of a suggestion, byte for byte."""

    object: msgspec.Raw = msgspec.Raw()
    version: msgspec.Raw = msgspec.Raw()


class AnswerBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What who decides says to it."""

    answer: Annotated[str, Meta(max_length=2000)] = ""


class ProposalSelection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which page."""

    status: Annotated[str, Meta(pattern="^(open|accepted|rejected|withdrawn|expired|)$")] = ""
    limit: Annotated[int, Meta(ge=1, le=100, description="Most items of a page.")] = 50
    cursor: Annotated[str, Meta(max_length=60, description="`next` of the page before.")] = ""


class ProposalEntry(msgspec.Struct, frozen=True):
    """A proposal. Null is what the reader may not know: who is on this node beside it and the node's own organisation.

    `tlp` is what the object would be marked with; `base` the `modified` of the version that a new one was made from.
    """

    id: str
    kind: str
    about: str
    status: str
    reason: str
    tlp: str
    collection: str | None
    base: str | None
    channel: str
    made: str
    expires: str
    organisation: str | None
    account: str | None
    decider: str | None
    decided: str | None
    decided_by: str | None
    answer: str


class ProposalList(msgspec.Struct, frozen=True):
    """Proposals, newest first."""

    items: tuple[ProposalEntry, ...]
    next: str | None


class ProposalDetail(msgspec.Struct, frozen=True):
    """A proposal with the object as it would be written."""

    proposal: ProposalEntry
    object: msgspec.Raw


class ProposalMade(msgspec.Struct, frozen=True):
    """What was proposed, and that it waits."""

    id: str
    status: str
    kind: str
    about: str
    tlp: str
    expires: str


def listing(call: Call) -> Response:
    """List the proposals that the caller's organisation made or decides about."""
    given = asking.parameters(call, ProposalSelection)
    found = desk(call).page(
        call.principal, status=given.status, limit=given.limit + 1, before=_read_cursor(given.cursor)
    )
    shown = found.value[: given.limit]
    following = _cursor(shown[-1].proposal) if len(found.value) > given.limit else None
    return asking.answer(call, found.derive(ProposalList(tuple(map(entry, shown)), following)))


def one(call: Call) -> Response:
    """Show a proposal with its object."""
    asking.parameters(call, Nothing)
    found = desk(call).one(call.principal, _name(call))
    detail = ProposalDetail(entry(found.value), msgspec.Raw(found.value.proposal.body))
    return asking.answer(call, found.derive(detail))


def withdraw(call: Call) -> Response:
    """Take a proposal back."""
    asking.parameters(call, Nothing)
    desk(call).withdraw(call.principal, _name(call))
    return asking.answer(call, _after(call))


def admit(call: Call) -> None:
    """Refuse a proposal before its body is taken in, if its sender may make none.

    Raises:
        ForbiddenError: the token lacks the scope `propose`.
        RequestError: 415; the body is announced as something else. 400; the Idempotency-Key cannot be used.
    """
    if "propose" not in call.principal.scopes or call.organisation.suspended:
        raise ForbiddenError("the token lacks the scope propose")
    require_json(call)


def admit_decision(call: Call) -> None:
    """Refuse a decision before its body is taken in, if its sender can decide about nothing.

    Raises:
        ForbiddenError: the token lacks the scope `taxii:write`.
        RequestError: as `admit`.
    """
    if "taxii:write" not in call.principal.scopes or call.organisation.suspended:
        raise ForbiddenError("the token lacks the scope taxii:write")
    require_json(call)


def create(call: Call, body: bytes) -> Response:
    """Take a proposal in.

    Raises:
        RequestError: 429; the token has made too many.
    """
    asking.parameters(call, Nothing)
    draft = _draft(asking.document(body, ProposalBody), body)

    def work() -> Kept:
        try:
            made = desk(call).propose(
                call.principal, draft, channel=call.channel, encrypted=asking.encrypted(call)
            )
        except TooManyError as error:
            raise RequestError(429, str(error), hint=error.hint()) from None
        told = ProposalMade(
            *(str(made.id), made.status, made.kind, made.about, made.tlp, asking.moment_text(made.expires))
        )
        return Kept(201, {"Location": f"/api/v1/proposals/{made.id}"}, msgspec.json.encode(told))

    return once(call, body, work)


def accept(call: Call, body: bytes) -> Response:
    """Write what was proposed."""
    asking.parameters(call, Nothing)
    given = asking.document(body, AnswerBody)

    def work() -> Kept:
        kept = desk(call).accept(call.principal, _name(call), given.answer, encrypted=asking.encrypted(call))
        written = Written(kept.id, asking.moment_text(kept.at), kept.collection, kept.outcome)
        return Kept(201, {"Location": f"/api/v1/objects/{kept.id}"}, msgspec.json.encode(written))

    return once(call, body, work)


def reject(call: Call, body: bytes) -> Response:
    """Turn a proposal down."""
    asking.parameters(call, Nothing)
    given = asking.document(body, AnswerBody)

    def work() -> Kept:
        desk(call).reject(call.principal, _name(call), given.answer)
        return Kept(201, {}, msgspec.json.encode(_after(call).value))

    return once(call, body, work)


def _draft(given: ProposalBody, body: bytes) -> Draft:
    """Return what a body proposes.

    Raises:
        InputError: not exactly one thing; or what it is about is not said, or said twice.
    """
    kinds = [kind for kind in _KINDS if getattr(given, kind) is not UNSET]
    if len(kinds) != 1:
        raise InputError(f"body: exactly one of {', '.join(_KINDS)}")
    (kind,) = kinds
    if kind in ("object", "version"):
        if given.about:
            raise InputError("/about: the object says itself what it is", hint="leave `about` out")
        raw = getattr(msgspec.json.decode(body, type=_Raw), kind)
        return Draft(kind, given.reason, body=bytes(raw), collection=given.collection)
    if not given.about:
        raise InputError("/about: the id of the object that it says something about")
    said = msgspec.to_builtins(getattr(given, kind))
    if "target" in said:
        said["target_ref"] = said.pop("target")
    into = said.pop("collection", "")
    return Draft(kind, given.reason, about=given.about, said=said, collection=given.collection or into)


_KINDS = ("object", "version", "note", "opinion", "sighting", "relation")


def desk(call: Call) -> Desk:
    """Return what takes proposals in, shows them and carries them out."""
    return Desk(call.parts.store, call.parts.clearances)


def _name(call: Call) -> str:
    name: str = call.request.path_params["proposal"]
    return name


def _after(call: Call) -> Any:
    found = desk(call).one(call.principal, _name(call))
    return found.derive(entry(found.value))


def entry(shown: Shown) -> ProposalEntry:
    """Return a proposal in the form of an answer."""
    found = shown.proposal
    return ProposalEntry(
        *(str(found.id), found.kind, found.about, found.status, found.reason, found.tlp),
        *(shown.collection or None, found.base or None, found.channel),
        *(asking.moment_text(found.made), asking.moment_text(found.expires)),
        *(shown.proposer, shown.account, shown.decider),
        None if found.decided is None else asking.moment_text(found.decided),
        *(shown.decided_by, found.answer),
    )


def _cursor(last: Proposal) -> str:
    return f"p{last.made:x}-{last.id.hex}"


def _read_cursor(text: str) -> tuple[Micros, UUID] | None:
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise RequestError(
            400, f"the cursor {text[:40]!r} is none of ours", hint="take `next` from the page before"
        )
    return min(int(found[1], 16), (1 << 63) - 1), UUID(hex=found[2])
