from __future__ import annotations

import msgspec
import pytest

from deciding import OWN, OWN_ID, PEER, PEER_ID
from tocsin.errors import PolicyError
from tocsin.sharing import compiled, oracle, policy
from tocsin.sharing.audience import Organisation
from tocsin.sharing.columns import Columns
from tocsin.sharing.compiled import Compiler, asker
from tocsin.sharing.decision import Decider
from tocsin.sharing.facts import Facts
from tocsin.sharing.policy import PolicySet

SCHEMA = (policy.files("tocsin.sharing") / "policies" / "schema.cedarschema").read_text(encoding="utf-8")
FACTS = Facts("amber", frozenset(["amber"]), True, OWN_ID, True, frozenset(["c1"]), frozenset([PEER_ID]))


def policies(
    *conditions: str, effect: str = "permit", scope: str = "principal, action, resource"
) -> PolicySet:
    return PolicySet(
        {
            "a.cedar": "".join(
                f'@id("p{n}") @title("t") @cite("c") {effect} ({scope}) {condition};\n'
                for n, condition in enumerate(conditions)
            )
        },
        SCHEMA,
    )


def selected(made: PolicySet, some: list[Facts], action: str = "receive", recipient=PEER) -> list[int]:
    rows = Columns(list(enumerate(some)))
    return rows.numbers(Compiler(made.policies.values()).condition(action)(rows, asker(recipient)))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("", True),
        ("when { true }", True),
        ("when { false }", False),
        ("unless { resource.ours }", False),
        ('when { resource.tlp == Tlp::"amber" }', True),
        ('when { resource.tlp != Tlp::"amber" }', False),
        ("when { resource.owner == context.recipient }", False),
        ("when { principal.own == resource.ours }", False),
        ("when { resource.communities.isEmpty() }", False),
        ("when { principal.communities.isEmpty() }", True),
        ('when { resource.communities.contains("c1") }', True),
        ('when { ["c1", "c2"].contains("c1") && ["c1"].containsAny(["c1", "c2"]) }', True),
        ('when { ["c1", "c2"].containsAll(resource.communities) }', True),
        ('when { resource.communities.containsAll(["c1", "c2"]) }', False),
        ('when { resource.communities.containsAny(["c1", "c2"]) }', True),
        ("when { resource.communities.containsAny(principal.communities) }", False),
        ('when { resource.communities == ["c1"] }', True),
        ('when { ["amber", "red"].contains("amber") }', True),
        ("when { if resource.ours then resource.understood else principal.own }", True),
        ("when { if principal.own then false else resource.ours }", True),
        ("when { resource.ours } unless { principal.own } when { resource.understood }", True),
        ('when { principal.sector == "" && principal.country == "XB" }', True),
        ("when { principal.own || !resource.ours }", False),
        ("when { resource.ours || principal.own }", True),
        ("when { resource.ours && !principal.own }", True),
        ("when { resource.ours && principal.own }", False),
        ("when { 1 == 1 }", True),
        ("when { resource.owner != context.recipient }", True),
        ("when { context.recipient == resource.owner || resource.owner == resource.owner }", True),
        ("when { resource.recipients.contains(context.recipient) }", True),
        ("when { resource.recipients.contains(resource.owner) }", False),
        ('when { ["c2", "c3"].containsAny(resource.communities) }', False),
        ("when { resource.communities.containsAny(resource.recipients) }", False),
        (f'when {{ ["{OWN_ID}", "x"].contains(resource.owner) }}', True),
        ('when { ["x"].contains(resource.owner) }', False),
        ("when { principal.communities.contains(resource.owner) }", False),
        ("when { if principal.own then resource.understood else !resource.ours }", False),
        ('when { (if resource.ours then resource.owner else "x") == resource.owner }', True),
        ('when { (if principal.own then "x" else resource.owner) == context.recipient }', False),
        ("when { (principal.own || resource.ours) == (resource.ours && resource.understood) }", True),
        ("when { (!resource.ours) != resource.communities.isEmpty() }", False),
        ("when { (resource.ours != principal.own) == resource.understood }", True),
        ("when { (resource.ours != resource.understood) == resource.understood }", False),
        ('when { principal.transfer == Transfer::"adequacy" || principal.trust == Trust::"known" }', True),
        ('when { principal.roles.containsAll(["csirt"]) }', False),
    ],
)  # fmt: skip
def test_operators_mean_what_they_mean_to_cedar(condition: str, holds: bool) -> None:
    made = policies(condition)
    assert oracle.decide(made, PEER, "receive", FACTS).allowed is holds
    assert selected(made, [FACTS, FACTS]) == ([0, 1] if holds else [])


