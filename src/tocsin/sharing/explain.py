"""Why an organisation may or may not have something, and what would change that, in words.

What would change an outcome is found by trying: every single change of fact is put to the policies, and where none is enough,
pairs and threes. So what an explanation promises really would happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from typing import TypeAlias

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.sharing import oracle
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import (
    CURRENT,
    EMBARGOED,
    EXPIRED,
    NO_PAP,
    NO_TLP,
    TLP_WORDS,
    Facts,
    facts_of,
    handlings_of,
    is_understood,
)
from tocsin.sharing.labels import Definitions, Label
from tocsin.sharing.oracle import Decision
from tocsin.sharing.policy import PolicySet
from tocsin.stix.handling import PAP, Handling
from tocsin.stix.markings import tlp_of

OPERATOR = "whoever runs this node"
SOURCE = "the source of the object"
_AT_ONCE = 3  # changes together
_CHANGES = 12  # what is worth a person's attention
_COMMUNITIES = 5  # the same for communities
_LEVELS = tuple(TLP_WORDS.values())  # from CLEAR to RED

World: TypeAlias = tuple[Organisation, Facts]


class Rule(msgspec.Struct, frozen=True):
    """A policy that decided: its id, what it says, where that comes from, and whether it permits or forbids."""

    id: str
    title: str
    source: str
    effect: str


class Step(msgspec.Struct, frozen=True):
    """One fact that would be different, and who can bring that about."""

    words: str
    who: str


class Change(msgspec.Struct, frozen=True):
    """A smallest change of facts that turns the outcome.

    Attributes:
        steps: one, two or three facts that would all have to be different.
        rules: ids of the policies that would then decide; none when it is only that nothing permits it any more.
    """

    steps: tuple[Step, ...]
    rules: tuple[str, ...]

    @property
    def words(self) -> str:
        """What would be different."""
        return ", and ".join(step.words for step in self.steps)


class Explanation(msgspec.Struct, frozen=True):
    """An outcome in words.

    Attributes:
        allowed: the outcome.
        why: the titles of the deciding policies, or that no policy permits it.
        rules: the deciding policies.
        facts: what the decision rests on.
        changes: what would turn the outcome; empty when nothing within reach would.
    """

    allowed: bool
    why: str
    rules: tuple[Rule, ...]
    facts: tuple[str, ...]
    changes: tuple[Change, ...]


class Case(msgspec.Struct, frozen=True):
    """A question: may `recipient` do `action` with what carries `label`, on the node of `own`?

    `names` are those of organisations and communities by id; `now` is the moment.
    """

    own: Organisation
    recipient: Organisation
    action: str
    label: Label
    definitions: Definitions
    names: Mapping[str, str]
    now: Micros

    def name(self, identifier: str) -> str:
        """Return how people call an organisation or community."""
        if identifier in (self.own.id, self.recipient.id):
            return self.own.name if identifier == self.own.id else self.recipient.name
        return self.names.get(identifier, identifier)

    def list(self, identifiers: Iterable[str]) -> str:
        """Return their names as a list in words; empty for none."""
        return " and ".join(self.name(each) for each in sorted(identifiers))


_Try: TypeAlias = tuple[Step, Callable[[World], World]]


def explain(policies: PolicySet, case: Case) -> Explanation:
    """Explain one decision."""
    facts = facts_of(case.label, case.definitions, own=case.own.id, now=case.now)
    decision = oracle.decide(policies, case.recipient, case.action, facts)
    return Explanation(
        allowed=decision.allowed,
        why=_why(case, facts, decision),
        rules=tuple(Rule(p.id, p.title, p.cite, p.effect) for p in decision.reasons),
        facts=tuple(_facts_in_words(case, facts)),
        changes=() if decision.errors else tuple(_changes(policies, case, facts, decision)),
    )


def _why(case: Case, facts: Facts, decision: Decision) -> str:
    if decision.errors:
        return f"the decision could not be made, so it is no ({decision.errors[0]})"
    if decision.reasons:
        return "; ".join(policy.title for policy in decision.reasons)
    if case.action != "receive":
        return f"no policy permits {case.recipient.name} to {case.action}"
    whose = "of this node's own" if facts.ours else f"of {case.name(facts.owner)}"
    return f"no policy permits it: it is {_level(facts.tlp)} {whose}, and {case.recipient.name} is not among those it may go to"


def _changes(policies: PolicySet, case: Case, facts: Facts, decision: Decision) -> Iterator[Change]:
    """Yield the changes that turn the outcome: single ones, or pairs where there is none, or else three at once."""

    def turned(*tries: _Try) -> Change | None:
        world: World = (case.recipient, facts)
        for _, apply in tries:
            world = apply(world)
        then = oracle.decide(policies, world[0], case.action, world[1])
        if then.errors or then.allowed == decision.allowed:
            return None
        return Change(tuple(step for step, _ in tries), tuple(policy.id for policy in then.reasons))

    kinds = list(_kinds(case, facts, allowed=decision.allowed))
    for size in range(1, _AT_ONCE + 1):
        tried = (_first(turned(*tries) for tries in product(*some)) for some in combinations(kinds, size))
        found = list(islice((change for change in tried if change), _CHANGES))
        yield from found
        if found:
            return


def _first(found: Iterable[Change | None]) -> Change | None:
    return next((change for change in found if change), None)


def _kinds(case: Case, facts: Facts, *, allowed: bool) -> Iterator[Sequence[_Try]]:
    """Yield the kinds of change worth trying; within a kind the smallest comes first, and the first that works counts."""
    yield from _of_recipient(case, facts)
    yield from _of_audience(case, facts)
    if not facts.understood:
        words = f"the unknown marking is defined by {case.name(facts.owner)} or by this node's organisation"
        yield [_try(words, f"{SOURCE}, or {OPERATOR}", _label(understood=True))]
    yield from _of_handling(case, facts)
    yield _of_level(case, facts, allowed=allowed)


def _of_handling(case: Case, facts: Facts) -> Iterator[Sequence[_Try]]:
    """Yield what would be otherwise if a marking did not ask for what it asks for."""
    owner, recipient = case.name(facts.owner), case.recipient
    if facts.timing == EMBARGOED:
        yield [_try("its embargo is over", "time", _label(timing=CURRENT))]
    elif facts.timing == EXPIRED:
        yield [_try(f"{owner} gives it a later end", SOURCE, _label(timing=CURRENT))]
    if facts.limited and recipient.country not in facts.countries:
        more = facts.countries | {recipient.country}
        words = f"{owner} releases it to {recipient.country or 'organisations without a country'}"
        yield [_try(words, SOURCE, _label(countries=more))]
    if not recipient.roles and not recipient.own and (facts.no_regulators or facts.no_law_enforcement):
        yield [_try(f"{recipient.name} is known to be a company", OPERATOR, _recipient(roles=("company",)))]
    if facts.no_regulators:
        yield [_try(f"{owner} allows regulatory use", SOURCE, _label(no_regulators=False))]
    if facts.no_law_enforcement:
        yield [_try(f"{owner} allows use by law enforcement", SOURCE, _label(no_law_enforcement=False))]
    if facts.hide_source:
        yield [_try(f"{owner} allows its name to be told", SOURCE, _label(hide_source=False))]
    if case.action in {"block", "enrich_externally"} and facts.pap != NO_PAP:
        level = "green" if case.action == "block" else "amber"
        yield [_try(f"{owner} marks it PAP:{level.upper()}", SOURCE, _label(pap=level))]


def _of_recipient(case: Case, facts: Facts) -> Iterator[Sequence[_Try]]:
    recipient, name = case.recipient, case.recipient.name
    words = f"{name} is no longer suspended" if recipient.suspended else f"{name} is suspended"
    yield [_try(words, OPERATOR, _recipient(suspended=not recipient.suspended))]
    if not recipient.own:
        becomes = "is no longer" if recipient.client else "becomes"
        words = f"{name} {becomes} a client of {case.own.name}"
        yield [_try(words, OPERATOR, _recipient(client=not recipient.client))]
    shared = facts.communities.intersection(recipient.communities)
    lapsed = {community for community, _ in recipient.lapsed} & facts.communities
    for community in sorted(lapsed)[:_COMMUNITIES]:
        words = (
            f"the agreement that {case.name(community)} rests on is in force for {name} and {case.own.name}"
        )
        yield [_try(words, "the parties", _recipient(communities=(*recipient.communities, community)))]
    missing = sorted(facts.communities.difference(recipient.communities) - lapsed)
    for community in missing[:_COMMUNITIES]:
        joined = (*recipient.communities, community)
        words = f"{name} joins the community {case.name(community)}"
        yield [_try(words, OPERATOR, _recipient(communities=joined))]
    if shared:
        left = tuple(c for c in recipient.communities if c not in shared)
        words = f"{name} leaves the community {case.list(shared)}"
        yield [_try(words, OPERATOR, _recipient(communities=left))]


def _of_audience(case: Case, facts: Facts) -> Iterator[Sequence[_Try]]:
    recipient, owner = case.recipient, case.name(facts.owner)
    others = sorted(set(recipient.communities) - facts.communities)
    for community in others[:_COMMUNITIES]:
        words = f"it is kept in a collection of the community {case.name(community)}"
        yield [_try(words, OPERATOR, _label(communities=facts.communities | {community}))]
    if recipient.id in facts.recipients:
        words, named = f"{owner} no longer names {recipient.name}", facts.recipients - {recipient.id}
    else:
        words, named = f"{owner} names {recipient.name} as recipient", facts.recipients | {recipient.id}
    yield [_try(words, SOURCE, _label(recipients=named))]


def _of_level(case: Case, facts: Facts, *, allowed: bool) -> Sequence[_Try]:
    """Return other levels, the nearest first: stricter ones for what may go, freer ones for what may not.

    Nobody is told that a stricter marking would let something go.
    """
    now = _LEVELS.index(facts.tlp) if facts.tlp != NO_TLP else len(_LEVELS)
    levels = _LEVELS[now + 1 :] if allowed else tuple(reversed(_LEVELS[:now]))
    owner = case.name(facts.owner)
    tries = []
    for level in levels:
        words, who = f"{owner} marks it {_level(level)}", SOURCE
        if facts.tlp == NO_TLP:
            words, who = f"{words}, or this node vouches for that at import", f"{SOURCE}, or {OPERATOR}"
        tries.append(_try(words, who, _label(tlp=level, levels=frozenset((level,)))))
    return tries


def _try(words: str, who: str, apply: Callable[[World], World]) -> _Try:
    return Step(words, who), apply


def _recipient(**changes: object) -> Callable[[World], World]:
    return lambda world: (msgspec.structs.replace(world[0], **changes), world[1])


def _label(**changes: object) -> Callable[[World], World]:
    return lambda world: (world[0], msgspec.structs.replace(world[1], **changes))


def _level(tlp: str) -> str:
    return "unmarked" if tlp == NO_TLP else f"TLP:{tlp.upper()}"


def _facts_in_words(case: Case, facts: Facts) -> Iterator[str]:
    yield from _markings_in_words(case, facts)
    if facts.ours:
        yield f"it is this node's own: {case.own.name} asserted it"
    else:
        yield f"{case.name(facts.owner)} asserted it to this node, which is a recipient of it"
    communities, named = case.list(facts.communities) or "none", case.list(facts.recipients) or "nobody"
    yield f"it is addressed to these communities: {communities}; its owner named: {named}"
    recipient = case.recipient
    if recipient.own:
        yield f"{recipient.name} runs this node"
    else:
        member = case.list(facts.communities.intersection(recipient.communities))
        yield (
            f"{recipient.name} is {f'a member of {member}' if member else 'in none of those communities'}, "
            f"{'named' if recipient.id in facts.recipients else 'not named'}, "
            f"{'a client' if recipient.client else 'no client'} of {case.own.name}"
        )
    for community, why in recipient.lapsed:
        if community in facts.communities:
            yield f"{recipient.name} belongs to {case.name(community)}, but now it does not count: {why}"
    if recipient.suspended:
        yield f"{recipient.name} is suspended"


def _markings_in_words(case: Case, facts: Facts) -> Iterator[str]:
    levels = sorted({tlp for m in case.label.markings if (tlp := tlp_of(m)) is not None})
    if levels:
        several = " and ".join(tlp.label for tlp in levels)
        yield f"it is {_level(facts.tlp)}" + (f", the strictest of {several}" if len(levels) > 1 else "")
    elif facts.tlp == NO_TLP:
        yield "it carries no TLP marking, and nobody vouched for one"
    elif facts.tlp == case.label.assumed:
        yield f"it carries no TLP marking; who brought it in vouched for {_level(facts.tlp)}"
    else:
        yield f"it carries no TLP marking; what was vouched for, {case.label.assumed!r}, is no level and counts as TLP:RED"
    for marking in case.label.markings:
        if tlp_of(marking) is not None:
            continue
        asked = handlings_of(marking, case.label, case.definitions, own=case.own.id)
        for each in asked:
            yield f"its marking {marking} asks for: {'; '.join(asked_in_words(each))}"
        if is_understood(marking, case.label, case.definitions, own=case.own.id):
            if not asked:
                yield f"its marking {marking} is a statement, which restricts nothing"
        else:
            yield f"its marking {marking} is unknown: neither its owner nor this node has said what it asks for"


def asked_in_words(asked: Handling) -> Iterator[str]:
    """Yield what a marking asks for beside statements, a wish at a time."""
    if asked.tlp is not None:
        yield _level(asked.tlp)
    if asked.pap is not None:
        yield "contact before any action" if asked.pap is PAP.NOTHING else f"PAP:{asked.pap.name}"
    if asked.not_before is not None:
        yield f"nothing before {to_text(asked.not_before)}"
    if asked.not_after is not None:
        yield f"nothing from {to_text(asked.not_after)} on"
    if asked.countries is not None:
        yield f"only to {' and '.join(asked.countries) or 'no country'}"
    if asked.no_regulators:
        yield "no regulatory use"
    if asked.no_law_enforcement:
        yield "no use by law enforcement"
    if asked.hide_source:
        yield "its source is not to be told"
