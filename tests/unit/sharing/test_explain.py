from __future__ import annotations

import itertools

import msgspec
import pytest

from deciding import (
    ACTIONS,
    DEFINITIONS,
    HANDLING_IDS,
    NOW,
    OWN,
    OWN_ID,
    PEER_ID,
    STATEMENT,
    THIRD_ID,
    UNKNOWN,
    recipient_of,
    recipients,
)
from deciding import labels as lattice
from tocsin.sharing import changes, oracle, policy
from tocsin.sharing.agreements import Terms
from tocsin.sharing.decision import Decider
from tocsin.sharing.explain import Explanation
from tocsin.sharing.facts import facts_of
from tocsin.sharing.labels import Definitions, Label, label_for
from tocsin.sharing.wording import Case
from tocsin.stix.markings import TLP, id_of

NAMES = {"c1": "Alliance", "c2": "Constituency", THIRD_ID: "Third"}
DECIDER = Decider(policy.load(), OWN)
OWN_ALONE = {"match", "block", "enrich_externally", "attribute_source", "use_in_proceedings"}


def ask(label, action="receive", **recipient) -> Explanation:
    return DECIDER.explain(recipient_of(**recipient), action, label, DEFINITIONS, names=NAMES)


def words(found: Explanation) -> list[str]:
    return [change.words for change in found.changes]


def test_a_release_names_its_rule_and_where_that_comes_from() -> None:
    found = ask(label_for([id_of(TLP.GREEN)], owner=OWN_ID, communities=("c1",)), communities=("c1",))
    assert found.allowed
    assert found.why == "TLP:GREEN may go to members of the community it is addressed to"
    (rule,) = found.rules
    assert (rule.id, rule.effect) == ("tlp-green-community", "permit")
    assert rule.source.startswith("FIRST TLP 2.0, TLP:GREEN")
    assert words(found) == [
        "Peer is suspended",
        "Peer leaves the community Alliance",
        "Own marks it TLP:AMBER+STRICT",
    ]
    assert found.changes[0].rules == ("suspended",)
    assert found.changes[1].rules == ()


def test_a_refusal_says_what_would_change_it_and_who_could() -> None:
    found = ask(label_for([id_of(TLP.AMBER)], owner=THIRD_ID, communities=("c1",)), communities=("c2",))
    assert not found.allowed
    assert found.rules == ()
    assert found.why == (
        "no policy permits it: it is TLP:AMBER of Third, and Peer is not among those it may go to"
    )
    assert words(found) == ["Peer becomes a client of Own", "Third marks it TLP:CLEAR"]
    assert [c.steps[0].who for c in found.changes] == [changes.OPERATOR, changes.SOURCE]
    assert found.changes[0].rules == ("tlp-amber-clients",)


def test_communities_are_named_one_by_one() -> None:
    found = ask(label_for([id_of(TLP.GREEN)], owner=OWN_ID, communities=("c1", "c2")), communities=("c3",))
    assert words(found) == [
        "Peer joins the community Alliance",
        "Peer joins the community Constituency",
        "it is kept in a collection of the community c3",
        "Own names Peer as recipient",
        "Own marks it TLP:CLEAR",
    ]


def test_unmarked_says_that_someone_may_vouch() -> None:
    found = ask(label_for([], owner=OWN_ID, communities=("c1",)), communities=("c1",))
    assert [r.id for r in found.rules] == ["unmarked-stays"]
    assert "it carries no TLP marking, and nobody vouched for one" in found.facts
    assert words(found) == ["Own marks it TLP:AMBER, or this node vouches for that at import"]


def test_several_reasons_need_several_changes() -> None:
    label = label_for([UNKNOWN, id_of(TLP.RED)], owner=OWN_ID)
    found = ask(label, suspended=True)
    assert [r.id for r in found.rules] == ["unknown-marking-stays", "suspended"]
    assert {len(change.steps) for change in found.changes} == {3}
    assert (
        "Peer is no longer suspended, and Own names Peer as recipient, and the unknown marking is defined by "
        "Own or by this node's organisation"
    ) in words(found)


