"""`tocsin policy test`, `explain` and `simulate`, `tocsin embargo`, `tocsin organisation change` on a node."""

from __future__ import annotations

import json

import pytest

from factories import IMPORT, indicator, place
from tocsin.sharing import oracle
from tocsin.sharing.facts import facts_of
from tocsin.stix.markings import TLP
from tocsin.store import collections, objects, organisations

OWN = "identity--00000000-0000-4000-8000-000000000001"
FORBID = '@id("no-vendors") @title("Vendors get nothing") @cite("us") forbid (principal, action, resource) when { principal.roles.contains("vendor") };'


@pytest.fixture
def filled(node):
    with node.connection() as connection:
        main = collections.get(connection, "main")
    levels = [TLP.CLEAR, TLP.CLEAR, TLP.GREEN, TLP.RED, None]
    objects.put(node, main.id, [place(indicator(n, tlp=tlp)) for n, tlp in enumerate(levels)], origin=IMPORT)
    return node


def test_tables_are_tested(node, run, answer, tmp_path, capsys) -> None:
    case = {
        "case": "vendors",
        "markings": ["TLP:CLEAR"],
        "facts": {"roles": ["vendor"]},
        "allowed": False,
        "by": ["no-vendors"],
    }
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.cedar").write_text(FORBID)
    (tmp_path / "own" / "a.table.json").write_text(json.dumps({"cases": [case]}))
    assert run("policy", "test", tmp_path / "own", "--json") == 0
    assert answer() == {"cases": 1, "failures": [], "unexercised": []}
    wrong = case | {"allowed": True, "by": ["tlp-clear"]}
    (tmp_path / "own" / "a.table.json").write_text(json.dumps({"cases": [wrong]}))
    assert run("policy", "test", tmp_path / "own") != 0
    out = capsys.readouterr()
    assert "vendors: expected allowed by tlp-clear, found denied by no-vendors" in out.out
    assert "no case shows what no-vendors does" in out.out
    assert "1 of 1 cases came out otherwise" in out.err
    assert run("policy", "test", tmp_path / "own" / "a.cedar") != 0
    assert "no tables" in capsys.readouterr().err


def test_explained_reasons_are_those_of_cedar(filled, run, answer) -> None:
    assert run("policy", "explain", "--json") == 0
    told = {each["id"]: each for each in answer()["policies"]}
    from tocsin.node import reach
    from tocsin.sharing import policy
    from tocsin.store import holdings

    with filled.connection() as connection:
        state = reach.read(connection, policy.load(), filled.clock())
    counts = holdings.count_of_labels(filled, set(state.labels))
    expected: dict[str, set[tuple[str, int]]] = {}
    for each in state.organisations.values():
        for number, label in state.labels.items():
            facts = facts_of(label, state.definitions, own=OWN, now=state.now)
            for reason in oracle.decide(state.policies, each, "receive", facts).reasons:
                expected.setdefault(reason.id, set()).add((each.name, number))
    for identifier, each in told.items():
        if "receive" in each["actions"]:
            pairs = expected.get(identifier, set())
            assert each["organisations"] == sorted({name for name, _ in pairs})
            assert each["objects"] == sum(counts[n] for n in {number for _, number in pairs})
    assert told["tlp-clear"]["objects"] == 2


def test_a_policy_in_words(filled, run, capsys) -> None:
    assert run("policy", "explain", "expired") == 0
    out = capsys.readouterr().out
    assert (
        "holds   when the object's timing is expired, unless the object's owner is the request's recipient"
        in out
    )
    assert "from    FIRST IEP 2.0, end date" in out
    assert run("policy", "explain", "nothing") != 0
    assert "no policy 'nothing'" in capsys.readouterr().err


def held(found: dict) -> dict[str, tuple[int, int]]:
    return {each["organisation"]: (each["gained"], each["lost"]) for each in found["held"]}


def test_what_if(filled, run, answer, capsys, tmp_path) -> None:
    assert run("policy", "simulate", "--json") == 0
    assert held(answer()) == {}
    assert run("policy", "simulate", "--organisation", "other", "--suspend", "--json") == 0
    found = answer()
    assert held(found) == {"other": (0, 2)}
    assert len(found["held"][0]["now_gone"]) == 2
    file = tmp_path / "a.cedar"
    file.write_text(FORBID.replace('principal.roles.contains("vendor")', 'principal.sector == ""'))
    assert run("policy", "simulate", "--policies", file, "--json") == 0
    assert held(answer()) == {"own": (0, 5), "other": (0, 2)}
    with filled.connection() as connection:
        assert not organisations.get(connection, "other").suspended
    assert run("policy", "simulate", "--suspend") == 2
    assert "--organisation" in capsys.readouterr().err
    assert run("policy", "simulate", "--organisation", "other", "--trust", "unverified") == 0
    assert "nothing would change" in capsys.readouterr().out


def test_embargoes(filled, run, answer, capsys) -> None:
    assert run("organisation", "change", "other", "--country", "xb", "--trust", "trusted", "--json") == 0
    assert (answer()["country"], run("embargo", "add", "XB", "--reason", "Regulation 7", "--json")) == (
        "XB",
        0,
    )
    answer()
    assert run("explain", place(indicator(0)).object.id, "other") == 0
    out = capsys.readouterr().out
    assert "embargoed-state" in out
    assert "an embargo: Regulation 7" in out
    assert run("embargo", "list") == 0
    assert "XB  in force" in capsys.readouterr().out
    assert run("embargo", "add", "XB", "--reason", " ") != 0
    assert run("embargo", "add", "X1", "--reason", "r") != 0
    assert run("embargo", "lift", "XB") == 0
    assert run("embargo", "lift", "XB") != 0
    assert "no embargo on XB" in capsys.readouterr().err
    assert run("organisation", "change", "other") == 2
