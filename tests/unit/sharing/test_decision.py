"""Decisions: the whole lattice against an independent reading, Cedar and the compiled form; and what must never happen."""

from __future__ import annotations

import functools
import itertools
import threading

import msgspec
import pytest

from deciding import (
    ACTIONS,
    DEFINITIONS,
    HANDLING_IDS,
    KINDS,
    NOW,
    OWN,
    OWN_ID,
    PEER,
    PEER_ID,
    THIRD_ID,
    recipient_of,
    recipients,
)
from deciding import labels as lattice
from reference_policy import level, may, understood
from tocsin.errors import PolicyError
from tocsin.sharing import decision, oracle, policy
from tocsin.sharing.actions import FORMS
from tocsin.sharing.audience import Organisation
from tocsin.sharing.columns import Columns
from tocsin.sharing.compiled import Compiler, asker
from tocsin.sharing.decision import Decider
from tocsin.sharing.facts import facts_of
from tocsin.sharing.labels import Definitions, Label, label_for
from tocsin.sharing.policy import PolicySet
from tocsin.stix.markings import TLP, id_of
from tocsin.stix.sensitive import PERSONAL

SHIPPED = policy.load()
LABELS = dict(enumerate(lattice(), 1))
SCHEMA = (policy.files("tocsin.sharing") / "policies" / "schema.cedarschema").read_text(encoding="utf-8")
CASES = list(itertools.product(recipients(), ACTIONS))


def name(case) -> str:
    return f"{case[0].name} {case[0].communities} client={case[0].client} suspended={case[0].suspended} {case[1]}"


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(SHIPPED, OWN)


@pytest.fixture
def fresh() -> Decider:
    return Decider(SHIPPED, OWN)


def allowed(
    decider: Decider, recipient: Organisation, labels=LABELS, action="receive", definitions=DEFINITIONS
):
    return set(decider.clearance(recipient, action, labels, definitions, 1).labels)


@functools.cache
def expected_of(recipient: Organisation, action: str) -> frozenset[int]:
    """What the reference allows of the whole lattice; worked out once, it is asked for by every test below."""
    return frozenset(n for n, label in LABELS.items() if may(recipient, action, label, KINDS, OWN_ID))


@functools.cache
def rows() -> Columns:
    """The facts of the whole lattice."""
    return Columns([(n, facts_of(label, DEFINITIONS, own=OWN_ID, now=NOW)) for n, label in LABELS.items()])


def test_cedar_is_asked_about_what_was_just_decided_and_what_was_before(fresh: Decider, monkeypatch) -> None:
    asked: list[tuple] = []
    ask = oracle.decide_each

    def noting(policies, recipient, questions):
        asked.extend(questions)
        return ask(policies, recipient, questions)

    monkeypatch.setattr(decision.oracle, "decide_each", noting)
    labels = {n: label_for([id_of(TLP.GREEN)], owner=OWN_ID) for n in range(1, 401)}
    fresh.clearance(PEER, "receive", labels, Definitions(), 1)
    count = {action: sum(each == action for each, _ in asked) for action in FORMS}
    # two of those that are new; of the forms one of each two
    assert count == {"receive": 2, "receive_redacted": 1, "receive_minimised": 1}
    assert len({facts for _, facts in asked}) == 1
    asked.clear()
    labels = labels | {n: label_for([id_of(TLP.CLEAR)], owner=OWN_ID) for n in (401, 402)}
    fresh.clearance(PEER, "receive", labels, Definitions(), 2)
    levels = [facts.tlp for action, facts in asked if action == "receive"]
    assert levels == ["clear", "clear", "green", "green"]  # two that are new, and two from before
    asked.clear()
    fresh.clearance(PEER, "receive", labels, Definitions(), 2)
    assert [action for action, _ in asked].count("receive") == 2  # nothing is new


