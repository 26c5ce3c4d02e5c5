"""Adding and deleting objects (TAXII 2.1 sections 5.5 and 5.7).

What is posted goes the same way in as everything else (`node.intake`): checked, labelled with the posting organisation as
owner, kept; what is refused goes to quarantine and into the status. The whole envelope is worked off before the
answer, so its status is complete at once, and what it calls a success can be read by then.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import msgspec
from starlette.responses import Response

from tocsin.clock import to_text
from tocsin.errors import ForbiddenError, NotFoundError
from tocsin.formats import RawItem
from tocsin.node.intake import Committed, Intake
from tocsin.server.context import Call
from tocsin.server.problems import RequestError
from tocsin.server.respond import describe, echo, respond
from tocsin.server.taxii import query
from tocsin.server.taxii.access import one
from tocsin.server.taxii.negotiation import require_envelope
from tocsin.server.taxii.reading import object_id, records, version_text
from tocsin.store import objects, postings
from tocsin.store.values import Origin

_DELETE_AT_MOST = 10_000
_NO_VERSION = "1970-01-01T00:00:00.000Z"  # for refused objects that name none


class _Envelope(msgspec.Struct):
    objects: list[msgspec.Raw]


def admit(call: Call) -> None:
    """Refuse a POST before its body is taken in, if its headers or its sender will not do.

    Raises:
        NotFoundError, ForbiddenError: as `access.one`.
        RequestError: 415 another media type.
    """
    one(call, write=True)
    require_envelope(call.request)


def add(call: Call, body: bytes) -> Response:
    """Section 5.5: add objects; the status in the answer is complete.

    Raises:
        RequestError: 400 not JSON, 422 no envelope or one without objects.
    """
    access = one(call, write=True)
    raws = _split(body)
    parts, poster = call.parts, call.principal.organisation
    gathered = _Gathered()
    own = call.facts.snapshot.own.id
    began = parts.store.clock()
    Intake(parts.store, own, parts.store.clock).take(
        [RawItem(f"/objects/{position}", bytes(raw)) for position, raw in enumerate(raws)],
        collection=access.collection.id,
        origin=Origin(poster, None, "taxii-post"),
        owner=poster,
        # who posts to this node names it as recipient
        recipients=(own,),
        on_committed=gathered.note,
    )
    identifier = uuid4()
    status = gathered.status(str(identifier), to_text(began))
    with parts.store.connection() as connection:
        postings.put(connection, identifier, poster, status, now=parts.store.clock())
    parts.metrics.posted.labels("kept").inc(len(gathered.successes))
    parts.metrics.posted.labels("refused").inc(len(gathered.failures))
    return respond(call.request, echo(status, recipient=poster), status=202)


def delete(call: Call) -> Response:
    """Section 5.7: delete what the principal's organisation alone asserted; without a version filter, all versions.

    Raises:
        NotFoundError: nothing of the kind that this principal may know of.
        ForbiddenError: all there is of it was asserted by others, too.
        RequestError: 400 a bad filter, 422 too many versions at once.
    """
    access = one(call, read=True, write=True)
    identifier = object_id(call)
    wanted = query.read(
        call.request,
        access.collection.id,
        fields=query.OF_OBJECT,
        page_size=_DELETE_AT_MOST,
        object_id=identifier,
        paging=False,
    )
    if "match[version]" not in call.request.query_params:
        wanted = msgspec.structs.replace(wanted, versions=("all",))
    found = records(call, wanted).value
    if not found.records:
        raise NotFoundError("no such object")
    if found.more:
        raise RequestError(422, f"more than {_DELETE_AT_MOST:,} versions: name some with match[version]")
    # the rows that are touched are authorised, not the id in the path: others' assertions of the same id stay
    gone = objects.delete(
        call.parts.store,
        access.collection.id,
        identifier,
        [record.added for record in found.records],
        source=call.principal.organisation,
        any_source=call.organisation.own,
    )
    if not gone:
        raise ForbiddenError("others assert this object: it is not yours to delete")
    return respond(call.request, describe({}))


class _Gathered:
    """Collects what became of each posted object, in the form of section 4.3.1."""

    def __init__(self) -> None:
        self.successes: list[dict[str, str]] = []
        self.failures: list[dict[str, str]] = []

    def note(self, committed: Committed) -> None:
        for found, outcome in zip(committed.objects, committed.outcomes, strict=True):
            version = found.version if found.version is not None else outcome.cursor
            self.successes.append({"id": found.id, "version": version_text(version)})
        for refusal in committed.refusals:
            identifier, says = _names(refusal.raw)
            message = f"{refusal.where}{refusal.pointer}: {refusal.rule}: {refusal.reason}"
            self.failures.append(
                {"id": identifier or refusal.where, "version": says, "message": _short(message, 500)}
            )

    def status(self, identifier: str, at: str) -> dict[str, Any]:
        status: dict[str, Any] = {
            "id": identifier,
            "status": "complete",
            "request_timestamp": at,
            "total_count": len(self.successes) + len(self.failures),
            "success_count": len(self.successes),
            "failure_count": len(self.failures),
            "pending_count": 0,
        }
        if self.successes:
            status["successes"] = self.successes
        if self.failures:
            status["failures"] = self.failures
        return status


class _Named(msgspec.Struct):
    id: str = ""
    modified: str = ""
    created: str = ""


def _names(raw: bytes) -> tuple[str, str]:
    """Return what a refused object calls itself and its version; it may be anything."""
    try:
        named = msgspec.json.decode(raw, type=_Named)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", _NO_VERSION
    return _short(named.id, 300), _short(named.modified or named.created, 60) or _NO_VERSION


def _short(text: str, most: int) -> str:
    return text[:most].replace("\0", "\N{REPLACEMENT CHARACTER}")


def _split(body: bytes) -> list[msgspec.Raw]:
    """Return the members of an envelope as they came.

    Raises:
        RequestError: 400 not JSON, 422 no envelope, one without objects or one with `objects` twice.
    """
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except msgspec.ValidationError as error:
        raise RequestError(422, f"not a TAXII envelope: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, f"the body is not JSON: {error}"[:300]) from None
    if not envelope.objects:
        raise RequestError(422, "the envelope has no objects")
    if body.count(b'"objects"') > 1 and _names_objects_twice(body):
        raise RequestError(422, "the envelope has `objects` twice")
    return envelope.objects


def _names_objects_twice(body: bytes) -> bool:
    """Return whether the outermost object has the key twice; which one counts would be anybody's guess."""
    names: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        names[:] = [name for name, _ in pairs]  # the outermost comes last

    try:
        json.loads(body, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return False  # what it is breaks some other rule, and `stix.parse` says which
    return names.count("objects") > 1
