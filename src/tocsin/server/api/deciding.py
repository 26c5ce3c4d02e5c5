"""The policies in force, and what they say of one object: for a recipient, for whoever asks."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.errors import NotFoundError
from tocsin.server.api import asking, records
from tocsin.server.api.objects import Nothing, labelled
from tocsin.server.context import Call
from tocsin.sharing.actions import ACTIONS, FORMS
from tocsin.sharing.audience import Organisation
from tocsin.sharing.explain import Explanation, Rule
from tocsin.sharing.facts import PAP_WORDS, facts_of
from tocsin.sharing.release import Clearance, Released
from tocsin.store import organisations, placed, policies
from tocsin.store.placed import Standing
from tocsin.store.values import Stale


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


class Permitted(msgspec.Struct, frozen=True):
    """By which rules an organisation has an object, each once, and the strictest PAP that its markings ask for: a word of `PAP_WORDS`, or ""."""

    rules: tuple[Rule, ...]
    pap: str


def policy_list(call: Call) -> Response:
    """List the policies in force, for the node's own organisation."""
    records.require_own(call)
    asking.parameters(call, Nothing)
    return records.answer(call, policies_in_force(call))


def policies_in_force(call: Call) -> Released[PolicyList]:
    """Return the policies in force, to the node's own organisation.

    Raises:
        ForbiddenError: another one asks.
    """
    records.require_own(call)
    found = call.facts.snapshot.policies
    with call.parts.store.connection() as connection:
        own = policies.active(connection)
    items = tuple(
        PolicyEntry(each.id, each.title, each.cite, each.effect, each.tree)
        for each in sorted(found.policies.values(), key=lambda each: each.id)
    )
    return records.told(call, PolicyList(found.version, items, own))


def explain(call: Call) -> Response:
    """Explain the decision about an object for a recipient, to the node's own organisation.

    Raises:
        NotFoundError: the own organisation may have no such object; or there is no such recipient.
    """
    records.require_own(call)
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
    records.require_own(call)
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


def permitted(call: Call, identifier: str) -> Released[Permitted]:
    """Return by which rules the caller's organisation has an object, and what it may do with it.

    Nothing else of the decisions: what they rest on may name others.

    Raises:
        NotFoundError: there is none that the caller may know of.
    """
    found = labelled(call, identifier)
    rules = [goes_now(call, call.organisation.id, label)[1] for label in found.value]
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


def goes_now(call: Call, recipient: str, label: int) -> tuple[str, tuple[Rule, ...]]:
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
