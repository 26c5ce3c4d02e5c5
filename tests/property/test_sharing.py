"""Decisions and the compiler of policies against Cedar and the reference, on what Hypothesis makes up.

The default run is small; `make gate` runs the same comparisons millions of times.
"""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deciding import (
    ACTIONS,
    AGREED,
    DEFINITIONS,
    FOREIGN,
    HANDLING_IDS,
    KINDS,
    NOW,
    OWN,
    OWN_ID,
    PEER_ID,
    QUARRELLED,
    STATEMENT,
    THIRD_ID,
    UNKNOWN,
)
from reference_policy import LEVELS, forms_of, may
from tocsin.law.transfer import GROUNDS
from tocsin.sharing import oracle, policy
from tocsin.sharing.actions import FORMS
from tocsin.sharing.audience import ROLES, TRUST, Organisation
from tocsin.sharing.columns import Columns
from tocsin.sharing.compiled import Compiler, asker
from tocsin.sharing.decision import Decider
from tocsin.sharing.facts import Facts, facts_of
from tocsin.sharing.labels import Label, label_for
from tocsin.sharing.policy import PolicySet
from tocsin.stix.sensitive import SENSITIVE

SCHEMA = (policy.files("tocsin.sharing") / "policies" / "schema.cedarschema").read_text(encoding="utf-8")
DECIDER = Decider(policy.load(), OWN)
COMMUNITIES = ("c1", "c2", "c3", "", "identity--x", *AGREED)
ORGANISATIONS = (OWN_ID, PEER_ID, THIRD_ID, "identity--ä")
MARKINGS = (
    *LEVELS,
    *HANDLING_IDS.values(),
    STATEMENT,
    FOREIGN,
    UNKNOWN,
    QUARRELLED,
    "marking-definition--nobody",
)
WORDS = ("clear", "green", "amber", "amber+strict", "red", "white", "CLEAR", "")

some_communities = st.lists(st.sampled_from(COMMUNITIES), max_size=4)
labels = st.builds(
    label_for,
    st.lists(st.sampled_from(MARKINGS), max_size=4),
    owner=st.sampled_from(ORGANISATIONS),
    communities=some_communities,
    recipients=st.lists(st.sampled_from(ORGANISATIONS), max_size=3),
    assumed=st.none() | st.sampled_from(WORDS),
    holds=st.lists(st.sampled_from(SENSITIVE), max_size=3),
)
others = st.builds(
    Organisation,
    st.sampled_from(ORGANISATIONS[1:]),
    st.just("Somebody"),
    country=st.sampled_from(("", "XA", "XB", "XC")),
    sector=st.sampled_from(("", "energy")),
    roles=st.lists(st.sampled_from(("csirt", "regulator", "law-enforcement", "company")), max_size=2).map(
        tuple
    ),
    communities=some_communities.map(tuple),
    client=st.booleans(),
    suspended=st.booleans(),
    trust=st.sampled_from(TRUST),
    embargoed=st.sampled_from(("", "", "an embargo")),
    transfer=st.sampled_from(GROUNDS),
    encrypted=st.booleans(),
)
own = st.builds(Organisation, st.just(OWN_ID), st.just("Own"), own=st.just(True), suspended=st.booleans())
recipients = others | own
actions = st.sampled_from(("receive", "receive", *ACTIONS))


def compare(recipient: Organisation, action: str, some: list[Label]) -> None:
    """Reference, compiled filter and Cedar, over all label sets."""
    numbered = dict(enumerate(some))
    found = DECIDER.clearance(recipient, action, numbered, DEFINITIONS, 1).labels
    expected = tuple(n for n, label in numbered.items() if may(recipient, action, label, KINDS, OWN_ID))
    assert found == expected
    for number, label in numbered.items():
        decided = DECIDER.decide(recipient, action, label, DEFINITIONS)
        assert not decided.errors
        assert decided.allowed == (number in expected)
        assert {p.effect for p in decided.reasons} <= {"permit" if decided.allowed else "forbid"}


@given(recipients, actions, st.lists(labels, max_size=12))
@settings(max_examples=150, deadline=None)
def test_three_readings_agree(recipient: Organisation, action: str, some: list[Label]) -> None:
    compare(recipient, action, some)