def test_nobody_is_told_that_a_stricter_marking_would_help() -> None:
    """GREEN goes to the community, AMBER of others to clients: to mark it AMBER would let it go, but is no advice."""
    found = ask(label_for([id_of(TLP.GREEN)], owner=THIRD_ID, communities=("c1",)), client=True)
    assert not found.allowed
    assert words(found) == ["Peer joins the community Alliance", "Third marks it TLP:CLEAR"]


def test_matching_is_not_for_others() -> None:
    found = ask(label_for([id_of(TLP.CLEAR)], owner=OWN_ID), action="match")
    assert found.why == "no policy permits Peer to look for it in logs"
    assert found.changes == ()


def test_what_cannot_be_evaluated_is_no_and_says_so() -> None:
    found = ask(label_for([id_of(TLP.CLEAR)], owner=OWN_ID), action="sell")
    assert not found.allowed
    assert found.why.startswith("the decision could not be made, so it is no (")
    assert found.changes == ()


@pytest.mark.parametrize(
    ("label", "fact"),
    [
        (label_for([id_of(TLP.GREEN), id_of(TLP.RED)], owner=OWN_ID), "it is TLP:RED, the strictest of TLP:GREEN and TLP:RED"),
        (label_for([], owner=OWN_ID, assumed="clear"), "it carries no TLP marking; who brought it in vouched for TLP:CLEAR"),
        (label_for([], owner=OWN_ID, assumed="white"), "it carries no TLP marking; what was vouched for, 'white', is no level and counts as TLP:RED"),
        (label_for([STATEMENT], owner=OWN_ID), f"its marking {STATEMENT} is a statement, which restricts nothing"),
        (label_for([UNKNOWN], owner=OWN_ID), f"its marking {UNKNOWN} is unknown: neither its owner nor this node has said what it asks for"),
        (label_for([], owner=OWN_ID), "it is this node's own: Own asserted it"),
        (label_for([], owner=THIRD_ID), "Third asserted it to this node, which is a recipient of it"),
        (label_for([], owner=OWN_ID, communities=("c1", "x"), recipients=(THIRD_ID,)), "it is addressed to these communities: Alliance and x; its owner named: Third"),
        (label_for([], owner=OWN_ID), "it is addressed to these communities: none; its owner named: nobody"),
        (label_for([], owner=OWN_ID, communities=("c1",), recipients=(PEER_ID,)), "Peer is a member of Alliance, named, a client of Own"),
        (label_for([], owner=OWN_ID), "Peer is in none of those communities, not named, a client of Own"),
        (label_for([], owner=OWN_ID), "Peer is suspended"),
    ],
)  # fmt: skip
def test_facts_in_words(label, fact: str) -> None:
    assert fact in ask(label, communities=("c1",), client=True, suspended=True).facts


def test_the_own_organisation_is_told_so() -> None:
    found = DECIDER.explain(OWN, "match", label_for([], owner=THIRD_ID), DEFINITIONS)
    assert found.allowed
    assert "Own runs this node" in found.facts
    assert words(found) == ["Own is suspended"]


@pytest.mark.whole
@pytest.mark.parametrize("each", [7507, pytest.param(2503, marks=pytest.mark.nightly)])
def test_every_change_does_what_it_says_and_none_is_longer_than_needed(each: int) -> None:
    """Over a sample of the lattice: the outcome agrees with the decision, and changes have as few steps as possible."""
    some = list(itertools.islice(lattice(), 0, None, each))
    for recipient, action, label in itertools.product(recipients(), ACTIONS, some):
        decided = DECIDER.decide(recipient, action, label, DEFINITIONS)
        found = DECIDER.explain(recipient, action, label, DEFINITIONS)
        assert found.allowed == decided.allowed
        assert [r.id for r in found.rules] == [p.id for p in decided.reasons]
        assert len({len(change.steps) for change in found.changes}) <= 1
        for change in found.changes:
            outcome = {p.effect for p in DECIDER.policies.policies.values() if p.id in change.rules}
            assert outcome <= ({"forbid"} if found.allowed else {"permit"})
        if not found.changes:  # what only this node's own organisation may do is out of reach of others, and evidence of its source
            assert action in OWN_ALONE
            assert not recipient.own or action == "use_in_proceedings"


def test_a_lifted_suspension_is_enough_where_nothing_else_stands_in_the_way() -> None:
    label = label_for([id_of(TLP.CLEAR)], owner=OWN_ID)
    found = ask(label, suspended=True)
    assert words(found) == ["Peer is no longer suspended"]
    facts = facts_of(label, DEFINITIONS, own=OWN_ID, now=NOW)
    assert oracle.decide(DECIDER.policies, recipient_of(), "receive", facts).allowed


