"""The node itself: organisations, communities, agreements, peers, policies, the journal, and how it stands.

An organisation is told of itself and of whose node this is; the node's own organisation of all. Who else is in a community is not told
to its members: whom a node knows is nobody's business but its operator's. What is the operator's alone
(peers, the journal) is refused to everybody else in the same words, whatever there is.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin import __version__
from tocsin.errors import ForbiddenError, NotFoundError
from tocsin.server.api import asking, objects
from tocsin.server.api.objects import Limit, Nothing, labelled
from tocsin.server.context import Call
from tocsin.server.respond import respond, said
from tocsin.sharing import agreements as holding
from tocsin.sharing.actions import ACTIONS, FORMS
from tocsin.sharing.audience import Organisation
from tocsin.sharing.explain import Explanation, Rule
from tocsin.sharing.facts import PAP_WORDS, facts_of
from tocsin.sharing.release import Clearance, Released
from tocsin.store import agreements, journal, organisations, peers, placed, policies, receipts
from tocsin.store.placed import Standing
from tocsin.store.search import index
from tocsin.store.search.query import moment
from tocsin.store.values import Stale

T = TypeVar("T")


class OrganisationEntry(msgspec.Struct, frozen=True):
    """An organisation as this node knows it."""

    id: str
    name: str
    country: str
    sector: str
    roles: tuple[str, ...]
    communities: tuple[str, ...]
    own: bool
    suspended: bool


class OrganisationList(msgspec.Struct, frozen=True):
    """Organisations by name."""

    items: tuple[OrganisationEntry, ...]


class CommunityEntry(msgspec.Struct, frozen=True):
    """A community: id, alias and title."""

    id: str
    alias: str
    title: str


class CommunityList(msgspec.Struct, frozen=True):
    """Communities by alias."""

    items: tuple[CommunityEntry, ...]


class AgreementEntry(msgspec.Struct, frozen=True):
    """A dated sharing agreement; moments are RFC 3339."""

    id: str
    alias: str
    title: str
    purpose: str
    legal_basis: str
    starts: str
    ends: str | None
    withdrawn: str | None
    parties: tuple[str, ...]


class AgreementList(msgspec.Struct, frozen=True):
    """Agreements by alias."""

    items: tuple[AgreementEntry, ...]


class PeerEntry(msgspec.Struct, frozen=True):
    """A peer, and what its last exchange said; no credentials."""

    name: str
    url: str
    organisation: str
    suspended: bool
    result: dict[str, Any] | None


class PeerList(msgspec.Struct, frozen=True):
    """Peers by name."""

    items: tuple[PeerEntry, ...]


class PolicyEntry(msgspec.Struct, frozen=True):
    """A policy in force: what it says, where that comes from, and the policy itself in Cedar's JSON form."""

    id: str
    title: str
    source: str
    effect: str
    policy: dict[str, Any]


class PolicyList(msgspec.Struct, frozen=True):
    """The policies in force, by their version (SHA-256 of all of them), and the node's own as text, by file name."""

    version: str
    items: tuple[PolicyEntry, ...]
    own: dict[str, str]


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


class StatusAnswer(msgspec.Struct, frozen=True):
    """What this node is, for whom it takes the caller, and what the caller's token permits.

    `index` is told to the node's own organisation: whether search knows all that is held, and up to which date added.
    """

    version: str
    organisation: str
    account: str
    scopes: tuple[str, ...]
    ceiling: str | None
    own: bool
    index: dict[str, Any] | None