@given(labels, recipients, st.sampled_from(MARKINGS))
@settings(max_examples=200, deadline=None)
def test_one_marking_more_never_releases_more(label: Label, recipient: Organisation, marking: str) -> None:
    if not any(m in LEVELS for m in label.markings):
        return  # the first level of all may free what nobody had marked
    more = msgspec.structs.replace(label, markings=tuple(sorted({*label.markings, marking})))
    if DECIDER.decide(recipient, "receive", more, DEFINITIONS).allowed:
        assert DECIDER.decide(recipient, "receive", label, DEFINITIONS).allowed


# --- the compiler, on policies that nobody would write --------------------------------------------------------------

strings = st.sampled_from(
    (
        "resource.owner",
        "context.recipient",
        "principal.country",
        "principal.sector",
        '"c1"',
        '"XA"',
        f'"{PEER_ID}"',
    )
)
sets = st.sampled_from(
    (
        "resource.communities",
        "resource.recipients",
        "principal.communities",
        "principal.roles",
        '["c1", "c2"]',
        '["csirt"]',
        f'["{PEER_ID}"]',
    )
)
levels = st.sampled_from(("resource.tlp", 'Tlp::"clear"', 'Tlp::"amber"', 'Tlp::"none"'))
leaves = (
    st.sampled_from(
        (
            "true",
            "false",
            "resource.ours",
            "resource.understood",
            "resource.limited",
            "resource.countries.contains(principal.country)",
            '(resource.timing == Timing::"expired")',
            '(resource.pap == Pap::"green")',
            "principal.client",
            "principal.own",
            "principal.suspended",
        )
    )
    | st.builds("({} {} {})".format, strings, st.sampled_from(("==", "!=")), strings)
    | st.builds("({} == {})".format, levels, levels)
    | st.builds("({} {} {})".format, sets, st.sampled_from(("==", "!=")), sets)
    | st.builds("{}.{}({})".format, sets, st.sampled_from(("containsAll", "containsAny")), sets)
    | st.builds("{}.contains({})".format, sets, strings)
    | st.builds("resource.levels.contains({})".format, levels)
    | st.builds("{}.isEmpty()".format, sets)
)
conditions = st.recursive(
    leaves,
    lambda inner: (
        st.builds("(!{})".format, inner)
        | st.builds("({} {} {})".format, inner, st.sampled_from(("&&", "||")), inner)
        | st.builds("(if {} then {} else {})".format, inner, inner, inner)
        | st.builds("({} == {})".format, inner, inner)
    ),
    max_leaves=10,
)
written = st.builds(
    "{} (principal, {}, resource) {} {{ {} }}".format,
    st.sampled_from(("permit", "permit", "forbid")),
    st.sampled_from(
        ("action", 'action == Action::"receive"', 'action in [Action::"match", Action::"receive"]')
    ),
    st.sampled_from(("when", "unless")),
    conditions,
)


def compare_compiled(texts: list[str], recipient: Organisation, action: str, some: list[Facts]) -> None:
    made = PolicySet(
        {"a.cedar": "".join(f'@id("p{n}") @title("t") @cite("c") {text};' for n, text in enumerate(texts))},
        SCHEMA,
    )
    condition = Compiler(made.policies.values()).condition(action)
    who, rows = asker(recipient), Columns(list(enumerate(some)))
    selected = rows.numbers(condition(rows, who))
    for number, facts in enumerate(some):
        decided = oracle.decide(made, recipient, action, facts)
        assert not decided.errors
        assert condition(Columns([(0, facts)]), who) == decided.allowed
        assert (number in selected) is decided.allowed


def facts_from(some: list[Label]) -> list[Facts]:
    return [facts_of(label, DEFINITIONS, own=OWN_ID, now=NOW) for label in some]


@given(
    st.lists(written, min_size=1, max_size=4),
    recipients,
    actions,
    st.lists(labels, min_size=3, max_size=8).map(facts_from),
)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_compiled_policies_mean_what_they_mean_to_cedar(
    texts: list[str], recipient: Organisation, action: str, some: list[Facts]
) -> None:
    compare_compiled(texts, recipient, action, some)


