"""One decision, made by Cedar itself: what every faster way is checked against, and where reasons come from.

Cedar skips a `forbid` that meets an error, such as a missing attribute, and then permits. Two guards, and each is tested
to be needed: entities are built against the schema, so that a missing or mistyped fact is refused before anything is
evaluated; and any error in the diagnostics denies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import cedarpy
import msgspec

from tocsin.errors import PolicyError
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import Facts
from tocsin.sharing.policy import Policy, PolicySet


class Decision(msgspec.Struct, frozen=True):
    """An outcome and the policies that decided.

    Attributes:
        allowed: the outcome.
        reasons: the permits when allowed, the forbids when not; none at all when no policy permits it.
        errors: what went wrong; then the outcome is no.
    """

    allowed: bool
    reasons: tuple[Policy, ...]
    errors: tuple[str, ...] = ()


def decide(policies: PolicySet, recipient: Organisation, action: str, facts: Facts) -> Decision:
    """Return Cedar's decision. Whatever cannot be evaluated is a no with `errors`; nothing is raised."""
    return decide_each(policies, recipient, [(action, facts)])[0]


def decide_each(
    policies: PolicySet, recipient: Organisation, questions: Sequence[tuple[str, Facts]]
) -> list[Decision]:
    """Return Cedar's decisions on several pairs of action and facts, in their order; see `decide`.

    Asked together they cost half: most of the time goes into building entities.
    """
    try:
        labels = {facts: str(place) for place, (_, facts) in enumerate(questions)}
        requests = [
            {
                "principal": {"type": "Organisation", "id": recipient.id},
                "action": {"type": "Action", "id": action},
                "resource": {"type": "LabelSet", "id": labels[facts]},
                "context": context_facts(recipient),
            }
            for action, facts in questions
        ]
        known = entities(recipient, {name: facts for facts, name in labels.items()}, policies.schema)
        results = cedarpy.is_authorized_batch(requests, policies.cedar, known, policies.schema)
    except (ValueError, TypeError, PolicyError) as error:
        return [Decision(False, (), (str(error),))] * len(questions)
    return [_decision(policies, result) for result in results]


def _decision(policies: PolicySet, result: cedarpy.AuthzResult) -> Decision:
    errors = tuple(str(e) for e in result.diagnostics.errors)
    decided = set(result.diagnostics.reasons)
    reasons = tuple(policy for key, policy in policies.policies.items() if key in decided)
    # Cedar skips a policy that errs; a skipped forbid would permit, so an error is a no
    return Decision(result.decision == cedarpy.Decision.Allow and not errors, reasons, errors)


def entities(
    recipient: Organisation, labels: Mapping[str, Facts], schema: cedarpy.Schema
) -> cedarpy.Entities:
    """Build the entities of requests against the schema: the recipient, and label sets by id.

    Raises:
        PolicyError: a fact is missing or of the wrong type.
    """
    principal = {"type": "Organisation", "id": recipient.id}
    document = [{"uid": principal, "attrs": recipient_facts(recipient), "parents": []}]
    for name, facts in labels.items():
        uid = {"type": "LabelSet", "id": name}
        document.append({"uid": uid, "attrs": label_facts(facts), "parents": []})
    try:
        return cedarpy.Entities.from_json_str(json.dumps(document), schema)
    except (ValueError, TypeError) as error:
        raise PolicyError(f"the facts do not fit the schema: {error}") from error


def label_facts(facts: Facts) -> dict[str, Any]:
    """Return the attributes of entity `LabelSet`, as Cedar's JSON writes them."""
    return {
        "tlp": _one_of("Tlp", facts.tlp),
        "levels": [_one_of("Tlp", level) for level in sorted(facts.levels)],
        "understood": facts.understood,
        "owner": facts.owner,
        "ours": facts.ours,
        "communities": sorted(facts.communities),
        "recipients": sorted(facts.recipients),
        "pap": _one_of("Pap", facts.pap),
        "timing": _one_of("Timing", facts.timing),
        "limited": facts.limited,
        "countries": sorted(facts.countries),
        "no_regulators": facts.no_regulators,
        "no_law_enforcement": facts.no_law_enforcement,
        "hide_source": facts.hide_source,
        "circled": facts.circled,
        "circles": sorted(facts.circles),
        "reserved": facts.reserved,
        "reserved_for": sorted(facts.reserved_for),
        "professional": facts.professional,
        "professions": sorted(facts.professions),
        "encrypted": facts.encrypted,
        "holds": [_one_of("Kind", kind) for kind in sorted(facts.holds)],
        "personal": facts.personal,
        "barred": [_one_of("Use", use) for use in sorted(facts.barred)],
        "consented": facts.consented,
    }


def _one_of(kind: str, word: str) -> dict[str, Any]:
    return {"__entity": {"type": kind, "id": word}}


def recipient_facts(recipient: Organisation) -> dict[str, Any]:
    """Return the attributes of entity `Organisation`.

    Raises:
        PolicyError: it has no id: nobody could be meant by it.
    """
    if not recipient.id:
        raise PolicyError(f"{recipient.name or 'a recipient'} has no id of its own")
    return {
        "country": recipient.country,
        "sector": recipient.sector,
        "roles": sorted(recipient.roles),
        "communities": sorted(recipient.communities),
        "client": recipient.client,
        "suspended": recipient.suspended,
        "own": recipient.own,
        "trust": _one_of("Trust", recipient.trust),
        "assurances": sorted(recipient.assurances),
        "embargoed": bool(recipient.embargoed),
        "transfer": _one_of("Transfer", recipient.transfer),
        "encrypted": recipient.encrypted,
    }


def context_facts(recipient: Organisation) -> dict[str, Any]:
    """Return the context of a request."""
    return {"recipient": recipient.id}