# --- three readings -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=map(name, CASES))
def test_the_compiled_form_agrees_with_the_reference_on_the_whole_lattice(decider: Decider, case) -> None:
    recipient, action = case
    expected = expected_of(recipient, action)
    assert allowed(decider, recipient, LABELS, action) == expected


@pytest.mark.whole
@pytest.mark.parametrize("case", CASES, ids=map(name, CASES))
def test_cedar_agrees_with_the_reference_on_all_facts_of_the_lattice(decider: Decider, case) -> None:
    recipient, action = case
    some = {facts: number for number, facts in rows().rows}
    assert len(some) > 500
    # `test_three_readings_agree_at_length` asks it far more often at night
    asked = [(action, facts) for facts in some][:: 5 if action == "receive" else 25]
    expected = expected_of(recipient, action)
    for (_, facts), found in zip(asked, oracle.decide_each(SHIPPED, recipient, asked), strict=True):
        assert not found.errors
        assert found.allowed == (some[facts] in expected), LABELS[some[facts]]


def test_the_lattice_is_whole() -> None:
    assert len(LABELS) == 16 * 38 * 3 * 4 + 14 * 4 * 3 * 2 + 7 * 6 * 3 * 2 + 2
    assert {level(label, KINDS, OWN_ID) for label in LABELS.values()} == {None, 0, 1, 2, 3, 4}
    assert len({recipient for recipient, _ in CASES}) == 27


@pytest.mark.whole
@pytest.mark.parametrize("dropped", sorted(p.id for p in SHIPPED.policies.values()))
def test_every_policy_is_needed(dropped: str) -> None:
    """Without any one of them the lattice shows a difference. `unmarked-stays` says why, and guards against added permits."""
    texts = [f.read_text(encoding="utf-8") for f in _files()]
    others = Compiler(PolicySet({"a.cedar": "".join(_policies(texts, dropped))}, SCHEMA).policies.values())
    differs = any(
        set(rows().numbers(others.condition(action)(rows(), asker(recipient))))
        != expected_of(recipient, action)
        for recipient, action in CASES
    )
    assert differs == (dropped != "unmarked-stays")


def _files():
    return sorted((policy.files("tocsin.sharing") / "policies").glob("*.cedar"))


def _policies(texts, dropped):
    for text in texts:
        for part in text.split("@id(")[1:]:
            if not part.startswith(f'"{dropped}"'):
                yield "@id(" + part


# --- what must never happen, whatever else permits ---------------------------------------------------

PERMIT_ALL = '@id("all") @title("t") @cite("c") permit (principal, action, resource);'


def test_forbids_hold_against_policies_that_permit_everything() -> None:
    texts = {f.name: f.read_text(encoding="utf-8") for f in _files()} | {"x.cedar": PERMIT_ALL}
    loose = Decider(PolicySet(texts, SCHEMA), OWN)
    for recipient, action in CASES:
        for number in allowed(loose, recipient, LABELS, action):
            label = LABELS[number]
            assert not recipient.suspended
            if not recipient.own and label.owner != recipient.id:
                assert level(label, KINDS, OWN_ID) is not None
                assert understood(label, KINDS, OWN_ID)


def test_unmarked_and_unknown_never_leave(decider: Decider) -> None:
    for recipient, action in CASES:
        for number in allowed(decider, recipient, LABELS, action):
            label = LABELS[number]
            if not recipient.own and label.owner != recipient.id:
                assert level(label, KINDS, OWN_ID) is not None
                assert understood(label, KINDS, OWN_ID)


def test_red_reaches_only_whom_this_node_named(decider: Decider) -> None:
    for recipient, action in CASES:
        for number in allowed(decider, recipient, LABELS, action):
            label = LABELS[number]
            if level(label, KINDS, OWN_ID) == 4 and not recipient.own and label.owner != recipient.id:
                assert label.owner == OWN_ID
                assert recipient.id in label.recipients