# --- nightly ---------------------------------------------------------------------------------------------------------


@pytest.mark.nightly
@given(
    st.lists(written, min_size=1, max_size=4),
    recipients,
    actions,
    st.lists(labels, min_size=3, max_size=8).map(facts_from),
)
@settings(max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_compiled_policies_mean_what_they_mean_to_cedar_at_length(
    texts: list[str], recipient: Organisation, action: str, some: list[Facts]
) -> None:
    compare_compiled(texts, recipient, action, some)


def _random_label(chance: random.Random, before: int) -> Label:
    """A label set that may rest on some of the `before` earlier ones."""
    return label_for(
        chance.sample(MARKINGS, chance.choice((0, 1, 1, 1, 2, 3))),
        owner=chance.choice(ORGANISATIONS),
        communities=chance.sample(COMMUNITIES, chance.randrange(4)),
        recipients=chance.sample(ORGANISATIONS, chance.randrange(4)),
        assumed=chance.choice((None, None, *WORDS)),
        holds=chance.sample(SENSITIVE, chance.choice((0, 0, 0, 1, 1, 2, 3))),
        rests=[
            [chance.randrange(before) for _ in range(chance.randrange(4))]
            for _ in range(chance.choice((0, 0, 0, 1, 2)) if before else 0)
        ],
    )


def _random_recipient(chance: random.Random) -> Organisation:
    if chance.random() < 0.05:
        return Organisation(OWN_ID, "Own", own=True, suspended=chance.random() < 0.3)
    return Organisation(
        chance.choice(ORGANISATIONS[1:]),
        "Somebody",
        country=chance.choice(("", "XA", "XB", "XC")),
        sector=chance.choice(("", "energy")),
        roles=tuple(chance.sample(ROLES, chance.randrange(3))),
        communities=tuple(chance.sample(COMMUNITIES, chance.randrange(4))),
        client=chance.random() < 0.5,
        suspended=chance.random() < 0.05,
        trust=chance.choice((*TRUST, "known", "known")),
        embargoed=chance.choice(("", "", "", "", "", "", "", "an embargo")),
        transfer=chance.choice(GROUNDS),
        encrypted=chance.random() < 0.8,
    )


PARTS = 4  # so that processes can share the work
SEED, TABLES, RECIPIENTS, LABELS, BY_CEDAR = 20261130, 63, 20, 2000, 40


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(PARTS))
def test_three_readings_agree_at_length(part: int) -> None:
    """10 M pairs in all by the compiled form and the reference, one in forty of them by Cedar as well; no difference.

    A pair is (recipient, action, label set). Of `receive` all three forms are compared, and what rests on others with them.
    """
    chance = random.Random(SEED + part)
    compared, by_cedar, gone = 0, 0, Counter[str]()
    for _ in range(TABLES):
        numbered = {n: _random_label(chance, n) for n in range(LABELS)}
        for _ in range(RECIPIENTS):
            recipient = _random_recipient(chance)
            action = chance.choice(("receive", "receive", "receive", *ACTIONS))
            by_action = {
                each: {n for n, label in numbered.items() if may(recipient, each, label, KINDS, OWN_ID)}
                for each in (FORMS if action == "receive" else (action,))
            }
            found = DECIDER.clearance(recipient, action, numbered, DEFINITIONS, 1).forms
            expected = forms_of(list(by_action.values()), numbered)
            assert [set(form) for form in found] == expected, (recipient, action)
            for number in range(0, LABELS, BY_CEDAR):
                for each, allowed in by_action.items():
                    decided = DECIDER.decide(recipient, each, numbered[number], DEFINITIONS)
                    assert not decided.errors
                    assert decided.allowed == (number in allowed), (recipient, each, numbered[number])
                    by_cedar += 1
            compared += len(numbered)
            gone.update({each: len(form) for each, form in zip(FORMS, expected, strict=True)})
    assert compared >= 10_000_000 // PARTS
    assert by_cedar >= compared // BY_CEDAR
    assert min(gone.values()) > compared // 1000, "too few of some form for the comparison to mean much"