class Explaining(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """For whom, and what it would do."""

    recipient: Annotated[
        str, Meta(min_length=1, max_length=300, description="Id or name of an organisation.")
    ]
    action: Annotated[str, Meta(max_length=40, description="One of " + ", ".join(ACTIONS))] = "receive"


class DecisionEntry(msgspec.Struct, frozen=True):
    """A decision about the object as one organisation asserts it in one collection, in words and as data."""

    collection: str
    owner: str
    markings: tuple[str, ...]
    explanation: Explanation


class Decisions(msgspec.Struct, frozen=True):
    """Every decision there is about an object for a recipient."""

    object: str
    recipient: str
    action: str
    items: tuple[DecisionEntry, ...]


def status(call: Call) -> Response:
    """Say how things stand."""
    asking.parameters(call, Nothing)
    who, own = call.principal, call.organisation.own
    state = None
    if own:
        with call.parts.store.connection() as connection:
            progress = index.progress(connection)
        through = asking.moment_text(progress.mark) if progress.mark > 0 else None
        state = {"complete": progress.done, "through": through}
    answer = StatusAnswer(
        __version__, who.organisation, who.account, who.scopes, who.ceiling or None, own, state
    )
    return _answer(call, _told(call, answer))


def organisation_list(call: Call) -> Response:
    """List organisations."""
    asking.parameters(call, Nothing)
    return _answer(call, known_organisations(call))


def known_organisations(call: Call) -> Released[OrganisationList]:
    """Return the organisations that the caller may know of."""
    asking_one = call.organisation
    items = [
        OrganisationEntry(
            *(each.id, each.name, each.country, each.sector, each.roles),
            tuple(sorted(each.communities)) if asking_one.own or each == asking_one else (),
            each.own, each.suspended and asking_one.own,
        )
        for each in call.facts.snapshot.organisations.values()
        if _known(asking_one, each)
    ]  # fmt: skip
    return _told(call, OrganisationList(tuple(sorted(items, key=lambda each: each.name))))


def community_list(call: Call) -> Response:
    """List communities."""
    asking.parameters(call, Nothing)
    return _answer(call, known_communities(call))


def known_communities(call: Call) -> Released[CommunityList]:
    """Return the communities that the caller is in, or all for the node's own organisation."""
    one = call.organisation
    with call.parts.store.connection() as connection:
        found = organisations.communities(connection)
    items = [
        CommunityEntry(str(each.id), each.alias, each.title)
        for each in found
        if one.own or str(each.id) in one.communities
    ]
    return _told(call, CommunityList(tuple(sorted(items, key=lambda each: each.alias))))


def agreement_list(call: Call) -> Response:
    """List agreements."""
    asking.parameters(call, Nothing)
    return _answer(call, known_agreements(call)[0])


def known_agreements(call: Call) -> tuple[Released[AgreementList], list[holding.Agreement]]:
    """Return the agreements that the caller takes part in, or all for the node's own organisation, and their records in the same order."""
    one = call.organisation
    with call.parts.store.connection() as connection:
        found = agreements.everything(connection)
    records = sorted(
        (each for each in found if one.own or one.id in _parties(each)), key=lambda each: each.alias
    )
    return _told(call, AgreementList(tuple(_agreement(each, one, call) for each in records))), records


def peer_list(call: Call) -> Response:
    """List peers, for the node's own organisation."""
    require_own(call)
    asking.parameters(call, Nothing)
    return _answer(call, known_peers(call))


def known_peers(call: Call) -> Released[PeerList]:
    """Return the peers, to the node's own organisation.

    Raises:
        ForbiddenError: another one asks.
    """
    require_own(call)
    with call.parts.store.connection() as connection:
        found = peers.everything(connection)
    return _told(
        call, PeerList(tuple(PeerEntry(p.name, p.url, p.organisation, p.suspended, p.result) for p in found))
    )


def policy_list(call: Call) -> Response:
    """List the policies in force, for the node's own organisation."""
    require_own(call)
    asking.parameters(call, Nothing)
    return _answer(call, policies_in_force(call))


def policies_in_force(call: Call) -> Released[PolicyList]:
    """Return the policies in force, to the node's own organisation.

    Raises:
        ForbiddenError: another one asks.
    """
    require_own(call)
    found = call.facts.snapshot.policies
    with call.parts.store.connection() as connection:
        own = policies.active(connection)
    items = tuple(
        PolicyEntry(each.id, each.title, each.cite, each.effect, each.tree)
        for each in sorted(found.policies.values(), key=lambda each: each.id)
    )
    return _told(call, PolicyList(found.version, items, own))


def journal_page(call: Call) -> Response:
    """Show the journal, to administrators of the node's own organisation."""
    return _answer(call, journal_of(call))


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
    return _told(call, JournalPage(items, following))


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
            going[case] = _goes_now(call, *case)
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


def _goes_now(call: Call, recipient: str, label: int) -> tuple[str, tuple[Rule, ...]]:
    """Return the fullest form in which what is under a label set goes to an organisation now, and the rules that let it; "" for none."""
    clearances = call.parts.clearances
    state = clearances.snapshot
    asked = state.organisations.get(recipient)
    if asked is None or label not in state.labels:
        return "", ()
    for form in FORMS:
        decision = clearances.decider.decide(asked, form, state.labels[label], state.definitions)
        if decision.allowed:
            return form, tuple(Rule(p.id, p.title, p.cite, p.effect) for p in decision.reasons)
    return "", ()


def may_see_journal(call: Call) -> bool:
    """Return whether the journal, and receipts with it, are for who asks."""
    who = call.principal
    # it names objects, whatever their marking, so it is for no token with a ceiling
    return call.organisation.own and who.administrator and "admin" in who.scopes and not who.ceiling


def _require_journal(call: Call) -> None:
    require_own(call)
    if call.principal.ceiling:
        raise ForbiddenError("the journal is not for tokens with a ceiling")
    if not may_see_journal(call):
        raise ForbiddenError("the journal is for administrators")


def explain(call: Call) -> Response:
    """Explain the decision about an object for a recipient, to the node's own organisation.

    Raises:
        NotFoundError: the own organisation may have no such object; or there is no such recipient.
    """
    require_own(call)
    given = asking.parameters(call, Explaining)
    identifier = asking.object_id(call)
    found = decided(call, identifier, given.recipient, given.action)
    return asking.answer(call, found.derive(msgspec.to_builtins(found.value, enc_hook=str)))


def decided(call: Call, identifier: str, recipient: str, action: str) -> Released[Decisions]:
    """Return every decision about an object for a recipient (id or name), to the node's own organisation.

    Raises:
        ForbiddenError: another organisation asks.
        NotFoundError: the own organisation may have no such object; or there is no such recipient or action.
    """
    require_own(call)
    if action not in ACTIONS:
        raise NotFoundError(f"no action {action!r}", hint=f"one of {', '.join(ACTIONS)}")
    snapshot = call.facts.snapshot
    asked = next((o for o in snapshot.organisations.values() if recipient in (o.id, o.name)), None)
    if asked is None:
        raise NotFoundError("no such organisation")
    found = standing(call, identifier)
    items = tuple(_decision(call, each, asked, action) for each in found.value)
    return found.derive(Decisions(identifier, asked.id, action, items))


def standing(call: Call, identifier: str) -> Released[list[Standing]]:
    """Return under which label sets an object stands, as far as the caller may have it.

    Raises:
        NotFoundError: there is none that the caller may know of.
    """

    def ask(clearance: Clearance) -> Released[list[Standing]] | Stale:
        return placed.standings(call.parts.store, identifier, clearance)

    found = call.parts.clearances.ask(
        call.principal.organisation,
        ask,
        encrypted=asking.encrypted(call),
        ceiling=call.principal.ceiling,
    )
    if not found.value:
        raise NotFoundError("no such object")
    return found


class Permitted(msgspec.Struct, frozen=True):
    """By which rules an organisation has an object, each once, and the strictest PAP that its markings ask for: a word of `PAP_WORDS`, or ""."""

    rules: tuple[Rule, ...]
    pap: str


def permitted(call: Call, identifier: str) -> Released[Permitted]:
    """Return by which rules the caller's organisation has an object, and what it may do with it.

    Nothing else of the decisions: what they rest on may name others.

    Raises:
        NotFoundError: there is none that the caller may know of.
    """
    found = labelled(call, identifier)
    rules = [_goes_now(call, call.organisation.id, label)[1] for label in found.value]
    permits = (rule for some in rules for rule in some if rule.effect == "permit")
    state, now = call.parts.clearances.snapshot, call.parts.store.clock()
    facts = (
        facts_of(state.labels[label], state.definitions, own=state.own.id, now=now)
        for label in found.value
        if label in state.labels
    )
    asked = {each.pap for each in facts}
    pap = next((word for word in reversed(PAP_WORDS.values()) if word in asked), "")
    return found.derive(Permitted(tuple({rule.id: rule for rule in permits}.values()), pap))


def _decision(call: Call, standing: Standing, asked: Organisation, action: str) -> DecisionEntry:
    clearances = call.parts.clearances
    state = clearances.snapshot
    with call.parts.store.connection() as connection:
        names = {str(c.id): c.title for c in organisations.communities(connection)}
    names |= {o.id: o.name for o in state.organisations.values()}
    label = state.labels[standing.label]
    why = clearances.decider.explain(
        asked, action, label, state.definitions, names=names, labels=state.labels
    )
    return DecisionEntry(standing.alias, label.owner, label.markings, why)


def names(call: Call) -> dict[str, str]:
    """Return the names of the organisations that the caller may know of, by id."""
    one = call.organisation
    return {each.id: each.name for each in call.facts.snapshot.organisations.values() if _known(one, each)}


def _known(one: Organisation, other: Organisation) -> bool:
    return one.own or other.own or other.id == one.id


def _parties(agreement: holding.Agreement) -> set[str]:
    return {party.organisation for party in agreement.parties if party.gone is None}


def _agreement(found: holding.Agreement, one: Organisation, call: Call) -> AgreementEntry:
    known = {o.id for o in call.facts.snapshot.organisations.values() if _known(one, o)}
    return AgreementEntry(
        *(str(found.id), found.alias, found.title, found.purpose, found.legal_basis),
        asking.moment_text(found.starts),
        None if found.ends is None else asking.moment_text(found.ends),
        None if found.withdrawn is None else asking.moment_text(found.withdrawn),
        tuple(sorted(_parties(found) & known)),
    )


def require_own(call: Call) -> None:
    """Make sure that it is the node's own organisation that asks.

    Raises:
        ForbiddenError: it is another one.
    """
    if not call.organisation.own or call.organisation.suspended:
        raise ForbiddenError("this is for the node's own organisation")


def _told(call: Call, told: T) -> Released[T]:
    """Release the operator's records to whom they are for; they hold no content of objects."""
    return said(told, recipient=call.principal.organisation)


def _answer(call: Call, told: Released[Any]) -> Response:
    document = msgspec.to_builtins(told.value, builtin_types=(UUID,))
    return respond(call.request, told.derive(msgspec.json.encode(document)), media_type=asking.JSON)