@pytest.mark.parametrize("scope", ["principal, action, resource",
                                   'principal, action == Action::"match", resource',
                                   'principal, action in [Action::"match"], resource',
                                   'principal, action in [Action::"match", Action::"receive"], resource'])  # fmt: skip
@pytest.mark.parametrize("action", ["receive", "match"])
def test_scopes(scope: str, action: str) -> None:
    made = policies("when { resource.ours }", scope=scope)
    assert bool(selected(made, [FACTS], action)) == oracle.decide(made, PEER, action, FACTS).allowed


def test_a_set_is_not_what_it_contains() -> None:
    made = policies('when { resource.communities == ["c1"] }')
    both = msgspec.structs.replace(FACTS, communities=frozenset(["c1", "c2"]))
    assert selected(made, [FACTS, both]) == [0]


def test_what_is_left_open_is_asked_row_by_row() -> None:
    """Of the recipient and of label sets at once, where no index can tell."""
    made = policies("when { principal.communities.containsAll(resource.communities) }")
    other = msgspec.structs.replace(FACTS, communities=frozenset(["c2"]))
    member = msgspec.structs.replace(PEER, communities=("c1", "c3"))
    assert selected(made, [FACTS, other, FACTS], recipient=member) == [0, 2]
    assert selected(made, [FACTS, other, FACTS]) == []


class Indexed(Columns):
    """Rows of which none may be looked at by itself."""

    def where(self, test):
        raise AssertionError("asked row by row")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("when { resource.ours }", True),
        ("when { !resource.ours }", False),
        ("when { resource.ours && principal.own }", False),
        ("when { resource.ours || principal.own }", True),
        ("when { if resource.ours then principal.own else resource.understood }", False),
        ("when { if principal.own then resource.ours else !resource.ours }", False),
        ("when { principal.own }", False),
        ('when { principal.communities.containsAll(["c1"]) }', False),
        ("when { resource.owner == context.recipient }", False),
        ("when { context.recipient == resource.owner }", False),
        ("when { resource.owner != context.recipient }", True),
        ('when { resource.tlp == Tlp::"amber" }', True),
        ('when { resource.tlp != Tlp::"amber" }', False),
        ("when { resource.recipients.contains(context.recipient) }", True),
        (f'when {{ ["{OWN_ID}"].contains(resource.owner) }}', True),
        ("when { principal.communities.contains(resource.owner) }", False),
        ('when { resource.communities.containsAny(["c1", "c2"]) }', True),
        ('when { ["c2"].containsAny(resource.communities) }', False),
        ("when { resource.communities.containsAny(principal.communities) }", False),
    ],
)  # fmt: skip
def test_what_an_index_can_tell_is_not_asked_row_by_row(condition: str, holds: bool) -> None:
    made = Compiler(policies(condition).policies.values()).condition("receive")
    assert made(Indexed([(0, FACTS), (1, FACTS)]), asker(PEER)) == (0b11 if holds else 0)


def test_a_condition_is_made_once_for_an_action() -> None:
    made = Compiler(policies("when { resource.ours }").policies.values())
    assert made.condition("match") is made.condition("match")


