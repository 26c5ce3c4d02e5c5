"""The facts of a decision in words that a lawyer and an analyst both follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.sentence import COMMA, OR, SEMICOLON, Sentence, listed, sentence
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
        return listed(self.name(each) for each in sorted(identifiers))


def level(tlp: str) -> str:
    """Return a level as people write it."""
    return sentence("unmarked") if tlp == NO_TLP else f"TLP:{tlp.upper()}"


def facts_in_words(case: Case, facts: Facts) -> Iterator[str]:
    """Yield what a decision rests on."""
    yield from _markings_in_words(case, facts)
    if facts.ours:
        yield sentence("it is this node's own: %(own)s asserted it", own=case.own.name)
    else:
        yield sentence(
            "%(owner)s asserted it to this node, which is a recipient of it", owner=case.name(facts.owner)
        )
    yield sentence(
        "it is addressed to these communities: %(communities)s; its owner named: %(named)s",
        communities=case.list(facts.communities) or sentence("none"),
        named=case.list(facts.recipients) or sentence("nobody"),
    )
    yield from map(_agreed_in_words, terms_of(case.label, case.definitions, own=case.own.id))
    yield from _recipient_in_words(case, facts)
    if facts.holds:
        yield sentence("it holds: %(kinds)s", kinds=listed(map(sentence, sorted(facts.holds)), COMMA))
    if facts.personal and not case.recipient.own:
        yield case.recipient.ground or sentence(
            "no ground is known on which personal data may go to %(name)s", name=case.recipient.name
        )


def _recipient_in_words(case: Case, facts: Facts) -> Iterator[Sentence]:
    recipient, name = case.recipient, case.recipient.name
    if recipient.own:
        yield sentence("%(name)s runs this node", name=name)
    else:
        member = case.list(facts.communities.intersection(recipient.communities))
        yield sentence(
            "%(name)s is %(member)s, %(named)s, %(client)s",
            name=name,
            member=sentence("a member of %(communities)s", communities=member)
            if member
            else sentence("in none of those communities"),
            named=sentence("named") if recipient.id in facts.recipients else sentence("not named"),
            client=sentence("a client of %(own)s", own=case.own.name)
            if recipient.client
            else sentence("no client of %(own)s", own=case.own.name),
        )
    for community, why in recipient.lapsed:
        if community in facts.communities:
            yield sentence(
                "%(name)s belongs to %(community)s, but now it does not count: %(why)s",
                name=name,
                community=case.name(community),
                why=why,
            )
    if recipient.suspended:
        yield sentence("%(name)s is suspended", name=name)
    if recipient.embargoed:
        yield sentence("an embargo: %(why)s", why=recipient.embargoed)
    if recipient.trust == UNVERIFIED:
        yield sentence("%(name)s is not verified", name=name)


def _agreed_in_words(terms: Terms) -> Sentence:
    said = []
    if terms.permitted is not None:
        uses = listed((sentence(ACTIONS[each]) for each in terms.permitted), COMMA)
        said.append(sentence("permits only to %(uses)s", uses=uses or sentence("have it")))
    if terms.closed:
        said.append(sentence("keeps it among the members of its communities"))
    says = listed(said) or sentence("says nothing of what may be done with it")
    return sentence("the agreement '%(title)s' %(says)s", title=terms.title, says=says)


def _markings_in_words(case: Case, facts: Facts) -> Iterator[Sentence]:
    levels = sorted({tlp for m in case.label.markings if (tlp := tlp_of(m)) is not None})
    strictest = level(facts.tlp)
    if len(levels) > 1:
        several = listed(tlp.label for tlp in levels)
        yield sentence("it is %(level)s, the strictest of %(several)s", level=strictest, several=several)
    elif levels:
        yield sentence("it is %(level)s", level=strictest)
    elif any(each.tlp is not None for each in _handlings(case)):
        yield sentence("it carries no TLP marking, but others make it %(level)s", level=strictest)
    elif facts.tlp == NO_TLP:
        yield sentence("it carries no TLP marking, and nobody vouched for one")
    elif facts.tlp == case.label.assumed:
        yield sentence("it carries no TLP marking; who brought it in vouched for %(level)s", level=strictest)
    else:
        yield sentence(
            "it carries no TLP marking; what was vouched for, '%(vouched)s', is no level and counts as TLP:RED",
            vouched=case.label.assumed or "",
        )
    for marking in case.label.markings:
        if tlp_of(marking) is None:
            yield from _marking_in_words(case, marking)


def _handlings(case: Case) -> Iterator[Handling]:
    """Yield what all its markings ask for beside TLP."""
    for marking in case.label.markings:
        yield from handlings_of(marking, case.label, case.definitions, own=case.own.id)


def _marking_in_words(case: Case, marking: str) -> Iterator[Sentence]:
    """Yield what a marking that is no TLP asks for."""
    asked = handlings_of(marking, case.label, case.definitions, own=case.own.id)
    for each in asked:
        wishes = listed(asked_in_words(each), SEMICOLON)
        yield sentence("its marking %(marking)s asks for: %(wishes)s", marking=marking, wishes=wishes)
    if not is_understood(marking, case.label, case.definitions, own=case.own.id):
        yield sentence(
            "its marking %(marking)s is unknown: neither its owner nor this node has said what it asks for",
            marking=marking,
        )
    elif not asked:
        yield sentence("its marking %(marking)s is a statement, which restricts nothing", marking=marking)


def asked_in_words(asked: Handling) -> Iterator[str]:
    """Yield what a marking asks for beside statements, a wish at a time."""
    if asked.tlp is not None:
        yield level(asked.tlp)
    if asked.pap is not None:
        yield sentence("contact before any action") if asked.pap is PAP.NOTHING else f"PAP:{asked.pap.name}"
    if asked.not_before is not None:
        yield sentence("nothing before %(moment)s", moment=to_text(asked.not_before))
    if asked.not_after is not None:
        yield sentence("nothing from %(moment)s on", moment=to_text(asked.not_after))
    if asked.countries is not None:
        yield sentence("only to %(whom)s", whom=listed(asked.countries) or sentence("no country"))
    if asked.no_regulators:
        yield sentence("no regulatory use")
    if asked.no_law_enforcement:
        yield sentence("no use by law enforcement")
    if asked.hide_source:
        yield sentence("its source is not to be told")
    if asked.communities is not None:
        circles = listed(asked.communities) or sentence("no community")
        yield sentence("only to members of %(communities)s", communities=circles)
    if asked.organisations is not None:
        yield sentence("only to %(whom)s", whom=listed(asked.organisations) or sentence("nobody"))
    if asked.roles is not None:
        roles = listed(asked.roles, OR) or sentence("nothing")
        yield sentence("only to organisations that are %(roles)s", roles=roles)
    if asked.encrypted:
        yield sentence("over encrypted channels only")
    if asked.not_public:
        yield sentence("nothing public: TLP:CLEAR beside it counts as TLP:GREEN")
