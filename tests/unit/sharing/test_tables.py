"""Tables of decisions: read strictly, decided as policies decide."""

from __future__ import annotations

import json

import pytest

from deciding import NOW
from tocsin.errors import PolicyError
from tocsin.sharing import policy, tables

OWN = policy.load(
    own={"mine.cedar": '@id("no-vendors") @title("t") @cite("c") forbid (principal, action == Action::"receive", resource) when { principal.roles.contains("vendor") };'}
)  # fmt: skip
CLEAR = {"case": "c", "markings": ["TLP:CLEAR"], "allowed": True, "by": ["tlp-clear"]}


def failures(*cases: dict, policies=OWN) -> list[tables.Failure]:
    table = tables.read("t.table.json", json.dumps({"cases": cases}))
    return list(tables.failures(policies, "t.table.json", table, NOW))


def test_what_comes_out_as_expected_is_no_failure() -> None:
    assert not failures(
        CLEAR,
        CLEAR | {"facts": {"roles": ["vendor"]}, "allowed": False, "by": ["no-vendors"]},
        CLEAR | {"facts": {"roles": ["vendor"]}, "action": "receive_redacted"},
        CLEAR | {"handling": {"hide_source": True}, "allowed": False, "by": ["source-not-told"]},
        CLEAR | {"holds": ["name"], "facts": {"transfer": "none"}, "allowed": False, "by": ["personal-data-without-ground"]},
        CLEAR | {"markings": ["TLP:RED"], "to": ["peer"], "by": ["tlp-red-named"]},
        CLEAR | {"markings": ["TLP:CLEAR", "PAP:RED"], "recipient": "own", "action": "block", "allowed": False, "by": []},
        CLEAR | {"markings": ["TLP:CLEAR", "unknown"], "owner": "third", "allowed": False, "by": ["unknown-marking-stays"]},
        CLEAR | {"markings": ["statement"], "assumed": "clear"},
        CLEAR | {"owner": "third", "communities": ["c"], "agreed": {"closed": True}, "allowed": False, "by": ["outside-its-circle"]},
        CLEAR | {"owner": "third", "communities": ["c"], "agreed": {"closed": True}, "facts": {"communities": ["c"]}},
        CLEAR | {"owner": "third", "communities": ["c"], "agreed": {"permit": []}, "recipient": "own", "action": "match", "allowed": False, "by": ["agreement-match"]},
        CLEAR | {"owner": "third", "communities": ["c"], "agreed": {"permit": ["match"]}, "recipient": "own", "action": "match", "by": ["own-organisation"]},
        CLEAR | {"owner": "third", "communities": ["c"], "agreed": {}, "recipient": "own", "action": "match", "by": ["own-organisation"]},
    )  # fmt: skip


def test_a_failure_says_what_was_expected_and_what_came() -> None:
    (one,) = failures(CLEAR | {"case": "vendors have it", "facts": {"roles": ["vendor"]}})
    assert one == tables.Failure("vendors have it", "allowed by tlp-clear", "denied by no-vendors")
    (other,) = failures(CLEAR | {"by": []})
    assert other.found == "allowed by tlp-clear"
    (wrong,) = failures(CLEAR | {"action": "sell"})
    assert wrong.found.startswith("an error: ")


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"markings": ["TLP:PURPLE"]}, "no marking 'TLP:PURPLE'"),
        ({"markings": ["handling"]}, "no marking 'handling'"),
        ({"holds": ["gold"]}, "nothing holds 'gold'"),
        ({"facts": {"colour": "red"}}, "facts: .*colour"),
        ({"facts": {"client": "yes"}}, "facts: "),
        ({"handling": {"shout": True}}, "handling is not understood"),
        ({"agreed": {"permit": ["sell"]}}, "agreed: 'sell' cannot be permitted"),
        ({"agreed": {"secret": True}}, "agreed: .*secret"),
    ],
)
def test_what_there_is_not_is_refused_and_named(case: dict, message: str) -> None:
    with pytest.raises(
        PolicyError, match=f"t.table.json: case 'c': .*{message}|t.table.json: case 'c': {message}"
    ):
        failures(CLEAR | case)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"cases": [{}]}', '{"cases": [], "more": 1}', '{"cases": [{"case": "c", "allowed": 1, "by": []}]}']
)  # fmt: skip
def test_no_table(text: str) -> None:
    with pytest.raises(PolicyError, match=r"^t\.table\.json: "):
        tables.read("t.table.json", text)


def test_policies_that_no_case_shows() -> None:
    table = tables.read("t", json.dumps({"cases": [CLEAR]}))
    assert tables.unexercised(OWN, {"no-vendors"}, [table]) == {"no-vendors"}
    shown = tables.read("t", json.dumps({"cases": [CLEAR | {"by": ["no-vendors"]}]}))
    assert tables.unexercised(OWN, {"no-vendors"}, [table, shown]) == set()
