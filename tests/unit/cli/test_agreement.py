"""`tocsin agreement` on a node."""

from __future__ import annotations

from tocsin.sharing.agreements import Terms
from tocsin.store import labels, organisations


def test_what_an_agreement_says_is_kept_listed_and_decided_on(node, run, answer, capsys) -> None:
    with node.connection() as connection:
        group = organisations.add_community(connection, "energy", "Energy")
    common = ("--purpose", "protect the grid", "--basis", "NIS2 article 29", "--party", "other", "--json")
    terms = ("--permit", "match", "--permit", "block", "--closed", "--community", "energy")
    assert run("agreement", "add", "pact", *common, *terms) == 0
    made = answer()
    assert (made["permitted"], made["closed"]) == (["match", "block"], True)
    with node.connection() as connection:
        found = labels.definitions(connection).terms(str(group.id))
    assert found == Terms("pact", ("match", "block"), closed=True)
    assert run("agreement", "add", "silent", *common, "--notify") == 0
    made = answer()
    assert (made["permitted"], made["closed"]) == (None, False)
    assert run("agreement", "list") == 0
    text = capsys.readouterr().out
    assert "  permits match, block\n  closed  what is shared under it goes to members only\n" in text
    assert text.count("permits") == text.count("closed") == 1
    assert "  party   other: in force; its authority has not been told" in text
    assert run("agreement", "notified", "silent", "other", "--json") == 0
    assert {p["organisation"]: p["notified"] is not None for p in answer()["parties"]}[
        made["parties"][1]["organisation"]
    ]


def test_what_cannot_be_permitted_is_refused(node, run, capsys) -> None:
    common = ("--purpose", "p", "--basis", "b")
    assert run("agreement", "add", "pact", *common, "--permit", "receive") != 0
    assert "--permit" in capsys.readouterr().err
