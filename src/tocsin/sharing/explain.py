"""Why an organisation may or may not have something, and what would change that, in words."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tocsin.sharing.audience import Organisation
from tocsin.sharing.decision import Decider
from tocsin.sharing.facts import NO_TLP, Facts, facts_of
from tocsin.sharing.labels import Definitions, Label


class Explanation(msgspec.Struct, frozen=True):
    """An outcome in words.

    Attributes:
        allowed: the outcome.
        why: the deciding policy, or that no policy permits it.
        rules: id, title and source of each deciding policy.
        facts: what the decision rests on.
        changes: single changes of fact that would turn the outcome.
    """

    allowed: bool
    why: str
    rules: tuple[dict[str, str], ...]
    facts: tuple[str, ...]
    changes: tuple[str, ...]


def explain(
    decider: Decider, recipient: Organisation, action: str, label: Label, definitions: Definitions
) -> Explanation:
    """Explain one decision. Changes are found by trying them against the policies, so they really would do it."""
    facts = facts_of(label, definitions, own=decider.own.id)
    decision = decider.decide(recipient, action, label, definitions)
    if decision.errors:
        why = f"denied: the decision could not be made ({decision.errors[0]})"
    elif decision.reasons:
        why = "; ".join(policy.title for policy in decision.reasons)
    else:
        why = f"no policy permits it: {_tlp(facts)}, and {recipient.name} is not among those it may go to"
    changes = [
        words
        for words, other_recipient, other_facts in _single_changes(decider, recipient, facts)
        if decider.decide_facts(other_recipient, action, other_facts).allowed != decision.allowed
    ]
    return Explanation(
        allowed=decision.allowed,
        why=why,
        rules=tuple({"id": p.id, "title": p.title, "source": p.cite} for p in decision.reasons),
        facts=tuple(_in_words(decider, recipient, facts, label)),
        changes=tuple(changes),
    )


def _single_changes(
    decider: Decider, recipient: Organisation, facts: Facts
) -> Iterator[tuple[str, Organisation, Facts]]:
    """Every single change of fact worth trying: of the recipient, of the audience, of the marking."""
    name = recipient.name
    if recipient.suspended:
        yield f"{name} is no longer suspended", msgspec.structs.replace(recipient, suspended=False), facts
    else:
        yield f"{name} is suspended", msgspec.structs.replace(recipient, suspended=True), facts
    if recipient.client:
        yield (
            f"{name} is no longer a client of {decider.own.name}",
            msgspec.structs.replace(recipient, client=False),
            facts,
        )
    else:
        yield (
            f"{name} becomes a client of {decider.own.name}",
            msgspec.structs.replace(recipient, client=True),
            facts,
        )
    for community in sorted(facts.communities - set(recipient.communities)):
        joined = msgspec.structs.replace(recipient, communities=(*recipient.communities, community))
        yield f"{name} joins community {community}", joined, facts
    for community in sorted(facts.communities & set(recipient.communities)):
        left = tuple(c for c in recipient.communities if c != community)
        yield (
            f"{name} leaves community {community}",
            msgspec.structs.replace(recipient, communities=left),
            facts,
        )
    if recipient.id in facts.recipients:
        yield (
            f"the owner no longer names {name}",
            recipient,
            _with(facts, recipients=facts.recipients - {recipient.id}),
        )
    else:
        yield (
            f"the owner names {name} as recipient (--to)",
            recipient,
            _with(facts, recipients=facts.recipients | {recipient.id}),
        )
    if not facts.understood:
        yield (
            "the unknown marking is defined by its owner or by this node",
            recipient,
            _with(facts, understood=True),
        )
    for word in ("clear", "green", "amber", "amber+strict", "red"):
        if word != facts.tlp:
            yield f"its source marks it TLP:{word.upper()}", recipient, _with(facts, tlp=word)


def _with(facts: Facts, **changes: object) -> Facts:
    return msgspec.structs.replace(facts, **changes)


def _tlp(facts: Facts) -> str:
    return "it carries no TLP marking" if facts.tlp == NO_TLP else f"it is TLP:{facts.tlp.upper()}"


def _in_words(decider: Decider, recipient: Organisation, facts: Facts, label: Label) -> Iterator[str]:
    vouched = " (vouched for at import)" if label.assumed and facts.tlp == label.assumed else ""
    yield _tlp(facts) + vouched
    if not facts.understood:
        yield "it carries a marking that this node does not understand"
    yield f"its owner is {'this node' if facts.ours else facts.owner}"
    yield f"it is addressed to {len(facts.communities)} communities and {len(facts.recipients)} named organisations"
    shared = len(facts.communities & set(recipient.communities))
    yield (
        f"{recipient.name} belongs to {shared} of those communities, is {'' if recipient.id in facts.recipients else 'not '}named, "
        f"is {'' if recipient.client else 'not '}a client of {decider.own.name}"
        + (", and is suspended" if recipient.suspended else "")
    )
