"""The two guards against Cedar's way of skipping what errs: each test shows the trap, then that it is shut."""

from __future__ import annotations

import json
from typing import Any

import cedarpy
import msgspec
import pytest

from deciding import OWN, PEER, PEER_ID, THIRD_ID
from tocsin.errors import PolicyError
from tocsin.sharing import oracle, policy
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import Facts
from tocsin.sharing.policy import PolicySet

SHIPPED = policy.load()
FACTS = Facts("clear", frozenset(["clear"]), True, THIRD_ID, False, frozenset(), frozenset())
NOTES = '@title("t") @cite("c")'
REQUEST = {
    "principal": {"type": "Organisation", "id": PEER_ID},
    "action": {"type": "Action", "id": "receive"},
    "resource": {"type": "LabelSet", "id": "label"},
    "context": {"recipient": PEER_ID},
}


def bare_entities(**left_out: str) -> str:
    """The entities of a request as plain JSON, without a fact."""
    attrs = {k: v for k, v in oracle.label_facts(FACTS).items() if k != left_out.get("label")}
    principal = {k: v for k, v in oracle.recipient_facts(PEER).items() if k != left_out.get("recipient")}
    return json.dumps(
        [
            {"uid": REQUEST["principal"], "attrs": principal, "parents": []},
            {"uid": REQUEST["resource"], "attrs": attrs, "parents": []},
        ]
    )


def test_the_trap_a_missing_fact_lets_cedar_permit_what_is_forbidden() -> None:
    """Not ours to mend: shows what the guards are for. A suspended recipient whose `suspended` got lost."""
    found = cedarpy.is_authorized(
        REQUEST, SHIPPED.cedar, cedarpy.Entities.from_json_str(bare_entities(recipient="suspended"))
    )
    assert found.decision == cedarpy.Decision.Allow
    assert found.diagnostics.errors


@pytest.mark.parametrize("fact", sorted(oracle.label_facts(FACTS)))
def test_a_missing_fact_of_the_label_is_refused(fact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = oracle.label_facts(FACTS)
    monkeypatch.setattr(oracle, "label_facts", lambda _facts: {k: v for k, v in whole.items() if k != fact})
    assert_refused(PEER, FACTS)


@pytest.mark.parametrize("fact", sorted(oracle.recipient_facts(PEER)))
def test_a_missing_fact_of_the_recipient_is_refused(fact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = oracle.recipient_facts(PEER)
    monkeypatch.setattr(oracle, "recipient_facts", lambda _who: {k: v for k, v in whole.items() if k != fact})
    assert_refused(PEER, FACTS)


@pytest.mark.parametrize(
    "change",
    [
        {"tlp": "white"},
        {"tlp": 7},
        {"levels": frozenset(["white"])},
        {"understood": "yes"},
        {"owner": None},
        {"ours": 1},
        {"communities": frozenset([1])},
        {"recipients": frozenset([b"x"])},
        {"recipients": None},
    ],
    ids=str,
)
def test_a_mistyped_fact_is_refused(change: dict[str, Any]) -> None:
    assert_refused(PEER, msgspec.structs.replace(FACTS, **change))


def assert_refused(recipient: Organisation, facts: Facts) -> None:
    with pytest.raises((PolicyError, TypeError)):
        oracle.entities(recipient, {"label": facts}, SHIPPED.schema)
    found = oracle.decide(SHIPPED, recipient, "receive", facts)
    assert not found.allowed
    assert found.errors
    assert not found.reasons


def test_an_error_while_evaluating_is_a_no() -> None:
    """The second guard alone: facts fit their schema, but a forbid errs (an integer overflows) and Cedar skips it."""
    schema = (policy.files("tocsin.sharing") / "policies" / "schema.cedarschema").read_text()
    overflow = "9223372036854775807 + (if resource.ours then 0 else 1) > 0"
    policies = PolicySet(
        {
            "a.cedar": f'@id("no") {NOTES} forbid (principal, action, resource) when {{ {overflow} }};'
            f'@id("all") {NOTES} permit (principal, action, resource);'
        },
        schema,
    )
    bare = cedarpy.is_authorized(
        REQUEST, policies.cedar, oracle.entities(PEER, {"label": FACTS}, policies.schema), policies.schema
    )
    assert bare.decision == cedarpy.Decision.Allow, "the trap is still there"
    assert bare.diagnostics.errors
    with pytest.raises(PolicyError, match=r"^the facts do not fit the schema: .+"):
        oracle.entities(PEER, {"label": msgspec.structs.replace(FACTS, owner=None)}, policies.schema)
    found = oracle.decide(policies, PEER, "receive", FACTS)
    assert not found.allowed
    (error,) = found.errors
    assert "overflow" in error


def test_an_unknown_action_is_a_no() -> None:
    for action in ("sell", "", "Receive"):
        found = oracle.decide(SHIPPED, OWN, action, FACTS)
        assert not found.allowed
        assert found.errors


def test_nobody_is_no_recipient() -> None:
    found = oracle.decide(
        SHIPPED, Organisation("", "Nobody"), "receive", msgspec.structs.replace(FACTS, owner="")
    )
    assert not found.allowed
    assert "no id of its own" in found.errors[0]


def test_reasons_stand_in_the_order_of_the_files() -> None:
    facts = msgspec.structs.replace(FACTS, tlp="none", understood=False)
    suspended = msgspec.structs.replace(PEER, suspended=True)
    found = oracle.decide(SHIPPED, suspended, "receive", facts)
    assert [p.id for p in found.reasons] == ["unmarked-stays", "unknown-marking-stays", "suspended"]


def test_several_are_decided_at_once_and_in_order() -> None:
    """Also the same facts twice, for two actions."""
    green = msgspec.structs.replace(FACTS, tlp="green", levels=frozenset(["green"]))
    asked = [("receive", FACTS), ("receive", green), ("match", FACTS), ("sell", FACTS), ("receive", FACTS)]
    found = oracle.decide_each(SHIPPED, PEER, asked)
    assert [each.allowed for each in found] == [True, False, False, False, True]
    assert [bool(each.errors) for each in found] == [False, False, False, True, False]
    assert found == [oracle.decide(SHIPPED, PEER, action, facts) for action, facts in asked]
    assert oracle.decide_each(SHIPPED, PEER, []) == []


def test_one_that_cannot_be_evaluated_takes_all_with_it() -> None:
    wrong = msgspec.structs.replace(FACTS, tlp="white")
    found = oracle.decide_each(SHIPPED, PEER, [("receive", FACTS), ("receive", wrong)])
    assert [(each.allowed, bool(each.errors)) for each in found] == [(False, True)] * 2


@pytest.mark.parametrize(("name", "said"), [("Peer", "Peer"), ("", "a recipient")])
def test_who_has_no_id_is_named(name: str, said: str) -> None:
    with pytest.raises(PolicyError, match=f"^{said} has no id of its own"):
        oracle.recipient_facts(Organisation("", name))
