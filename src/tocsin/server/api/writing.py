"""Writing: new objects, new versions, and what one says about objects of others. Everything goes in through `node.intake`.

A request may carry an `Idempotency-Key`: asked again, it is not done again, and the answer is the same. A new version needs `If-Match` with the
entity tag of the one it was made from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from tocsin.formats import RawItem
from tocsin.node.alone import alone, version_of
from tocsin.node.importing import OnCommitted
from tocsin.node.intake import Intake, IntakeReport, Single, examine, keep
from tocsin.node.remarks import remark
from tocsin.server.api import asking
from tocsin.server.api.objects import Entry, latest
from tocsin.server.context import Call
from tocsin.server.problems import RequestError
from tocsin.server.respond import echo, respond, tag_of
from tocsin.server.taxii.access import Access, listed
from tocsin.store import idempotency
from tocsin.store.idempotency import Kept
from tocsin.store.values import Origin

_KEY_LENGTH = 255
_Words = Annotated[str, Meta(min_length=1, max_length=50_000)]


class Into(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where to."""

    collection: Annotated[
        str, Meta(max_length=64, description="Alias or id; not needed where there is only one to write to.")
    ] = ""


class NoteBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A note (STIX 2.1 section 4.14)."""

    content: _Words
    abstract: Annotated[str, Meta(max_length=1000)] = ""
    collection: Annotated[str, Meta(max_length=64)] = ""


class OpinionBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An opinion (STIX 2.1 section 4.16)."""

    opinion: Annotated[str, Meta(pattern="^(strongly-disagree|disagree|neutral|agree|strongly-agree)$")]
    explanation: Annotated[str, Meta(max_length=50_000)] = ""
    collection: Annotated[str, Meta(max_length=64)] = ""


class SightingBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A sighting (STIX 2.1 section 5.2); moments are RFC 3339 in UTC."""

    count: Annotated[int, Meta(ge=0, le=999_999_999)] = 1
    first_seen: Annotated[str, Meta(max_length=40)] = ""
    last_seen: Annotated[str, Meta(max_length=40)] = ""
    description: Annotated[str, Meta(max_length=50_000)] = ""
    collection: Annotated[str, Meta(max_length=64)] = ""


class Written(msgspec.Struct, frozen=True):
    """What was written: id, version, and where it is."""

    id: str
    modified: str
    collection: str
    outcome: str


def admit(call: Call) -> None:
    """Refuse a request before its body is taken in, if its sender may write nowhere, or it is no JSON.

    Raises:
        ForbiddenError: it may not.
        RequestError: 415; the body is announced as something else. 400; the Idempotency-Key cannot be used.
    """
    if not any(access.can_write for access in listed(call)):
        raise ForbiddenError("there is nothing that you may write to")
    require_json(call)


def require_json(call: Call) -> None:
    """Refuse a body that is announced as something else, and an Idempotency-Key that cannot be used.

    Raises:
        RequestError: 415 or 400.
    """
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/stix+json"):
        raise RequestError(415, "send application/json or application/stix+json")
    _key(call)


def create(call: Call, body: bytes) -> Response:
    """Keep a new object.

    Raises:
        ConflictError: the caller knows an object of this id already.
        InputError: the object breaks a rule.
    """
    into = target(call, asking.parameters(call, Into).collection)
    return once(call, body, lambda: _told(added(call, body, into)))


def added(call: Call, body: bytes, into: Access) -> Single:
    """Keep a new object.

    Raises:
        ConflictError, InputError: as `create`.
    """
    if _held(call, _identifier(body)) is not None:
        raise ConflictError("there is an object of this id", hint="PUT a new version of it, with If-Match")
    return _keep(call, body, into)


def replace(call: Call, body: bytes) -> Response:
    """Keep a new version of an object that the caller's organisation asserts.

    Raises:
        NotFoundError: there is none that the caller may know of.
        ForbiddenError: it is somebody else's.
        RequestError: 428 no If-Match; 412 it is not of the latest version.
        InputError: the object breaks a rule, or is not newer.
    """
    asking.parameters(call, Into)
    identifier = asking.object_id(call)
    condition = call.request.headers.get("if-match")
    return once(call, body, lambda: _told(replaced(call, identifier, body, condition)))


def replaced(call: Call, identifier: str, body: bytes, condition: str | None) -> Single:
    """Keep a new version; `condition` is the entity tag of the version it was made from, as If-Match has it.

    Raises:
        NotFoundError, ForbiddenError, RequestError, InputError: as `replace`.
    """
    with alone(call.parts.store, version_of(identifier)):
        held = latest(call, identifier).value
        _require_match(condition, held)
        if held.source != call.principal.organisation:
            hint = "say what you think in a note or an opinion"
            raise ForbiddenError("another organisation asserts this object", hint=hint)
        if _identifier(body) != identifier:
            raise InputError("the object has another id than the path")
        if _modified(body) <= _modified(bytes(held.object)):
            raise InputError(
                "a new version has a later `modified` than the one before (STIX 2.1 section 3.6)"
            )
        return _keep(call, body, target(call, held.collection))


def note(call: Call, body: bytes) -> Response:
    """Add a note to an object."""
    given = asking.document(body, NoteBody)
    made = {"type": "note", "content": given.content, "abstract": given.abstract}
    return once(call, body, lambda: _say(call, made, given.collection))


def opinion(call: Call, body: bytes) -> Response:
    """Add an opinion on an object."""
    given = asking.document(body, OpinionBody)
    made = {"type": "opinion", "opinion": given.opinion, "explanation": given.explanation}
    return once(call, body, lambda: _say(call, made, given.collection))


def sighting(call: Call, body: bytes) -> Response:
    """Add a sighting of an object."""
    given = asking.document(body, SightingBody)
    made = {
        "type": "sighting",
        "count": given.count,
        "first_seen": given.first_seen,
        "last_seen": given.last_seen,
        "description": given.description,
        "where_sighted_refs": [call.principal.organisation],
    }
    return once(call, body, lambda: _say(call, made, given.collection))


def _say(call: Call, what: dict[str, Any], collection: str) -> Kept:
    return _told(said(call, asking.object_id(call), what, collection))


def said(call: Call, identifier: str, what: Mapping[str, Any], collection: str) -> Single:
    """Keep what the caller says about an object (as `remark` takes it), under the markings of that object.

    Raises:
        NotFoundError: there is no such object, or collection, that the caller may know of.
        ForbiddenError: it may not write there.
        InputError: it breaks a rule.
    """
    held = latest(call, identifier).value
    into = target(call, collection or held.collection)
    now = call.parts.store.clock()
    made = remark(what, identifier, by=call.principal.organisation, under=[bytes(held.object)], now=now)
    return _keep(call, msgspec.json.encode(made), into)


def _keep(call: Call, body: bytes, into: Access) -> Single:
    """Take one object in."""
    own, poster = call.facts.snapshot.own.id, call.principal.organisation
    return keep(call.parts.store, own, body, into.collection, poster=poster, channel="api")


def added_together(
    call: Call, bodies: Sequence[bytes], into: Access, *, on_committed: OnCommitted | None = None
) -> IntakeReport:
    """Keep new objects together; what breaks a rule goes to quarantine and costs no other."""
    own, poster, store = call.facts.snapshot.own.id, call.principal.organisation, call.parts.store
    return Intake(store, own, store.clock).take(
        [RawItem(f"#{number}", body) for number, body in enumerate(bodies)],
        collection=into.collection.id,
        origin=Origin(poster, None, "api"),
        owner=poster,
        recipients=(own,),
        on_committed=on_committed,
    )


def examined(call: Call, body: bytes, into: Access) -> None:
    """Check an object as if it were kept, and keep nothing.

    Raises:
        InputError: it breaks a rule.
    """
    examine(call.facts.snapshot.own.id, body, into.collection, poster=call.principal.organisation)


def _told(kept: Single) -> Kept:
    """Return the answer about what was kept."""
    written = Written(kept.id, asking.moment_text(kept.at), kept.collection, kept.outcome)
    status = 200 if kept.outcome == "same" else 201
    return Kept(status, {"Location": f"/api/v1/objects/{kept.id}"}, msgspec.json.encode(written))


def once(call: Call, body: bytes, work: Callable[[], Kept]) -> Response:
    """Do `work`, unless the request's key says that it was done; answer alike."""
    key = _key(call)
    if key is None:
        return _answer(call, work())
    account, store = call.principal.account, call.parts.store
    whole = (call.request.method, call.request.url.path.rstrip("/"), call.request.url.query, body.hex())
    fingerprint = hashlib.sha256("\n".join(whole).encode()).digest()
    with store.connection() as connection:
        kept = idempotency.begin(connection, account, key, fingerprint, now=store.clock())
    if kept is not None:
        return _answer(call, kept, replayed=True)
    try:
        kept = work()
    except BaseException:
        with store.connection() as connection:
            idempotency.forget(connection, account, key)
        raise
    with store.connection() as connection:
        idempotency.finish(connection, account, key, kept)
    return _answer(call, kept)