def test_the_suspended_get_nothing(decider: Decider) -> None:
    for recipient, action in CASES:
        if recipient.suspended:
            assert not allowed(decider, recipient, LABELS, action)


def test_others_may_only_receive(decider: Decider) -> None:
    for recipient in recipients():
        if not recipient.own:
            assert not allowed(decider, recipient, LABELS, "match")


def test_a_stricter_marking_never_releases_more(decider: Decider) -> None:
    """With one exception that FIRST's words make: clients get what others marked AMBER, and GREEN goes to the community only."""
    for recipient in recipients():
        got = allowed(decider, recipient)
        by_rest: dict[Label, dict[int, bool]] = {}
        for number, label in LABELS.items():
            if (
                len(label.markings) == 1
                and not label.holds
                and label.assumed is None
                and (tlp := level(label, KINDS, OWN_ID)) is not None
            ):
                rest = msgspec.structs.replace(label, markings=())
                by_rest.setdefault(rest, {})[tlp] = number in got
        for rest, chain in by_rest.items():
            assert sorted(chain) == [0, 1, 2, 3, 4]
            for freer, stricter in itertools.pairwise(range(5)):
                if chain[stricter] and not chain[freer]:
                    assert (freer, stricter) == (TLP.GREEN, TLP.AMBER)
                    assert recipient.client
                    assert rest.owner != OWN_ID


def test_another_marking_beside_never_releases_more(decider: Decider) -> None:
    """Also where AMBER comes beside GREEN: both hold."""
    numbers = {label: n for n, label in LABELS.items() if label.assumed is None}
    for recipient in recipients():
        got = allowed(decider, recipient)
        for label, number in numbers.items():
            for fewer in (
                itertools.combinations(label.markings, len(label.markings) - 1) if label.markings else ()
            ):
                rest = numbers.get(msgspec.structs.replace(label, markings=fewer))
                if number in got and rest is not None and level(LABELS[rest], KINDS, OWN_ID) is not None:
                    assert rest in got, (recipient, label)


def test_a_narrower_audience_never_releases_more(decider: Decider) -> None:
    numbers = {label: n for n, label in LABELS.items() if not label.holds}
    wider = {
        (communities, named)
        for communities in (("c1",), ("c1", "c2"))
        for named in ((PEER_ID,), (PEER_ID, THIRD_ID))
    }
    for recipient in recipients():
        got = allowed(decider, recipient)
        for label, number in numbers.items():
            if number not in got:
                continue
            for communities, named in wider:
                if set(communities) >= set(label.communities) and set(named) >= set(label.recipients):
                    assert (
                        numbers[msgspec.structs.replace(label, communities=communities, recipients=named)]
                        in got
                    )


def test_leaving_a_community_or_being_suspended_never_gains(decider: Decider) -> None:
    for client in (False, True):
        member = allowed(decider, recipient_of(communities=("c1", "c2"), client=client))
        assert allowed(decider, recipient_of(communities=("c1",), client=client)) <= member
        assert allowed(decider, recipient_of(client=client)) <= allowed(
            decider, recipient_of(communities=("c1",), client=client)
        )
        assert allowed(decider, recipient_of(client=False)) <= allowed(decider, recipient_of(client=True))


def test_personal_data_never_go_without_a_ground(decider: Decider) -> None:
    """Not as they are, not redacted, and not onward; what goes minimised holds none."""
    held = {n for n, label in LABELS.items() if not PERSONAL.isdisjoint(label.holds)}
    theirs = {n for n in held if LABELS[n].owner == PEER_ID}
    for recipient in recipients():
        if recipient.own or recipient.transfer not in {"none", "unknown"}:
            continue
        for action in ("receive", "receive_redacted", "see_metadata", "redistribute"):
            assert allowed(decider, recipient, LABELS, action) & held <= theirs
        assert allowed(decider, recipient, LABELS, "receive_minimised") & held - theirs


