"""What would turn a decision, found by trying.

Every single change of fact is put to the policies, and where none is enough, pairs and threes. So what an explanation promises really
would happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, islice, product
from typing import TypeAlias

import msgspec

from tocsin.sentence import COMMA_AND, COMMA_OR, Sentence, listed, sentence
from tocsin.sharing import oracle
from tocsin.sharing.actions import ACTIONS
from tocsin.sharing.audience import KNOWN, UNVERIFIED, Organisation
from tocsin.sharing.facts import CURRENT, EMBARGOED, EXPIRED, NO_PAP, NO_TLP, TLP_WORDS, Facts
from tocsin.sharing.oracle import Decision
from tocsin.sharing.policy import PolicySet
from tocsin.sharing.wording import Case, level

OPERATOR = sentence("whoever runs this node")
SOURCE = sentence("the source of the object")
PARTIES = sentence("the parties")
_SOURCE_OR_OPERATOR = listed((SOURCE, OPERATOR), COMMA_OR)
_AT_ONCE = 3  # changes together
_CHANGES = 12  # what is worth a person's attention
_COMMUNITIES = 5  # the same for communities
_LEVELS = tuple(TLP_WORDS.values())  # from CLEAR to RED

World: TypeAlias = tuple[Organisation, Facts]


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
        return listed((step.words for step in self.steps), COMMA_AND)


_Try: TypeAlias = tuple[Step, Callable[[World], World]]


def changes_of(policies: PolicySet, case: Case, facts: Facts, decision: Decision) -> Iterator[Change]:
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
        words = sentence(
            "the unknown marking is defined by %(owner)s or by this node's organisation",
            owner=case.name(facts.owner),
        )
        yield [_try(words, _SOURCE_OR_OPERATOR, _label(understood=True))]
    yield from _of_handling(case, facts)
    yield from _of_bounds(case, facts)
    yield from _of_standing(case.recipient, facts)
    yield _of_level(case, facts, allowed=allowed)


def _of_handling(case: Case, facts: Facts) -> Iterator[Sequence[_Try]]:
    """Yield what would be otherwise if a marking did not ask for what it asks for."""
    owner, recipient = case.name(facts.owner), case.recipient
    if facts.timing == EMBARGOED:
        yield [_try(sentence("its embargo is over"), sentence("time"), _label(timing=CURRENT))]
    elif facts.timing == EXPIRED:
        words = sentence("%(owner)s gives it a later end", owner=owner)
        yield [_try(words, SOURCE, _label(timing=CURRENT))]
    if facts.limited and recipient.country not in facts.countries:
        more = facts.countries | {recipient.country}
        country = recipient.country or sentence("organisations without a country")
        words = sentence("%(owner)s releases it to %(country)s", owner=owner, country=country)
        yield [_try(words, SOURCE, _label(countries=more))]
    if not recipient.roles and not recipient.own and (facts.no_regulators or facts.no_law_enforcement):
        words = sentence("%(name)s is known to be a company", name=recipient.name)
        yield [_try(words, OPERATOR, _recipient(roles=("company",)))]
    if facts.no_regulators:
        words = sentence("%(owner)s allows regulatory use", owner=owner)
        yield [_try(words, SOURCE, _label(no_regulators=False))]
    if facts.no_law_enforcement:
        words = sentence("%(owner)s allows use by law enforcement", owner=owner)
        yield [_try(words, SOURCE, _label(no_law_enforcement=False))]
    if facts.hide_source:
        words = sentence("%(owner)s allows its name to be told", owner=owner)
        yield [_try(words, SOURCE, _label(hide_source=False))]
    if case.action in {"block", "enrich_externally"} and facts.pap != NO_PAP:
        pap = "green" if case.action == "block" else "amber"
        words = sentence("%(owner)s marks it %(level)s", owner=owner, level=f"PAP:{pap.upper()}")
        yield [_try(words, SOURCE, _label(pap=pap))]
    if case.action in facts.barred:
        words = sentence("what was agreed permits to %(action)s", action=sentence(ACTIONS[case.action]))
        yield [_try(words, PARTIES, _label(barred=facts.barred - {case.action}))]
    if case.action == "use_in_proceedings" and facts.communities and not (facts.ours or facts.consented):
        words = sentence("the agreement that its communities rest on permits use in proceedings")
        yield [_try(words, PARTIES, _label(consented=True))]


def _of_bounds(case: Case, facts: Facts) -> Iterator[Sequence[_Try]]:
    """Yield what would be otherwise if the recipient were among those that a marking lets it go to."""
    owner, recipient = case.name(facts.owner), case.recipient
    for community in sorted(facts.circles.difference(recipient.communities, facts.communities))[
        :_COMMUNITIES
    ]:
        joined = (*recipient.communities, community)
        words = _joins(case, community)
        yield [_try(words, OPERATOR, _recipient(communities=joined))]
    if facts.reserved and recipient.id not in facts.reserved_for:
        reserved = facts.reserved_for | {recipient.id}
        words = sentence("%(owner)s lets %(name)s have it in its marking", owner=owner, name=recipient.name)
        yield [_try(words, SOURCE, _label(reserved_for=reserved))]
    if facts.professional and not recipient.own:
        yield [
            _try(
                sentence("%(name)s is known to be a %(role)s", name=recipient.name, role=role),
                OPERATOR,
                _recipient(roles=(role,)),
            )
            for role in sorted(facts.professions)
        ]
    if facts.encrypted and not recipient.encrypted:
        yield [_try(sentence("it goes over TLS"), OPERATOR, _recipient(encrypted=True))]


def _of_standing(recipient: Organisation, facts: Facts) -> Iterator[Sequence[_Try]]:
    """Yield what would be otherwise if the recipient stood otherwise with this node, or its country with the law."""
    name = recipient.name
    if recipient.embargoed:
        yield [_try(sentence("the embargo is lifted"), OPERATOR, _recipient(embargoed=""))]
    if recipient.trust == UNVERIFIED:
        yield [_try(sentence("%(name)s is verified", name=name), OPERATOR, _recipient(trust=KNOWN))]
    if facts.personal and recipient.transfer in ("none", "unknown"):
        if not recipient.country:
            words = sentence("the country of %(name)s is known, and is this node's own", name=name)
            yield [_try(words, OPERATOR, _recipient(transfer="domestic"))]
        words = sentence(
            "an agreement with %(name)s gives a ground for personal data to go to %(country)s",
            name=name,
            country=recipient.country or sentence("its country"),
        )
        yield [_try(words, PARTIES, _recipient(transfer="clauses"))]
    if "offence" in facts.holds and not recipient.own:
        words = sentence("%(name)s is known to be an authority", name=name)
        yield [_try(words, OPERATOR, _recipient(roles=("government",)))]


def _of_recipient(case: Case, facts: Facts) -> Iterator[Sequence[_Try]]:
    recipient, name = case.recipient, case.recipient.name
    words = (
        sentence("%(name)s is no longer suspended", name=name)
        if recipient.suspended
        else sentence("%(name)s is suspended", name=name)
    )
    yield [_try(words, OPERATOR, _recipient(suspended=not recipient.suspended))]
    if not recipient.own:
        words = (
            sentence("%(name)s is no longer a client of %(own)s", name=name, own=case.own.name)
            if recipient.client
            else sentence("%(name)s becomes a client of %(own)s", name=name, own=case.own.name)
        )
        yield [_try(words, OPERATOR, _recipient(client=not recipient.client))]
    shared = facts.communities.intersection(recipient.communities)
    lapsed = {community for community, _ in recipient.lapsed} & facts.communities
    for community in sorted(lapsed)[:_COMMUNITIES]:
        words = sentence(
            "the agreement that %(community)s rests on is in force for %(name)s and %(own)s",
            community=case.name(community),
            name=name,
            own=case.own.name,
        )
        yield [_try(words, PARTIES, _recipient(communities=(*recipient.communities, community)))]
    missing = sorted(facts.communities.difference(recipient.communities) - lapsed)
    for community in missing[:_COMMUNITIES]:
        joined = (*recipient.communities, community)
        words = _joins(case, community)
        yield [_try(words, OPERATOR, _recipient(communities=joined))]
    if shared:
        left = tuple(c for c in recipient.communities if c not in shared)
        words = sentence(
            "%(name)s leaves the community %(community)s", name=name, community=case.list(shared)
        )
        yield [_try(words, OPERATOR, _recipient(communities=left))]


def _of_audience(case: Case, facts: Facts) -> Iterator[Sequence[_Try]]:
    recipient, owner = case.recipient, case.name(facts.owner)
    others = sorted(set(recipient.communities) - facts.communities)
    for community in others[:_COMMUNITIES]:
        words = sentence(
            "it is kept in a collection of the community %(community)s", community=case.name(community)
        )
        yield [_try(words, OPERATOR, _label(communities=facts.communities | {community}))]
    if recipient.id in facts.recipients:
        words = sentence("%(owner)s no longer names %(name)s", owner=owner, name=recipient.name)
        named = facts.recipients - {recipient.id}
    else:
        words = sentence("%(owner)s names %(name)s as recipient", owner=owner, name=recipient.name)
        named = facts.recipients | {recipient.id}
    yield [_try(words, SOURCE, _label(recipients=named))]


def _of_level(case: Case, facts: Facts, *, allowed: bool) -> Sequence[_Try]:
    """Return other levels, the nearest first: stricter ones for what may go, freer ones for what may not.

    Nobody is told that a stricter marking would let something go.
    """
    now = _LEVELS.index(facts.tlp) if facts.tlp != NO_TLP else len(_LEVELS)
    levels = _LEVELS[now + 1 :] if allowed else tuple(reversed(_LEVELS[:now]))
    owner = case.name(facts.owner)
    tries = []
    for each in levels:
        words = sentence("%(owner)s marks it %(level)s", owner=owner, level=level(each))
        who: str = SOURCE
        if facts.tlp == NO_TLP:
            words = sentence("%(marked)s, or this node vouches for that at import", marked=words)
            who = _SOURCE_OR_OPERATOR
        tries.append(_try(words, who, _label(tlp=each, levels=frozenset((each,)))))
    return tries


def _joins(case: Case, community: str) -> Sentence:
    return sentence(
        "%(name)s joins the community %(community)s", name=case.recipient.name, community=case.name(community)
    )


def _try(words: str, who: str, apply: Callable[[World], World]) -> _Try:
    return Step(words, who), apply


def _recipient(**changes: object) -> Callable[[World], World]:
    return lambda world: (msgspec.structs.replace(world[0], **changes), world[1])


def _label(**changes: object) -> Callable[[World], World]:
    return lambda world: (world[0], msgspec.structs.replace(world[1], **changes))