def _answer(call: Call, kept: Kept, *, replayed: bool = False) -> Response:
    headers = dict(kept.headers) | ({"Idempotency-Replayed": "true"} if replayed else {})
    told = echo(msgspec.json.decode(kept.body), recipient=call.principal.organisation)
    return respond(call.request, told, media_type=asking.JSON, status=kept.status, headers=headers)


def _key(call: Call) -> str | None:
    found = call.request.headers.get("idempotency-key")
    if found is None:
        return None
    if not found.strip('"') or len(found) > _KEY_LENGTH or not found.isprintable():
        raise RequestError(400, f"an Idempotency-Key has 1 to {_KEY_LENGTH} printable characters")
    return found


def target(call: Call, name: str) -> Access:
    """Return the collection to write to.

    Raises:
        NotFoundError: there is none that the caller may know of.
        ForbiddenError: it may not write there.
        InputError: several would do, and none is named.
    """
    known = listed(call)
    if not name:
        writable = [access for access in known if access.can_write]
        if len(writable) != 1:
            raise InputError("name the collection", hint="?collection=ALIAS")
        return writable[0]
    for access in known:
        if name in (access.collection.alias, str(access.collection.id)):
            if not access.can_write:
                raise ForbiddenError(
                    "this collection cannot be written by you", hint="name another with `collection`"
                )
            return access
    raise NotFoundError("no such collection")


def _require_match(condition: str | None, held: Entry) -> None:
    if condition is None:
        raise RequestError(
            428, "a new version needs If-Match", hint="with the ETag of the object as you read it"
        )
    tag = tag_of(msgspec.json.encode(held))
    # the codings of one answer have tags of their own, and mean the same version
    given = {part.strip().strip('"').partition("-")[0] for part in condition.split(",")}
    if condition.strip() != "*" and tag not in given:
        raise RequestError(412, "there is a newer version than the one you changed", hint="read it again")


class _Named(msgspec.Struct):
    id: str = ""
    modified: str = ""


def _named(body: bytes) -> _Named:
    try:
        return msgspec.json.decode(body, type=_Named)
    except msgspec.ValidationError as error:
        raise InputError(f"body: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, f"the body is no JSON: {error}"[:300]) from None


def _identifier(body: bytes) -> str:
    found = _named(body).id
    if not found or "\0" in found or len(found) > 300:
        raise InputError("/id: the object has none that can be used")
    return found


def _modified(body: bytes) -> str:
    # RFC 3339 in UTC with fractions of any length: compared without the Z, a longer fraction is later
    return _named(body).modified.removesuffix("Z")


def _held(call: Call, identifier: str) -> Entry | None:
    try:
        return latest(call, identifier).value
    except NotFoundError:
        return None