def test_a_policy_applies_alone_whatever_others_say() -> None:
    made = policies("when { resource.ours }", "when { !resource.ours }", effect="forbid")
    theirs = msgspec.structs.replace(FACTS, ours=False)
    rows, compiled = Columns([(1, FACTS), (2, theirs)]), Compiler(made.policies.values())
    assert rows.numbers(compiled.alone("p0")(rows, asker(PEER))) == [1]
    assert rows.numbers(compiled.alone("p1")(rows, asker(PEER))) == [2]


def test_nobody_is_no_asker() -> None:
    with pytest.raises(PolicyError, match="no id"):
        asker(Organisation("", "Nobody"))


def test_nothing_permitted_is_nothing_allowed() -> None:
    assert not selected(policies("when { resource.ours }", effect="forbid"), [FACTS])


def test_a_forbid_wins_over_every_permit() -> None:
    for first, second in (("permit", "forbid"), ("forbid", "permit")):
        text = "".join(
            f'@id("{effect}") @title("t") @cite("c") {effect} (principal, action, resource) when {{ resource.ours }};'
            for effect in (first, second)
        )
        assert not selected(PolicySet({"a.cedar": text}, SCHEMA), [FACTS])


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('when { resource.owner like "identity*" }', "like"),
        ('when { resource has "tlp" }', "has"),
        ("when { 1 < 2 }", "<"),
        ("when { resource is LabelSet }", "is"),
        ('when { ["x", resource.owner].contains("x") }', ": only literals"),
        ('when { [["x"]].contains(["x"]) }', "only literals"),
        ('when { resource == LabelSet::"x" }', "Var"),
        ("when { {a: 1}.a == 1 }", ": a record.a is"),
        ('when { ip("10.0.0.1").isLoopback() }', "isLoopback"),
        # where the operator stands in a branch that this node's own organisation never takes
        ('when { !principal.own && resource.owner like "x" }', "like"),
        ('when { principal.own || resource.owner like "x" }', "like"),
        ('when { if principal.own then true else resource.owner like "x" }', "like"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_when_policies_are_taken(condition: str, said: str) -> None:
    made = policies("", condition)
    with pytest.raises(PolicyError, match=f"policy p1.*{said}"):
        Decider(made, OWN)


@pytest.mark.parametrize(
    "scope",
    [
        'principal == Organisation::"x", action, resource',
        'principal, action, resource == LabelSet::"x"',
        "principal is Organisation, action, resource",
    ],
)
def test_scopes_that_are_not_known_are_refused(scope: str) -> None:
    with pytest.raises(PolicyError, match="policy p0"):
        Decider(policies("", scope=scope), OWN)


def test_names_in_policies_are_never_code() -> None:
    evil = "__import__('os').abort()"
    made = policies(f'when {{ resource.owner == "{evil}" || resource.communities.contains("{evil}") }}')
    theirs = Facts("red", frozenset(["red"]), True, evil, False, frozenset(), frozenset())
    assert selected(made, [FACTS, theirs]) == [1]


def test_literals_that_are_not_known_are_named() -> None:
    with pytest.raises(PolicyError, match=r"^the literal 1\.5 is not supported in sharing policies$"):
        compiled._literal(1.5)


def test_a_tree_with_two_operators_is_none() -> None:
    with pytest.raises(PolicyError, match=r"^not an expression: \['!', '&&'\]$"):
        compiled._parts({"&&": {}, "!": {}})


def test_actions_are_asked_about_in_known_forms_alone() -> None:
    (made,) = policies("").policies.values()
    for scope in ({"op": "is"}, {"op": "==", "slot": "?action"}):
        odd = msgspec.structs.replace(made, tree={**made.tree, "action": scope})
        for ask in (lambda odd=odd: compiled.covers(odd, "receive"), lambda odd=odd: Compiler([odd])):
            with pytest.raises(PolicyError, match=r"^policy p0: this form of action is not supported$"):
                ask()
