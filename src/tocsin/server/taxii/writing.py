"""Adding and deleting objects (TAXII 2.1 sections 5.5 and 5.7).

What is posted goes the same way in as everything else (`node.intake`): checked, labelled with the posting organisation as
owner, kept; what is refused goes to quarantine and into the status. The whole envelope is worked off before the
answer, so its status is complete at once.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
from starlette.responses import Response

from tocsin.clock import to_text
from tocsin.errors import NotFoundError
from tocsin.formats import RawItem
from tocsin.node.intake import Committed, Intake
from tocsin.server.context import Call
from tocsin.server.problems import RequestError
from tocsin.server.respond import describe, respond
from tocsin.server.taxii import query
from tocsin.server.taxii.access import one
from tocsin.server.taxii.negotiation import require_envelope
from tocsin.server.taxii.reading import version_text
from tocsin.store import objects, pages, postings
from tocsin.store.values import Origin


class _Envelope(msgspec.Struct):
    objects: list[msgspec.Raw]


def add(call: Call) -> Response:
    """Section 5.5: add objects; the status in the answer is complete.

    Raises:
        RequestError: 415 another media type, 400 not JSON, 422 no envelope or one without objects.
    """
    access = one(call, write=True)
    require_envelope(call.request)
    raws = _split(call.body)
    parts, poster = call.parts, call.principal.organisation
    gathered = _Gathered()
    own = parts.clearances.snapshot.own.id
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
    now = parts.store.clock()
    status = gathered.status(str(identifier), to_text(now))
    with parts.store.connection() as connection:
        postings.put(connection, identifier, poster, status, now=now)
    parts.metrics.posted.labels("kept").inc(len(gathered.successes))
    parts.metrics.posted.labels("refused").inc(len(gathered.failures))
    return respond(call.request, describe(status), status=202)


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
            self.failures.append(
                {
                    "id": identifier,
                    "version": says,
                    "message": f"{refusal.where}{refusal.pointer}: {refusal.rule}: {refusal.reason}"[:500],
                }
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
    """Return what a refused object calls itself; it may be anything."""
    try:
        named = msgspec.json.decode(raw, type=_Named)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", "1970-01-01T00:00:00.000Z"
    return named.id[:300], (named.modified or named.created)[:60] or "1970-01-01T00:00:00.000Z"


def _split(body: bytes) -> list[msgspec.Raw]:
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except msgspec.ValidationError as error:
        raise RequestError(422, f"not a TAXII envelope: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, f"the body is not JSON: {error}"[:300]) from None
    if not envelope.objects:
        raise RequestError(422, "the envelope has no objects")
    return envelope.objects


def delete(call: Call) -> Response:
    """Section 5.7: delete what the principal's organisation alone asserted; without a version filter, all versions.

    Raises:
        NotFoundError: nothing of the kind that this principal may know of and may delete.
    """
    access = one(call, read=True, write=True)
    object_id = call.request.path_params["object"]
    wanted = query.read(
        call.request,
        access.collection.id,
        allowed={"version", "spec_version"},
        page_size=query.DELETE_AT_MOST,
        object_id=object_id,
    )
    if "match[version]" not in call.request.query_params:
        wanted = msgspec.structs.replace(wanted, versions=("all",))
    store = call.parts.store
    found = call.parts.clearances.ask(call.principal.organisation, lambda c: pages.records(store, wanted, c))
    # the rows that are touched are authorised, not the id in the path: others' assertions of the same id stay
    gone = objects.delete(
        store,
        access.collection.id,
        object_id,
        [record.added for record in found.value.records],
        source=call.principal.organisation,
    )
    if not gone:
        raise NotFoundError("no such object, or not yours to delete")
    return respond(call.request, describe({}))