def test_a_fuller_form_goes_only_where_the_others_would_go(decider: Decider) -> None:
    for recipient in recipients():
        if recipient.own:
            continue
        theirs = {n for n, label in LABELS.items() if label.owner == recipient.id}
        whole, redacted, minimised = (allowed(decider, recipient, LABELS, form) - theirs for form in FORMS)
        assert whole <= redacted <= minimised


def test_what_holds_more_never_goes_further(decider: Decider) -> None:
    numbers = {label: n for n, label in LABELS.items()}
    for recipient, action in CASES:
        got = allowed(decider, recipient, LABELS, action)
        for label, number in numbers.items():
            if label.holds and number in got:
                without = numbers.get(msgspec.structs.replace(label, holds=()))
                assert without is None or without in got, (recipient, label)


def test_each_label_set_goes_in_one_form_the_fullest(decider: Decider) -> None:
    for recipient in recipients():
        cleared = decider.clearance(recipient, "receive", LABELS, DEFINITIONS, 1)
        each = [allowed(decider, recipient, LABELS, form) for form in FORMS]
        assert set(cleared.labels) == each[0]
        assert set(cleared.redacted) == each[1] - each[0]
        assert set(cleared.minimised) == each[2] - each[1] - each[0]


# --- what rests on something else ---------------------------------------------------------------------


def test_what_rests_on_others_goes_where_they_go(fresh: Decider) -> None:
    green = label_for([id_of(TLP.GREEN)], owner=OWN_ID, communities=("c1",))
    red = label_for([id_of(TLP.RED)], owner=OWN_ID, recipients=(THIRD_ID,))
    secret = msgspec.structs.replace(green, holds=("victim",))
    numbered = {
        1: green,
        2: red,
        3: msgspec.structs.replace(green, rests=((2,),)),
        4: msgspec.structs.replace(green, rests=((1, 2),)),
        5: msgspec.structs.replace(green, rests=((1,), (3,))),
        6: secret,
        7: msgspec.structs.replace(green, rests=((6,),)),
        8: msgspec.structs.replace(red, rests=((1,),)),
    }
    cleared = fresh.clearance(recipient_of(communities=("c1",)), "receive", numbered, DEFINITIONS, 1)
    assert cleared.forms == ((1, 4), (6, 7), ())
    assert fresh.clearance(OWN, "receive", numbered, DEFINITIONS, 1).labels == tuple(numbered)


# --- what was agreed ----------------------------------------------------------------------------------


def test_what_an_agreement_closes_goes_to_members_alone_and_nobody_passes_it_on(decider: Decider) -> None:
    """Also TLP:CLEAR, also to clients, also when they are named; whose it is, and what is this node's own, is not bound."""
    closed = {
        n: label
        for n, label in LABELS.items()
        if label.owner == THIRD_ID and {"c7", "c9"} & set(label.communities)
    }
    for recipient, action in CASES:
        if recipient.own and action != "redistribute":
            continue
        for number in allowed(decider, recipient, LABELS, action).intersection(closed):
            assert action != "redistribute"
            assert set(recipient.communities) & set(closed[number].communities), (recipient, closed[number])
    ours = label_for([id_of(TLP.CLEAR)], owner=OWN_ID, communities=("c7",))
    assert decider.decide(PEER, "receive", ours, DEFINITIONS).allowed
    assert decider.decide(PEER, "redistribute", ours, DEFINITIONS).allowed


def test_what_an_agreement_does_not_permit_is_not_done(decider: Decider) -> None:
    theirs = label_for([id_of(TLP.CLEAR)], owner=THIRD_ID, communities=("c8",))
    free = msgspec.structs.replace(theirs, communities=("c1",))
    uses = {"match", "enrich_externally", "block", "attribute_source", "redistribute"}
    for action in uses:
        assert decider.decide(OWN, action, free, DEFINITIONS).allowed
        denied = decider.decide(OWN, action, theirs, DEFINITIONS)
        assert not denied.allowed
        assert [p.id for p in denied.reasons] == [f"agreement-{action.split('_')[0]}"]
    assert decider.decide(OWN, "use_in_proceedings", theirs, DEFINITIONS).allowed
    assert not decider.decide(OWN, "use_in_proceedings", free, DEFINITIONS).allowed


