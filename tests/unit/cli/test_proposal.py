"""`tocsin proposal` on a node."""

from __future__ import annotations

import io

import pytest

from factories import IMPORT, indicator, place
from tocsin.node.clearances import Clearances
from tocsin.node.drafting import Draft
from tocsin.node.proposals import Desk
from tocsin.stix.markings import TLP
from tocsin.store import accounts, collections, objects
from tocsin.store.accounts import Account


@pytest.fixture
def proposed(node):
    """A proposal of an account `helper`, and tokens by account."""
    clearances = Clearances(node)
    own = clearances.snapshot.own.id
    tokens = {}
    with node.connection() as connection:
        main = collections.get(connection, "main")
        for name, scopes in (("helper", ("taxii:read", "propose")), ("alice", ("taxii:read", "taxii:write"))):
            accounts.add(connection, Account(name, own, created=1))
            tokens[name], _ = accounts.issue(connection, name, scopes, now=node.clock())
        who = accounts.authenticate(connection, tokens["helper"], now=node.clock())
    objects.put(node, main.id, [place(indicator(1, tlp=TLP.GREEN), owner=own)], origin=IMPORT)
    draft = Draft(
        "note",
        "why\x1b[31m",
        about=indicator(1)["id"],
        said={"content": "evil \x1b[2J\u202e words", "type": "note"},
    )
    made = Desk(node, Clearances(node)).propose(who, draft, channel="api")
    return str(made.id), tokens


def test_it_is_listed_shown_and_accepted_by_another(proposed, run, answer, capsys, monkeypatch) -> None:
    identifier, tokens = proposed
    assert run("proposal", "list", "--json") == 0
    assert [each["id"] for each in answer()["proposals"]] == [identifier]
    assert run("proposal", "list", "--status", "open") == 0
    assert run("proposal", "show", identifier) == 0
    out = capsys.readouterr().out
    assert "helper" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert run("proposal", "accept", identifier) == 2
    assert "who are you" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO(tokens["helper"]))
    assert run("proposal", "accept", identifier, "--token-stdin") == 5
    monkeypatch.setattr("sys.stdin", io.StringIO(tokens["alice"]))
    capsys.readouterr()
    assert run("proposal", "accept", identifier, "--token-stdin", "--answer", "thanks", "--json") == 0
    assert answer()["status"] == "accepted"
    assert run("proposal", "show", identifier, "--json") == 0
    found = answer()
    assert (found["status"], found["answer"], found["decided_by"]) == ("accepted", "thanks", "alice")
    monkeypatch.setattr("sys.stdin", io.StringIO(tokens["alice"]))
    assert run("proposal", "reject", identifier, "--token-stdin") == 4


def test_what_is_not_there_is_said(node, run, capsys) -> None:
    assert run("proposal", "list") == 0
    assert capsys.readouterr().out == "no proposals\n"
    for name in ("x", "00000000-0000-4000-8000-000000000000"):
        assert run("proposal", "show", name) == 6


def test_a_token_has_a_ceiling(node, run, answer, capsys) -> None:
    assert run("account", "add", "bob") == 0
    capsys.readouterr()
    assert run("token", "create", "bob", "--tlp-ceiling", "amber+strict", "--json") == 0
    assert answer()["ceiling"] == "amber+strict"
    assert run("token", "create", "bob", "--json") == 0
    assert answer()["ceiling"] == ""
    assert run("token", "list") == 0
    assert "up to TLP:AMBER+STRICT" in capsys.readouterr().out
