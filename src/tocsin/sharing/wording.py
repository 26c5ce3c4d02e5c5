"""The facts of a decision in words that a lawyer and an analyst both follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.sharing.actions import ACTIONS
from tocsin.sharing.agreements import Terms
from tocsin.sharing.audience import UNVERIFIED, Organisation
from tocsin.sharing.facts import NO_TLP, Facts, handlings_of, is_understood, terms_of
from tocsin.sharing.labels import Definitions, Label
from tocsin.stix.handling import PAP, Handling
from tocsin.stix.markings import tlp_of


class Case(msgspec.Struct, frozen=True):
    """A question: may `recipient` do `action` with what carries `label`, on the node of `own`?

    `names` are those of organisations and communities by id; `now` is the moment; `labels` are those that the label may rest on.
    """

    own: Organisation
    recipient: Organisation
    action: str
    label: Label
    definitions: Definitions
    names: Mapping[str, str]
    now: Micros
    labels: Mapping[int, Label] = {}

    def name(self, identifier: str) -> str:
        """Return how people call an organisation or community."""
        if identifier in (self.own.id, self.recipient.id):
            return self.own.name if identifier == self.own.id else self.recipient.name
        return self.names.get(identifier, identifier)

    def list(self, identifiers: Iterable[str]) -> str:
        """Return their names as a list in words; empty for none."""
        return " and ".join(self.name(each) for each in sorted(identifiers))


def level(tlp: str) -> str:
    """Return a level as people write it."""
    return "unmarked" if tlp == NO_TLP else f"TLP:{tlp.upper()}"


def facts_in_words(case: Case, facts: Facts) -> Iterator[str]:
    """Yield what a decision rests on."""
    yield from _markings_in_words(case, facts)
    if facts.ours:
        yield f"it is this node's own: {case.own.name} asserted it"
    else:
        yield f"{case.name(facts.owner)} asserted it to this node, which is a recipient of it"
    communities, named = case.list(facts.communities) or "none", case.list(facts.recipients) or "nobody"
    yield f"it is addressed to these communities: {communities}; its owner named: {named}"
    yield from map(_agreed_in_words, terms_of(case.label, case.definitions, own=case.own.id))
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
    if recipient.embargoed:
        yield f"an embargo: {recipient.embargoed}"
    if recipient.trust == UNVERIFIED:
        yield f"{recipient.name} is not verified"
    if facts.holds:
        yield f"it holds: {', '.join(sorted(facts.holds))}"
    if facts.personal and not recipient.own:
        yield recipient.ground or f"no ground is known on which personal data may go to {recipient.name}"


def _agreed_in_words(terms: Terms) -> str:
    said = []
    if terms.permitted is not None:
        said.append(f"permits only to {', '.join(map(ACTIONS.__getitem__, terms.permitted)) or 'have it'}")
    if terms.closed:
        said.append("keeps it among the members of its communities")
    return f"the agreement {terms.title!r} {' and '.join(said) or 'says nothing of what may be done with it'}"


def _markings_in_words(case: Case, facts: Facts) -> Iterator[str]:
    levels = sorted({tlp for m in case.label.markings if (tlp := tlp_of(m)) is not None})
    if levels:
        several = " and ".join(tlp.label for tlp in levels)
        yield f"it is {level(facts.tlp)}" + (f", the strictest of {several}" if len(levels) > 1 else "")
    elif facts.tlp == NO_TLP:
        yield "it carries no TLP marking, and nobody vouched for one"
    elif facts.tlp == case.label.assumed:
        yield f"it carries no TLP marking; who brought it in vouched for {level(facts.tlp)}"
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
        yield level(asked.tlp)
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
    if asked.communities is not None:
        yield f"only to members of {' and '.join(asked.communities) or 'no community'}"
    if asked.organisations is not None:
        yield f"only to {' and '.join(asked.organisations) or 'nobody'}"
    if asked.roles is not None:
        yield f"only to organisations that are {' or '.join(asked.roles) or 'nothing'}"
    if asked.encrypted:
        yield "over encrypted channels only"
    if asked.not_public:
        yield "nothing public: TLP:CLEAR beside it counts as TLP:GREEN"