# --- clearances -----------------------------------------------------------------------------------------


def test_a_clearance_says_for_whom_for_what_and_on_what_it_rests(fresh: Decider) -> None:
    labels = {n: label_for([id_of(tlp)], owner=OWN_ID, communities=("c1",)) for n, tlp in enumerate(TLP, 1)}
    found = fresh.clearance(recipient_of(communities=("c1",)), "receive", labels, Definitions(), 7)
    assert (found.recipient, found.action, found.labels, found.generation) == (
        PEER_ID,
        "receive",
        (1, 2, 3),
        7,
    )


def test_label_numbers_ascend_in_whatever_order_they_come(fresh: Decider) -> None:
    clear = label_for([id_of(TLP.CLEAR)], owner=OWN_ID)
    assert fresh.clearance(PEER, "receive", {9: clear, 4: clear}, Definitions(), 1).labels == (4, 9)
    assert fresh.clearance(PEER, "receive", {9: clear, 4: clear, 6: clear}, Definitions(), 2).labels == (
        4,
        6,
        9,
    )


def test_nothing_there_is_nothing_allowed(fresh: Decider) -> None:
    assert fresh.clearance(OWN, "receive", {}, Definitions(), 1).labels == ()


def test_only_added_label_sets_are_decided(fresh: Decider, monkeypatch: pytest.MonkeyPatch) -> None:
    recipient = recipient_of(communities=("c1",))
    first = dict(list(LABELS.items())[:1000])
    allowed(fresh, recipient, first)
    seen = []
    condition = fresh._compiled.condition

    def noted(action: str):
        return lambda rows, who: seen.append((action, len(rows.rows))) or condition(action)(rows, who)

    monkeypatch.setattr(fresh._compiled, "condition", noted)
    assert allowed(fresh, recipient, first) == allowed(Decider(SHIPPED, OWN), recipient, first)
    more = dict(list(LABELS.items())[:1007])
    assert allowed(fresh, recipient, more) == allowed(Decider(SHIPPED, OWN), recipient, more)
    assert [each for each in seen if each[1]] == [(form, 7) for form in FORMS]


