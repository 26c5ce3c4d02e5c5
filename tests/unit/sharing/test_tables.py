"""Tables of decisions: read strictly, decided as policies decide."""

from __future__ import annotations

import json

import pytest

from deciding import NOW
from tocsin.errors import PolicyError
from tocsin.sharing import policy, tables
from tocsin.sharing.agreements import USES
from tocsin.stix.sensitive import SENSITIVE

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
        CLEAR | {"markings": ["statement"], "assumed": "clear", "owner": "own"},
        CLEAR | {"owner": "third", "communities": ["c"], "recipient": "own", "action": "match", "by": ["own-organisation"]},
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
    ("case", "hint"),
    [
        ({"markings": ["x"]}, f"one of {', '.join(tables._MARKINGS)}"),
        ({"holds": ["x"]}, f"one of {', '.join(SENSITIVE)}"),
        ({"agreed": {"permit": ["x"]}}, f"one of {', '.join(USES)}"),
        ({"handling": {"shout": True}}, "docs/reference/markings.md has its properties"),
    ],
)
def test_what_there_is_is_told(case: dict, hint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        failures(CLEAR | case)
    assert caught.value.hint() == hint


def test_deciders_are_named_in_words() -> None:
    (one,) = failures(CLEAR | {"by": []})
    assert one.expected == "allowed by nothing"
    (other,) = failures(CLEAR | {"by": ["a", "b"], "allowed": False})
    assert other.expected == "denied by a, b"


def test_an_error_is_a_failure_whatever_was_expected() -> None:
    (found,) = failures(CLEAR | {"action": "sell", "allowed": False, "by": []})
    assert found.found.startswith("an error: ")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"cases": [{}]}', '{"cases": [], "more": 1}', '{"cases": [{"case": "c", "allowed": true, "by": [], "more": 1}]}', '{"cases": [{"case": "c", "allowed": 1, "by": []}]}']
)  # fmt: skip
def test_no_table(text: str) -> None:
    with pytest.raises(PolicyError, match=r"^t\.table\.json: "):
        tables.read("t.table.json", text)


def test_policies_that_no_case_shows() -> None:
    table = tables.read("t", json.dumps({"cases": [CLEAR]}))
    assert tables.unexercised(OWN, {"no-vendors"}, [table]) == {"no-vendors"}
    shown = tables.read("t", json.dumps({"cases": [CLEAR | {"by": ["no-vendors"]}]}))
    assert tables.unexercised(OWN, {"no-vendors"}, [table, shown]) == set()
    assert tables.unexercised(OWN, {"no-vendors", "gone"}, [table]) == {"no-vendors"}, "what there is not"
