"""Why an organisation may or may not have something, and what would change that, in words.

They are sentences (`tocsin.sentence`): whoever encodes them gives `str` as the hook for what is no plain text.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tocsin.sentence import SEMICOLON, listed, sentence
from tocsin.sharing import oracle
from tocsin.sharing.actions import ACTIONS, FORMS
from tocsin.sharing.changes import Change, changes_of
from tocsin.sharing.facts import Facts, facts_of
from tocsin.sharing.labels import Label
from tocsin.sharing.oracle import Decision
from tocsin.sharing.policy import PolicySet
from tocsin.sharing.wording import Case, facts_in_words, level


class Rule(msgspec.Struct, frozen=True):
    """A policy that decided: its id, what it says, where that comes from, and whether it permits or forbids."""

    id: str
    title: str
    source: str
    effect: str


class Explanation(msgspec.Struct, frozen=True):
    """An outcome in words.

    Attributes:
        allowed: the outcome.
        why: the titles of the deciding policies, or that no policy permits it.
        rules: the deciding policies.
        facts: what the decision rests on.
        form: where it may not go as it is, the form that goes instead: an action of `FORMS`, or "".
        changes: what would turn the outcome; empty when nothing within reach would.
    """

    allowed: bool
    why: str
    rules: tuple[Rule, ...]
    facts: tuple[str, ...]
    changes: tuple[Change, ...]
    form: str = ""


def explain(policies: PolicySet, case: Case) -> Explanation:
    """Explain one decision."""
    facts = facts_of(case.label, case.definitions, own=case.own.id, now=case.now)
    decision = oracle.decide(policies, case.recipient, case.action, facts)
    withheld = tuple(_withheld_grounds(policies, case)) if decision.allowed else ()
    form = "" if decision.allowed and not withheld else _form(policies, case)
    if withheld:
        return Explanation(
            allowed=False,
            why=sentence("it refers to what %(name)s may not have", name=case.recipient.name),
            rules=(),
            facts=(*facts_in_words(case, facts), *withheld),
            changes=(),
            form=form,
        )
    return Explanation(
        allowed=decision.allowed,
        why=_why(case, facts, decision),
        rules=tuple(Rule(p.id, p.title, p.cite, p.effect) for p in decision.reasons),
        facts=tuple(facts_in_words(case, facts)),
        changes=tuple(changes_of(policies, case, facts, decision)),
        form=form,
    )


def _form(policies: PolicySet, case: Case) -> str:
    """Return the fullest form after the one asked for that may go."""
    if case.action != FORMS[0]:
        return ""
    return next((form for form in FORMS[1:] if _goes(policies, case, case.label, form)), "")


def _goes(policies: PolicySet, case: Case, label: Label, action: str) -> bool:
    """Return whether something may go, with all that it rests on: in a form, if that goes in any form."""
    facts = facts_of(label, case.definitions, own=case.own.id, now=case.now)
    if not oracle.decide(policies, case.recipient, action, facts).allowed:
        return False
    enough = FORMS if action in FORMS[1:] else (action,)
    return all(
        any(_goes(policies, case, case.labels[number], each) for number in ground for each in enough)
        for ground in label.rests
    )


def _withheld_grounds(policies: PolicySet, case: Case) -> Iterator[str]:
    """Yield in words what the label rests on and the recipient may not have."""
    for ground in case.label.rests:
        labels = [case.labels[number] for number in ground]
        if any(_goes(policies, case, label, case.action) for label in labels):
            continue
        for label in labels:
            facts = facts_of(label, case.definitions, own=case.own.id, now=case.now)
            decision = oracle.decide(policies, case.recipient, case.action, facts)
            why = (
                _why(case, facts, decision)
                if not decision.allowed
                else sentence("that refers to something withheld itself")
            )
            yield sentence(
                "it refers to something that %(owner)s marked %(level)s: %(why)s",
                owner=case.name(facts.owner),
                level=level(facts.tlp),
                why=why,
            )


def _why(case: Case, facts: Facts, decision: Decision) -> str:
    name = case.recipient.name
    if decision.errors:
        return sentence("the decision could not be made, so it is no (%(error)s)", error=decision.errors[0])
    if decision.reasons:
        return listed((sentence(policy.title) for policy in decision.reasons), SEMICOLON)
    if case.action != FORMS[0]:
        action = sentence(ACTIONS[case.action])
        return sentence("no policy permits %(name)s to %(action)s", name=name, action=action)
    if facts.ours:
        return sentence(
            "no policy permits it: it is %(level)s of this node's own, and %(name)s is not among those it may go to",
            level=level(facts.tlp),
            name=name,
        )
    return sentence(
        "no policy permits it: it is %(level)s of %(owner)s, and %(name)s is not among those it may go to",
        level=level(facts.tlp),
        owner=case.name(facts.owner),
        name=name,
    )