def test_whatever_came_before_the_answer_is_that_of_a_fresh_decider(fresh: Decider) -> None:
    """Label sets added, left out, changed; markings defined and not; recipients who change; two actions."""
    items = list(LABELS.items())
    items = items[:: len(items) // 700]
    steps = [
        (items[:300], DEFINITIONS),
        (items[:500], DEFINITIONS),
        (items[100:200], DEFINITIONS),
        (items[:500], Definitions()),
        (items[:600], DEFINITIONS),
        ([(n, LABELS[len(LABELS) - n]) for n, _ in items[:600]], DEFINITIONS),
        (items, DEFINITIONS),
    ]
    for (some, definitions), suspended in itertools.product(steps, (False, True)):
        for recipient in (
            recipient_of(communities=("c1",), suspended=suspended),
            recipient_of(client=True),
            OWN,
        ):
            for action in ACTIONS:
                expected = allowed(Decider(SHIPPED, OWN), recipient, dict(some), action, definitions)
                assert allowed(fresh, recipient, dict(some), action, definitions) == expected


def test_an_action_that_does_not_exist(fresh: Decider) -> None:
    with pytest.raises(PolicyError, match="unknown action 'sell'"):
        fresh.clearance(OWN, "sell", LABELS, DEFINITIONS, 1)
    assert not fresh.decide(OWN, "sell", LABELS[1], DEFINITIONS).allowed


@pytest.mark.parametrize("wrong", [True, False])
def test_a_filter_that_disagrees_with_cedar_ends_all_releases(
    fresh: Decider, wrong: bool, monkeypatch
) -> None:
    """Once is enough, also when a later sample would agree."""
    labels = {1: label_for([id_of(TLP.RED if wrong else TLP.CLEAR)], owner=OWN_ID)}
    good = fresh._compiled.condition
    monkeypatch.setattr(
        fresh._compiled, "condition", lambda _: lambda rows, _: rows.everything if wrong else 0
    )
    with pytest.raises(PolicyError, match="disagree"):
        fresh.clearance(PEER, "receive", labels, Definitions(), 1)
    monkeypatch.setattr(fresh._compiled, "condition", good)
    for recipient in (PEER, OWN):
        with pytest.raises(PolicyError, match="disagree"):
            fresh.clearance(recipient, "receive", labels, Definitions(), 1)


def test_what_was_worked_out_before_is_checked_again(fresh: Decider) -> None:
    labels = {n: label_for([id_of(TLP.RED)], owner=OWN_ID) for n in (1, 2)}
    fresh.clearance(PEER, "receive", labels, Definitions(), 1)
    fresh._verdicts[PEER_ID, "receive", True].allowed = [0b11, 0, 0]
    with pytest.raises(PolicyError, match="disagree"):
        fresh.clearance(PEER, "receive", labels, Definitions(), 1)


def test_an_error_of_cedar_clears_nothing(fresh: Decider, monkeypatch) -> None:
    monkeypatch.setattr(decision.oracle, "decide_each", lambda *_: [oracle.Decision(False, (), ("broken",))])
    with pytest.raises(PolicyError, match="broken"):
        fresh.clearance(PEER, "receive", {1: label_for([], owner=OWN_ID)}, Definitions(), 1)


def test_facts_that_do_not_fit_the_schema_are_found_at_once() -> None:
    text = PERMIT_ALL
    schema = SCHEMA.replace("ours: Bool,", "ours: Bool, price: Long,")
    with pytest.raises(PolicyError, match="cannot be evaluated"):
        Decider(PolicySet({"a.cedar": text}, schema), OWN)
    schema = SCHEMA.replace("action receive, receive_redacted", "action receive_redacted")
    with pytest.raises(PolicyError, match="cannot be evaluated"):
        Decider(PolicySet({"a.cedar": text}, schema), OWN)


def test_a_recipient_who_changes_is_decided_anew(fresh: Decider) -> None:
    labels = {1: label_for([id_of(TLP.GREEN)], owner=OWN_ID, communities=("c1",))}
    assert allowed(fresh, PEER, labels) == set()
    assert allowed(fresh, recipient_of(communities=("c1",)), labels) == {1}
    assert allowed(fresh, recipient_of(communities=("c1",), suspended=True), labels) == set()


def test_threads_share_a_decider(fresh: Decider) -> None:
    items = list(LABELS.items())
    answers = {}

    def work(size: int) -> None:
        for recipient in recipients():
            answers[size, recipient] = allowed(fresh, recipient, dict(items[:size]))

    threads = [threading.Thread(target=work, args=(size,)) for size in (100, 900, 901, 400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (size, recipient), found in answers.items():
        expected = {n for n, label in items[:size] if may(recipient, "receive", label, KINDS, OWN_ID)}
        assert found == expected
    assert len(answers) == 4 * len(recipients())


@pytest.mark.parametrize("ceiling", list(TLP))
@pytest.mark.parametrize("recipient", [OWN, PEER], ids=["own", "peer"])
def test_a_ceiling_only_takes_away(decider: Decider, recipient: Organisation, ceiling: TLP) -> None:
    """Nothing above it, nothing without TLP, in no form; and with each step up only more. Guard: `Decider._below`."""
    whole = decider.clearance(recipient, "receive", LABELS, DEFINITIONS, 1)
    found = decider.clearance(recipient, "receive", LABELS, DEFINITIONS, 1, ceiling=ceiling)
    words = [each.name.lower().replace("_", "+") for each in TLP if each <= ceiling]
    for some, all_of_them in zip(found.forms, whole.forms, strict=True):
        below = {
            number
            for number in all_of_them
            if facts_of(LABELS[number], DEFINITIONS, own=OWN_ID, now=NOW).tlp in words
        }
        assert set(some) == below


def test_what_rests_on_something_above_the_ceiling_is_above_it(fresh: Decider) -> None:
    """Guard: the ceiling before `resolve`, not after."""
    labels = {
        1: label_for([id_of(TLP.RED)], owner=OWN_ID),
        2: label_for([id_of(TLP.GREEN)], owner=OWN_ID, rests=[(1,)]),
        3: label_for([id_of(TLP.GREEN)], owner=OWN_ID),
    }
    whole = fresh.clearance(OWN, "receive", labels, DEFINITIONS, 1)
    assert whole.labels == (1, 2, 3)
    assert fresh.clearance(OWN, "receive", labels, DEFINITIONS, 1, ceiling=TLP.GREEN).labels == (3,)


# --- quick ones, of what the long ones above go over, too -----------------------------------------------

PLAIN = {1: label_for([id_of(TLP.CLEAR)], owner=OWN_ID)}
RESTART = "restart the node, and report this with `tocsin doctor --json`"


def test_actions_are_named_where_one_is_unknown(fresh: Decider) -> None:
    with pytest.raises(PolicyError, match=r"^unknown action 'sell'$") as caught:
        fresh.clearance(PEER, "sell", PLAIN, Definitions(), 1)
    assert caught.value.hint() == f"actions are {', '.join(decision.ACTIONS)}"


def test_only_what_is_received_has_forms(fresh: Decider) -> None:
    told = {2: label_for([id_of(TLP.CLEAR)], owner=OWN_ID, holds=("name",))}
    who = recipient_of(transfer="none", ground="no ground")
    found = fresh.clearance(who, "receive", PLAIN | told, Definitions(), 1)
    assert (found.labels, found.redacted, found.minimised, found.ground) == ((1,), (), (2,), "no ground")
    for action in ("receive_redacted", "receive_minimised", "see_metadata"):
        other = fresh.clearance(who, action, PLAIN, Definitions(), 1)
        assert (other.labels, other.redacted, other.minimised) == ((1,), (), ())


def test_who_is_told_of_a_disagreement_is_told_what_to_do(fresh: Decider, monkeypatch) -> None:
    monkeypatch.setattr(fresh._compiled, "condition", lambda _: lambda *_: 0)
    for _ in range(2):
        with pytest.raises(PolicyError, match="disagree") as caught:
            fresh.clearance(PEER, "receive", PLAIN, Definitions(), 1)
        assert caught.value.hint() == RESTART


def test_the_version_of_policies_is_told_shortly(fresh: Decider, monkeypatch) -> None:
    monkeypatch.setattr(fresh._compiled, "condition", lambda _: lambda *_: 0)
    with pytest.raises(PolicyError, match="disagree") as caught:
        fresh.clearance(PEER, "receive", PLAIN, Definitions(), 1)
    assert str(caught.value).split()[-1] == fresh.policies.version[:12]


def test_the_next_moment_is_that_of_the_table(fresh: Decider) -> None:
    fresh.clearance(PEER, "receive", PLAIN, Definitions(), 1)
    assert fresh.until is None
    embargoed = {2: label_for([HANDLING_IDS["embargoed"], id_of(TLP.CLEAR)], owner=OWN_ID)}
    fresh.clearance(PEER, "receive", PLAIN | embargoed, DEFINITIONS, 2)
    assert fresh.until == fresh._table.until is not None