def test_what_was_agreed_is_told_and_who_could_change_it() -> None:
    label = label_for([id_of(TLP.CLEAR)], owner=THIRD_ID, communities=("c8",))
    found = DECIDER.explain(OWN, "block", label, DEFINITIONS, names=NAMES)
    assert [rule.id for rule in found.rules] == ["agreement-block"]
    assert "the agreement 'Pact' permits only to use it in proceedings" in found.facts
    (change,) = found.changes
    assert (change.words, change.steps[0].who) == (
        "what was agreed permits to act against what it names",
        changes.PARTIES,
    )
    assert change.rules == ("pap-block",)
    closed = ask(msgspec.structs.replace(label, communities=("c7",)))
    assert "the agreement 'Pact' keeps it among the members of its communities" in closed.facts
    assert words(closed) == ["Peer joins the community c7"]
    free = msgspec.structs.replace(label, communities=("c1",))
    found = DECIDER.explain(OWN, "use_in_proceedings", free, DEFINITIONS, names=NAMES)
    assert words(found) == ["the agreement that its communities rest on permits use in proceedings"]
    said = Definitions({}, {"c1": Terms("Other"), "c2": Terms("Third", (), closed=True)})
    found = DECIDER.explain(OWN, "match", msgspec.structs.replace(label, communities=("c1", "c2")), said)
    assert "the agreement 'Other' says nothing of what may be done with it" in found.facts
    assert (
        "the agreement 'Third' permits only to have it and keeps it among the members of its communities"
        in found.facts
    )


GREEN_TO_ALL = label_for([id_of(TLP.GREEN)], owner=THIRD_ID, communities=("c1",))
NO_NAMES = label_for([HANDLING_IDS["no names"], id_of(TLP.GREEN)], owner=THIRD_ID, communities=("c1",))
PERSONAL = label_for([id_of(TLP.GREEN)], owner=THIRD_ID, communities=("c1",), holds=("name",))


def resting(on: dict[int, Label], action: str = "receive", **recipient) -> Explanation:
    """Explain a label set that may go, but rests on the last of others."""
    label = msgspec.structs.replace(GREEN_TO_ALL, rests=((max(on),),))
    who = recipient_of(communities=("c1",), **recipient)
    return DECIDER.explain(who, action, label, DEFINITIONS, names=NAMES, labels=on)


def test_what_rests_on_something_that_goes_in_a_form_goes_in_one() -> None:
    found = resting({7: NO_NAMES})
    assert (found.allowed, found.form) == (False, "receive_redacted")
    assert found.why == "it refers to what Peer may not have"
    assert found.facts[-1].startswith("it refers to something that Third marked TLP:GREEN: ")
    assert resting({7: GREEN_TO_ALL}).allowed
    assert resting({7: GREEN_TO_ALL}).form == ""


def test_any_form_of_what_it_rests_on_is_enough_for_a_form() -> None:
    found = resting({7: PERSONAL}, transfer="none")
    assert (found.allowed, found.form) == (False, "receive_redacted")
    for action in ("receive_redacted", "receive_minimised"):
        assert resting({7: PERSONAL}, action, transfer="none").form == ""


def test_what_it_rests_on_has_to_go_whole_with_all_that_it_rests_on_itself() -> None:
    between = msgspec.structs.replace(GREEN_TO_ALL, rests=((7,),))
    found = resting({7: PERSONAL, 8: between}, transfer="none")
    assert not found.allowed
    assert found.facts[-1].endswith("TLP:GREEN: that refers to something withheld itself")
    assert found.form == "receive_redacted"


def test_what_an_error_forbids_no_change_turns() -> None:
    case = Case(
        OWN, recipient_of(), "sell", label_for([id_of(TLP.CLEAR)], owner=OWN_ID), DEFINITIONS, NAMES, NOW
    )
    facts = facts_of(case.label, DEFINITIONS, own=OWN_ID, now=NOW)
    allowed = oracle.Decision(allowed=True, reasons=(), errors=())
    assert list(changes.changes_of(policy.load(), case, facts, allowed)) == []
