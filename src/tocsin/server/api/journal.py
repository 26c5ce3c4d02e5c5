"""The journal, and receipts: who was given what, for the operator alone."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.errors import ForbiddenError
from tocsin.server.api import asking, objects, records
from tocsin.server.api.deciding import goes_now
from tocsin.server.api.objects import Limit, Nothing
from tocsin.server.context import Call
from tocsin.sharing.explain import Rule
from tocsin.sharing.release import Released
from tocsin.store import journal, receipts
from tocsin.store.search.query import moment


class JournalSelection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which entries: of one account, of actions that begin so, behind those of the page before."""

    principal: Annotated[str, Meta(max_length=64)] = ""
    action: Annotated[
        str, Meta(max_length=40, description="Beginning of an action, such as `taxii-` or `api-`.")
    ] = ""
    target: Annotated[
        str, Meta(max_length=300, description="A part of what was asked for, such as an object's id.")
    ] = ""
    outcome: Annotated[str, Meta(max_length=40, description="Such as `200`, `403`, `released`.")] = ""
    after: Annotated[str, Meta(max_length=40, description="A date or a moment: then or later.")] = ""
    before: Annotated[str, Meta(max_length=40, description="A date or a moment: earlier.")] = ""
    limit: Limit = 100
    cursor: Annotated[str, Meta(max_length=40, description="`next` of the page before.")] = ""


class JournalEntry(msgspec.Struct, frozen=True):
    """One access: when, by which account, what, with which outcome."""

    at: str
    principal: str
    action: str
    target: str
    outcome: str
    detail: dict[str, Any]


class JournalPage(msgspec.Struct, frozen=True):
    """Entries, newest first. Some are looked at for each page: one that holds few, or none, is the last only where `next` is null."""

    items: tuple[JournalEntry, ...]
    next: str | None


class ReceiptEntry(msgspec.Struct, frozen=True):
    """One release of an object to another organisation.

    `recipient` is its id, `versions` are those it was handed, `rules` what lets it go there now, in the form `form`; both are empty where
    it would not go any more. `unchanged`: the policies are still those it was decided under.
    """

    at: str
    recipient: str
    account: str
    action: str
    target: str
    ground: str
    versions: tuple[str, ...]
    form: str
    rules: tuple[Rule, ...]
    unchanged: bool


class Receipts(msgspec.Struct, frozen=True):
    """Who received an object, newest first. `complete`: those are all."""

    items: tuple[ReceiptEntry, ...]
    complete: bool


def journal_page(call: Call) -> Response:
    """Show the journal, to administrators of the node's own organisation."""
    return records.answer(call, journal_of(call))


def journal_of(call: Call) -> Released[JournalPage]:
    """Return a page of the journal, to administrators of the node's own organisation.

    Raises:
        ForbiddenError: somebody else asks.
        RequestError: 400; the parameters cannot be read.
        InputError: a moment is none.
    """
    _require_journal(call)
    given = asking.parameters(call, JournalSelection)
    before = asking.read_token(given.cursor)
    sought = journal.Sought(given.principal, given.action, given.target, given.outcome)
    if given.after:
        sought = msgspec.structs.replace(sought, after=moment(given.after, "after"))
    if given.before:
        sought = msgspec.structs.replace(sought, until=moment(given.before, "before"))
    with call.parts.store.connection() as connection:
        found = journal.page(connection, sought, limit=given.limit, before=before)
    items = tuple(
        JournalEntry(asking.moment_text(e.at), e.principal, e.action, e.target, e.outcome, e.detail)
        for e in found.entries
    )
    following = None if found.following is None else asking.next_token(found.following)
    return records.told(call, JournalPage(items, following))


def receipt_list(call: Call) -> Response:
    """Tell who received an object, to administrators of the node's own organisation."""
    _require_journal(call)
    asking.parameters(call, Nothing)
    return asking.answer(call, received(call, asking.object_id(call)))


def received(call: Call, identifier: str) -> Released[Receipts]:
    """Return who received an object, when, and on which ground: what was read here by others, pushed to them or written for them.

    Raises:
        ForbiddenError: the journal is not for who asks.
        NotFoundError: the own organisation may have no such object.
    """
    _require_journal(call)
    found = objects.placements(call, identifier)
    by_cursor = {each.added: each for each in found.value}
    with call.parts.store.connection() as connection:
        kept = receipts.of(connection, by_cursor)
    version = call.facts.snapshot.policies.version
    items = []
    going: dict[tuple[str, int], tuple[str, tuple[Rule, ...]]] = {}  # who reads often has many receipts
    for each in kept:
        placed_ = [by_cursor[cursor] for cursor in each.cursors]
        case = (each.recipient, placed_[0].label)
        if case not in going:
            going[case] = goes_now(call, *case)
        form, rules = going[case]
        items.append(
            ReceiptEntry(
                *(
                    asking.moment_text(each.at),
                    each.recipient,
                    each.account,
                    each.action,
                    each.target,
                    each.ground,
                ),
                tuple(sorted({asking.moment_text(one.version) for one in placed_})),
                *(form, rules, each.policy == version),
            )
        )
    return found.derive(Receipts(tuple(items), len(kept) < receipts.MOST))


def may_see_journal(call: Call) -> bool:
    """Return whether the journal, and receipts with it, are for who asks."""
    who = call.principal
    # it names objects, whatever their marking, so it is for no token with a ceiling
    return call.organisation.own and who.administrator and "admin" in who.scopes and not who.ceiling


def _require_journal(call: Call) -> None:
    records.require_own(call)
    if call.principal.ceiling:
        raise ForbiddenError("the journal is not for tokens with a ceiling")
    if not may_see_journal(call):
        raise ForbiddenError("the journal is for administrators")
