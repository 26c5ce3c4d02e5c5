"""All routes of the REST interface: the application is made of this table, and so is its OpenAPI document; none can be in one alone."""

from __future__ import annotations

from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tocsin.node.searching import Counts
from tocsin.server.api import (
    alerts,
    deciding,
    events,
    feed,
    journal,
    node,
    objects,
    outputs,
    parties,
    proposals,
    searching,
    webhooks,
    writing,
)
from tocsin.server.api.asking import JSON
from tocsin.server.api.openapi import document
from tocsin.server.api.operation import ROOT, Operation
from tocsin.server.context import BodyHandler, Gate, Handler, Parts
from tocsin.server.respond import describe, respond

OPENAPI = f"{ROOT}/openapi.json"
_OBJECT = f"{ROOT}/objects/{{object}}"


def _get(  # noqa: PLR0917 - a table's columns
    path: str,
    action: str,
    summary: str,
    query: type[msgspec.Struct],
    answer: type[msgspec.Struct],
    handler: Handler,
    *errors: int,
) -> Operation:
    return Operation(path, "GET", f"api-{action}", summary, query, answer, handler=handler, errors=errors)


def _add(  # noqa: PLR0917 - a table's columns
    path: str, action: str, summary: str, query: type[msgspec.Struct], body: type[msgspec.Struct] | None, handler: BodyHandler,
    *, method: str = "POST", more: tuple[int, ...] = (),
) -> Operation:  # fmt: skip
    errors = (403, 404, 408, 409, 413, 415, 422, 507, *more)
    return Operation(
        *(path, method, f"api-{action}", summary, query, writing.Written),
        taking=(writing.admit, handler), body=body, status=201, errors=errors,
    )  # fmt: skip


def _hook(  # noqa: PLR0917 - a table's columns
    path: str, action: str, summary: str, body: type[msgspec.Struct] | None, answer: type[msgspec.Struct], handler: BodyHandler
) -> Operation:  # fmt: skip
    return Operation(
        *(path, "POST", f"api-{action}", summary, _NOTHING, answer), taking=(webhooks.admit, handler), body=body, bare=body is None,
        status=201, errors=(403, 404, 408, 409, 413, 415, 422),
    )  # fmt: skip


def _propose(  # noqa: PLR0917 - a table's columns
    path: str, action: str, summary: str, body: type[msgspec.Struct], answer: type[msgspec.Struct], taking: tuple[Gate, BodyHandler]
) -> Operation:  # fmt: skip
    return Operation(
        *(path, "POST", f"api-{action}", summary, _NOTHING, answer), taking=taking, body=body,
        status=201, errors=(403, 404, 408, 409, 413, 415, 422, 507),
    )  # fmt: skip


def _own(  # noqa: PLR0917 - a table's columns
    path: str, action: str, summary: str, body: type[msgspec.Struct], answer: type[msgspec.Struct], handler: BodyHandler,
    *more: int,
) -> Operation:  # fmt: skip
    return Operation(
        *(path, "POST", f"api-{action}", summary, _NOTHING, answer), taking=(alerts.admit, handler), body=body,
        status=201, errors=(403, 404, 408, 409, 413, 415, 422, *more),
    )  # fmt: skip


