from __future__ import annotations

import json
from pathlib import Path

import pytest

from factories import indicator, observable
from tocsin.sharing.audience import Organisation
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, collections, organisations, peers
from tocsin.store.peers import Peer

OTHER = "identity--00000000-0000-4000-8000-000000000002"
GREEN, UNMARKED = indicator(1, tlp=TLP.GREEN), observable("secret.example")


@pytest.fixture
def held(node: Store, tmp_path: Path, run) -> Store:
    """A node with the collection `alerts` of the community `circle`, and one object in two collections."""
    with node.connection() as connection:
        circle = organisations.add_community(connection, "circle", "The circle")
        organisations.put(connection, Organisation(id=OTHER, name="other"))
        collections.add(connection, collections.new("alerts", community=circle.id))
    file = tmp_path / "bundle.json"
    file.write_text(
        json.dumps({"type": "bundle", "id": f"bundle--{GREEN['id'][11:]}", "objects": [GREEN, UNMARKED]})
    )
    for collection in ("main", "alerts"):
        assert run("import", file, "--collection", collection) == 0
    return node


def test_each_collection_has_its_own_decision(held: Store, run, answer) -> None:
    assert run("explain", GREEN["id"], "other", "--json") == 0
    facts = answer()
    assert {k: facts[k] for k in ("object", "recipient", "name", "action")} == {
        "object": GREEN["id"],
        "recipient": OTHER,
        "name": "other",
        "action": "receive",
    }
    by_collection = {d["collection"]: d for d in facts["decisions"]}
    assert sorted(by_collection) == ["alerts", "main"]
    for decision in by_collection.values():
        assert decision["allowed"] is False
        assert decision["markings"] == [id_of(TLP.GREEN)]
    found = [change["steps"][0]["words"] for change in by_collection["alerts"]["changes"]]
    assert "other joins the community The circle" in found
    assert "other joins the community The circle" not in str(by_collection["main"])


def test_what_it_says_would_change_it_does(held: Store, run, answer) -> None:
    assert run("community", "join", "circle", "other") == 0
    assert run("explain", GREEN["id"], "other", "--json") == 0
    by_collection = {d["collection"]: d for d in answer()["decisions"]}
    assert by_collection["alerts"]["allowed"] is True
    assert [r["id"] for r in by_collection["alerts"]["rules"]] == ["tlp-green-community"]
    assert by_collection["main"]["allowed"] is False


def test_in_words(held: Store, capsys, run) -> None:
    capsys.readouterr()
    assert run("explain", UNMARKED["id"], OTHER) == 0
    text = capsys.readouterr().out
    assert "In collection alerts: other may not receive it." in text
    assert "why     An object without a TLP marking stays here" in text
    assert "rule    forbid unmarked-stays (Tocsin: default deny" in text
    assert "fact    it is this node's own: own asserted it" in text
    assert "would change it: own marks it TLP:CLEAR, or this node vouches for that at import (by " in text
    assert "→ tlp-clear" in text


def test_no_content_is_shown(held: Store, capsys, run) -> None:
    for args in ((), ("--json",)):
        assert run("explain", UNMARKED["id"], "own", *args) == 0
        assert "secret.example" not in capsys.readouterr().out


def test_a_peer_stands_for_its_organisation(held: Store, run, answer) -> None:
    with held.connection() as connection:
        peers.add(connection, Peer("node-of-other", "https://taxii.example/", OTHER))
    assert run("explain", GREEN["id"], "node-of-other", "--json") == 0
    assert answer()["recipient"] == OTHER


def test_matching(held: Store, capsys, run, answer) -> None:
    assert run("explain", GREEN["id"], "own", "--action", "match", "--json") == 0
    assert {d["allowed"] for d in answer()["decisions"]} == {True}
    assert run("explain", GREEN["id"], "other", "--action", "match") == 0
    out = capsys.readouterr().out
    assert "no policy permits other to look for it in logs" in out
    assert "would change it: nothing within reach" in out


def test_what_is_not_there(held: Store, capsys, run) -> None:
    assert run("explain", indicator(9)["id"], "other") == 6
    assert "holds no object" in capsys.readouterr().err
    assert run("explain", GREEN["id"], "nobody") == 6
    assert "no peer or organisation 'nobody'" in capsys.readouterr().err


def test_what_the_operator_may_not_have_is_not_there(held: Store, capsys, run) -> None:
    """The console is a recipient as well: where the own organisation is suspended, it is told nothing."""
    with held.connection() as connection:
        connection.execute("UPDATE organisation SET suspended = true WHERE own")
        connection.execute("UPDATE state SET generation = generation + 1")
    assert run("explain", GREEN["id"], "other") == 6
    assert "holds no object" in capsys.readouterr().err


def test_a_code_is_explained_without_a_node(run, answer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "urn:tocsin:problem:not-found", "--json") == 0
    facts = answer()
    assert facts["code"] == "not-found"
    assert facts["meaning"].startswith("There is nothing") or "nothing" in facts["meaning"].lower()
    assert run("explain", "no-such-code") != 0
    assert "codes are" in capsys.readouterr().err