_NOTHING = objects.Nothing
_PROPOSALS = f"{ROOT}/proposals"
_PROPOSAL = f"{_PROPOSALS}/{{proposal}}"
_HOOK = f"{ROOT}/webhooks/{{webhook}}"
OPERATIONS: tuple[Operation, ...] = (
    _get(f"{ROOT}/search", "search", "Search", searching.Search, objects.Page, searching.search, 403, 422),
    _get(f"{ROOT}/search/counts", "counts", "Count what a search finds", searching.Dividing, Counts, searching.counts, 403, 422),
    Operation(
        feed.PATH, "GET", "api-feed", "Follow a search with a reader of feeds", feed.Feeding, None, handler=feed.feed, errors=(403, 422),
        media=(feed.MEDIA,),
    ),
    _get(f"{ROOT}/suggestions", "suggest", "Suggest names and values", searching.Typing, searching.Suggestions, searching.suggestions, 403),
    _get(f"{ROOT}/objects", "objects", "List objects", objects.Selection, objects.Page, objects.listing, 403, 422),
    _get(_OBJECT, "object", "Get an object", _NOTHING, objects.Entry, objects.one, 403, 404),
    _get(f"{_OBJECT}/versions", "versions", "Versions and what they changed", _NOTHING, objects.Revisions, objects.history, 403, 404),
    _get(f"{_OBJECT}/relations", "relations", "What refers to it", objects.Paging, objects.Page, objects.relations, 403, 404),
    _get(f"{_OBJECT}/sightings", "sightings", "Sightings of it", objects.Paging, objects.Page, objects.sightings, 403, 404),
    _get(f"{_OBJECT}/assertions", "assertions", "Who asserts it", _NOTHING, objects.Assertions, objects.assertions, 403, 404),
    _get(f"{_OBJECT}/explanation", "explain", "Why an organisation may have it", deciding.Explaining, deciding.Decisions, deciding.explain, 403, 404),
    _get(f"{_OBJECT}/receipts", "receipts", "Who received it", _NOTHING, journal.Receipts, journal.receipt_list, 403, 404),
    Operation(
        f"{ROOT}/events", "GET", "api-events", "Follow what becomes visible", events.Following, None, waiting=events.events, errors=(403, 422),
        media=(events.MEDIA,),
    ),
    _get(f"{ROOT}/outputs", "outputs", "Formats of lists for tools", _NOTHING, outputs.OutputList, outputs.listing, 403),
    Operation(
        f"{ROOT}/outputs/{{format}}", "GET", "api-output", "Get a list for a tool", outputs.Holding, None, waiting=outputs.one,
        errors=(403, 404, 422), media=outputs.MEDIA,
    ),
    _get(f"{ROOT}/organisations", "organisations", "Organisations", _NOTHING, parties.OrganisationList, parties.organisation_list, 403),
    _get(f"{ROOT}/communities", "communities", "Communities", _NOTHING, parties.CommunityList, parties.community_list, 403),
    _get(f"{ROOT}/agreements", "agreements", "Sharing agreements", _NOTHING, parties.AgreementList, parties.agreement_list, 403),
    _get(f"{ROOT}/peers", "peers", "Peers and how they are", _NOTHING, parties.PeerList, parties.peer_list, 403),
    _get(f"{ROOT}/policies", "policies", "Policies in force", _NOTHING, deciding.PolicyList, deciding.policy_list, 403),
    _get(f"{ROOT}/journal", "journal", "Who asked for what", journal.JournalSelection, journal.JournalPage, journal.journal_page, 403, 422),
    _get(f"{ROOT}/status", "status", "How this node is", _NOTHING, node.StatusAnswer, node.status, 403),
    _add(f"{ROOT}/objects", "create", "Add an object", writing.Into, None, writing.create),
    _add(_OBJECT, "replace", "Add a version", writing.Into, None, writing.replace, method="PUT", more=(412, 428)),
    _add(f"{_OBJECT}/notes", "note", "Add a note", _NOTHING, writing.NoteBody, writing.note),
    _add(f"{_OBJECT}/opinions", "opinion", "Add an opinion", _NOTHING, writing.OpinionBody, writing.opinion),
    _add(f"{_OBJECT}/sightings", "sight", "Add a sighting", _NOTHING, writing.SightingBody, writing.sighting),
    _get(_PROPOSALS, "proposals", "Proposals", proposals.ProposalSelection, proposals.ProposalList, proposals.listing, 403),
    _propose(
        *(_PROPOSALS, "propose", "Propose a change", proposals.ProposalBody, proposals.ProposalMade),
        (proposals.admit, proposals.create),
    ),
    _get(_PROPOSAL, "proposal", "Get a proposal", _NOTHING, proposals.ProposalDetail, proposals.one, 403, 404),
    Operation(
        *(_PROPOSAL, "DELETE", "api-proposal-withdraw", "Take a proposal back", _NOTHING, proposals.ProposalEntry),
        handler=proposals.withdraw, errors=(403, 404, 409),
    ),
    _propose(
        *(f"{_PROPOSAL}/acceptance", "proposal-accept", "Accept a proposal", proposals.AnswerBody, writing.Written),
        (proposals.admit_decision, proposals.accept),
    ),
    _propose(
        *(f"{_PROPOSAL}/rejection", "proposal-reject", "Reject a proposal", proposals.AnswerBody, proposals.ProposalEntry),
        (proposals.admit_decision, proposals.reject),
    ),
    _get(f"{ROOT}/webhooks", "webhooks", "Webhooks", _NOTHING, webhooks.WebhookList, webhooks.listing, 403),
    _hook(f"{ROOT}/webhooks", "webhook-add", "Make a webhook", webhooks.WebhookBody, webhooks.WebhookEntry, webhooks.create),
    Operation(
        _HOOK, "DELETE", "api-webhook-remove", "Remove a webhook", _NOTHING, webhooks.WebhookEntry, handler=webhooks.remove, errors=(403, 404)
    ),
    _get(f"{_HOOK}/deliveries", "deliveries", "What was delivered", webhooks.DeliverySelection, webhooks.DeliveryList, webhooks.deliveries, 403, 404),
    _hook(f"{_HOOK}/rotation", "webhook-rotate", "Make a new secret", None, webhooks.WebhookEntry, webhooks.rotate),
    _hook(f"{_HOOK}/deliveries/{{delivery}}/replay", "replay", "Deliver again", None, webhooks.DeliveryEntry, webhooks.replay),
    _get(f"{ROOT}/alerts", "alerts", "Alerts", alerts.AlertSelection, alerts.AlertPage, alerts.listing, 403),
    _get(f"{ROOT}/alerts/{{alert}}", "alert", "An alert with its hits", alerts.Samples, alerts.AlertEntry, alerts.one, 403, 404),
    _own(f"{ROOT}/alerts/{{alert}}/status", "alert-status", "Acknowledge or close an alert", alerts.StatusBody, alerts.StatusAnswer, alerts.change, 412, 428),
    _get(f"{ROOT}/suppressions", "suppressions", "What is not raised", _NOTHING, alerts.SuppressionList, alerts.suppression_list, 403),
    _own(f"{ROOT}/suppressions", "suppress", "Suppress something", alerts.SuppressionBody, alerts.SuppressionEntry, alerts.suppress),
    Operation(
        *(f"{ROOT}/suppressions/{{suppression}}", "DELETE", "api-unsuppress", "Raise it again", _NOTHING, alerts.SuppressionEntry),
        handler=alerts.unsuppress, errors=(403, 404),
    ),
)  # fmt: skip


def openapi(_parts: Parts, request: Request, _body: bytes) -> Response:
    """Describe the interface (OpenAPI 3.1); it tells no intelligence."""
    return respond(request, describe(_described()), media_type=JSON)


@cache
def _described() -> dict[str, object]:
    return document(OPERATIONS)
