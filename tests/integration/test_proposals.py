"""Proposals over HTTP: who may make, see and decide them, and what acceptance writes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from databases import copied
from factories import FRIEND, OWN, STRANGER, indicator, observable, settle, version
from leaks.world import take
from serving import Node, serving
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, accounts, collections, proposals
from tocsin.store.accounts import Account
from tocsin.store.embedded import Embedded

ROOT = "/api/v1"
NOTE = {"reason": "seen it before", "about": indicator(1)["id"], "note": {"content": "a parking page"}}


class World:
    """A node, and accounts beside those of `Node`."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.people("own-two", OWN.id, ("taxii:read", "taxii:write"))
        self.people("helper", OWN.id, ("taxii:read", "propose"))
        self.people("analyst", FRIEND.id, ("taxii:read", "propose"))
        self.people("reading", FRIEND.id, ("taxii:read",))
        self.people("outsider", STRANGER.id, ("taxii:read", "taxii:write", "propose"))

    def people(self, name: str, organisation: str, scopes: tuple[str, ...], **how: Any) -> None:
        with self.node.store.connection() as connection:
            accounts.add(connection, Account(name, organisation, created=1))
            self.node.tokens[name], _ = accounts.issue(connection, name, scopes, now=1, days=365, **how)
            # a life of its own: this clock is the real one
            connection.execute("UPDATE token SET expires = 9000000000000000 WHERE account = %s", (name,))

    def ask(self, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
        with self.node.client(
            who, **{"Accept": "application/json", "Content-Type": "application/json"}
        ) as client:
            content = None if body is None else json.dumps(body)
            return client.request(method, f"{ROOT}{path}", content=content)

    def listed(self, who: str, path: str) -> list[Any]:
        """Return what is listed once the index, which follows what is written, has caught up: under load it may say `pending` first."""
        until = time.monotonic() + 60
        while (page := self.ask(who, "GET", path).json())["pending"]:
            assert time.monotonic() < until, "the index does not follow"
            time.sleep(0.05)
        found: list[Any] = page["items"]
        return found

    def propose(self, who: str, body: Any) -> str:
        answer = self.ask(who, "POST", "/proposals", body)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found


@pytest.fixture(scope="module")
def world(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with copied(pg, "proposed") as dsn, Store(dsn, pool_size=6) as store:
        settle(store)
        with store.transaction() as connection:
            collections.add(connection, collections.new("own-only", private=True))
            collections.add(connection, collections.new("readable"))
        take(store, "intel", *(indicator(n, tlp=TLP.GREEN) for n in range(1, 9)))
        take(store, "intel", indicator(30, tlp=TLP.RED), indicator(31, tlp=TLP.AMBER))
        take(store, "intel", indicator(40, tlp=TLP.GREEN), owner=FRIEND.id)
        take(store, "own-only", indicator(50, tlp=TLP.GREEN))
        with serving(store, tmp_path_factory.mktemp("home")) as node:
            yield World(node)


def _objects(world: World, who: str = "own") -> int:
    found: int = world.ask(who, "GET", "/search/counts").json()["total"]
    return found


def test_a_proposal_is_no_intelligence_until_another_person_accepts_it(world: World) -> None:
    before = _objects(world)
    made = world.propose("helper", NOTE)
    assert _objects(world) == before
    shown = world.ask("own", "GET", f"/proposals/{made}").json()
    assert shown["proposal"]["account"] == "helper"
    assert shown["proposal"]["tlp"] == "green"
    assert shown["proposal"]["status"] == "open"
    assert world.ask("helper", "POST", f"/proposals/{made}/acceptance", {}).status_code == 403
    done = world.ask("own", "POST", f"/proposals/{made}/acceptance", {"answer": "thanks"})
    assert done.status_code == 201, done.text
    written = world.ask("own", "GET", f"/objects/{done.json()['id']}").json()
    assert written["object"] == shown["object"]
    assert written["source"] == OWN.id
    after = world.ask("helper", "GET", f"/proposals/{made}").json()["proposal"]
    assert (after["status"], after["answer"], after["decided_by"]) == ("accepted", "thanks", "own")
    again = world.ask("own-two", "POST", f"/proposals/{made}/acceptance", {})
    assert again.status_code == 409
    entries = world.ask("own", "GET", "/journal?action=proposal.").json()["items"]
    told = {(e["action"], e["principal"], e["outcome"]) for e in entries if e["target"] == made}
    assert told == {("proposal.make", "helper", "open"), ("proposal.accept", "own", "accepted")}


def test_who_proposed_does_not_decide_whatever_it_may(world: World) -> None:
    """Guard: the comparison of accounts in `Desk._deciding`."""
    made = world.propose("own", NOTE)
    for act in ("acceptance", "rejection"):
        answer = world.ask("own", "POST", f"/proposals/{made}/{act}", {})
        assert answer.status_code == 403
        assert "does not decide" in answer.json()["detail"]
    assert world.ask("own-two", "POST", f"/proposals/{made}/rejection", {"answer": "no"}).status_code == 201
    assert world.ask("own", "GET", f"/proposals/{made}").json()["proposal"]["status"] == "rejected"


def test_it_exists_for_who_made_it_and_who_decides_alone(world: World) -> None:
    """Guard: `_SEEN` in `store.proposals`."""
    made = world.propose("helper", NOTE)
    missing = world.ask("outsider", "GET", f"/proposals/{'0' * 8}-0000-4000-8000-{'0' * 12}")
    for who in ("outsider", "analyst", "reading"):
        for method, path, body in (
            ("GET", "", None), ("DELETE", "", None), ("POST", "/acceptance", {}), ("POST", "/rejection", {}),
        ):  # fmt: skip
            answer = world.ask(who, method, f"/proposals/{made}{path}", body)
            expected = (403, 404) if who != "outsider" else (404,)
            assert answer.status_code in expected
            if answer.status_code == 404:
                assert answer.content == missing.content
        assert made not in world.ask(who, "GET", "/proposals?limit=100").text


def test_a_version_is_decided_by_who_asserts_it_and_only_from_the_version_it_was_made_from(
    world: World,
) -> None:
    wanted = version(40, 5, tlp=TLP.GREEN, name="renamed")
    made = world.propose("analyst", {"reason": "a better name", "version": wanted})
    stale = world.propose("helper", {"reason": "another name", "version": version(40, 6, tlp=TLP.GREEN)})
    assert world.ask("own", "POST", f"/proposals/{stale}/acceptance", {}).status_code == 403
    # whose proposal it is, is not for FRIEND to know beyond the node's own organisation
    shown = world.ask("friend", "GET", f"/proposals/{stale}").json()["proposal"]
    assert (shown["organisation"], shown["account"]) == (OWN.id, None)
    done = world.ask("friend", "POST", f"/proposals/{made}/acceptance", {})
    assert done.status_code == 201, done.text
    assert world.ask("friend", "GET", f"/objects/{wanted['id']}").json()["object"]["name"] == "renamed"
    late = world.ask("friend", "POST", f"/proposals/{stale}/acceptance", {})
    assert late.status_code == 409
    assert "newer version" in late.json()["detail"]
    assert world.ask("friend", "GET", f"/proposals/{stale}").json()["proposal"]["status"] == "open"


def test_what_others_propose_to_a_collection_goes_to_the_own_organisation(world: World) -> None:
    body = {"reason": "new", "collection": "readable", "object": indicator(60, tlp=TLP.CLEAR)}
    made = world.propose("analyst", body)
    # seen by both organisations, decided by the own one
    assert world.ask("friend", "POST", f"/proposals/{made}/acceptance", {}).status_code == 403
    shown = world.ask("own", "GET", f"/proposals/{made}").json()["proposal"]
    assert (shown["organisation"], shown["account"], shown["decider"]) == (FRIEND.id, "analyst", OWN.id)
    assert world.ask("own", "POST", f"/proposals/{made}/acceptance", {}).status_code == 201
    assert world.ask("friend", "GET", f"/objects/{indicator(60)['id']}").json()["source"] == OWN.id


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"reason": "x", "about": indicator(30)["id"], "note": {"content": "x"}}, 404, "no such object"),
        ({"reason": "x", "about": indicator(999)["id"], "note": {"content": "x"}}, 404, "no such object"),
        ({"reason": "x", "version": version(30, 9, tlp=TLP.RED)}, 404, "no such object"),
        ({"reason": "x", "object": indicator(1)}, 409, "there is an object"),
        ({"reason": "x", "version": indicator(1)}, 422, "later `modified`"),
        ({"reason": "x", "object": indicator(61) | {"pattern": "[x"}, "collection": "intel"}, 422, "pattern"),
        ({"reason": "x", "object": indicator(61, tlp=TLP.GREEN), "collection": "own-only"}, 404, "no such collection"),
        ({"reason": "x", "object": indicator(61, tlp=TLP.GREEN)}, 422, "name the collection"),
        ({"reason": "x", "about": indicator(1)["id"]}, 422, "exactly one"),
        ({"reason": "x", "note": {"content": "x"}}, 422, "/about"),
        ({"reason": " ", **{k: v for k, v in NOTE.items() if k != "reason"}}, 422, "say why"),
        ({"reason": "x", "about": indicator(1)["id"], "relation": {"relationship_type": "related-to", "target": indicator(30)["id"]}}, 404, "relate"),
    ],
)  # fmt: skip
def test_what_cannot_be_proposed_says_why(world: World, body: Any, status: int, said: str) -> None:
    answer = world.ask("analyst", "POST", "/proposals", body)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]


def test_scopes(world: World) -> None:
    for who in ("reading", "friend"):
        assert world.ask(who, "POST", "/proposals", NOTE).status_code == 403
    marking = {
        "type": "marking-definition", "spec_version": "2.1", "created": "2026-01-01T00:00:00.000Z",
        "id": "marking-definition--00000000-0000-4000-8000-0000000000aa", "definition_type": "statement",
        "definition": {"statement": "x"},
    }  # fmt: skip
    answer = world.ask(
        "helper", "POST", "/proposals", {"reason": "x", "collection": "intel", "object": marking}
    )
    assert answer.status_code == 422


def test_every_kind_is_what_it_says(world: World) -> None:
    about = indicator(2)["id"]
    bodies = {
        "note": {"about": about, "note": {"content": "x", "abstract": "y"}},
        "opinion": {"about": about, "opinion": {"opinion": "agree"}},
        "sighting": {"about": about, "sighting": {"count": 3}},
        "relationship": {"about": about, "relation": {"relationship_type": "related-to", "target": indicator(3)["id"]}},
        "domain-name": {"object": observable("new.example", object_marking_refs=[id_of(TLP.GREEN)]), "collection": "intel"},
    }  # fmt: skip
    for kind, body in bodies.items():
        made = world.propose("helper", {"reason": "x", **body})
        found = world.ask("own", "GET", f"/proposals/{made}").json()
        assert found["object"]["type"] == kind
        assert found["proposal"]["tlp"] == "green"
        assert world.ask("own", "POST", f"/proposals/{made}/acceptance", {}).status_code == 201
    (sighting,) = world.listed("own", f"/objects/{about}/sightings")
    assert sighting["object"]["count"] == 3


def test_a_flood_is_refused_and_pages_go_on_to_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: the count in `store.proposals.add`."""
    world.people("flood", FRIEND.id, ("taxii:read", "propose"))
    monkeypatch.setattr(proposals, "OPEN_AT_MOST", 5)
    made = {world.propose("flood", NOTE) for _ in range(5)}
    refused = world.ask("flood", "POST", "/proposals", NOTE)
    assert refused.status_code == 429
    assert world.ask("flood", "DELETE", f"/proposals/{min(made)}").json()["status"] == "withdrawn"
    made.add(world.propose("flood", NOTE))
    monkeypatch.setattr(proposals, "DAILY_AT_MOST", 6)
    for each in made:
        world.ask("flood", "DELETE", f"/proposals/{each}")
    assert world.ask("flood", "POST", "/proposals", NOTE).status_code == 429
    found, cursor = [], ""
    while cursor is not None:
        page = world.ask("flood", "GET", f"/proposals?status=withdrawn&limit=2&cursor={cursor}").json()
        found += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert made <= set(found)
    assert len(found) == len(set(found))
    huge = {
        "reason": "x",
        "object": indicator(62, tlp=TLP.GREEN, description="x" * 300_000),
        "collection": "intel",
    }
    assert world.ask("helper", "POST", "/proposals", huge).status_code == 413


def test_what_is_over_is_expired(world: World) -> None:
    made = world.propose("helper", NOTE)
    with world.node.store.connection() as connection:
        connection.execute("UPDATE proposal SET expires = 1 WHERE id = %s", (made,))
    assert world.ask("own", "GET", f"/proposals/{made}").json()["proposal"]["status"] == "expired"
    assert made in world.ask("own", "GET", "/proposals?status=expired").text
    assert made not in world.ask("own", "GET", "/proposals?status=open&limit=100").text
    for method, path, body in (("POST", "/acceptance", {}), ("POST", "/rejection", {})):
        assert world.ask("own", method, f"/proposals/{made}{path}", body).status_code == 409


def test_a_ceiling_holds_on_every_route(world: World) -> None:
    """Guard: `Decider._below`, and each place that hands `ceiling` on."""
    world.people("low", OWN.id, ("taxii:read", "taxii:write", "propose"), ceiling="green")
    red, amber, green = (indicator(n)["id"] for n in (30, 31, 1))
    assert world.ask("low", "GET", "/status").json()["ceiling"] == "green"
    for hidden in (red, amber):
        for path in ("", "/versions", "/assertions"):
            assert world.ask("low", "GET", f"/objects/{hidden}{path}").status_code == 404
        assert world.ask("own", "GET", f"/objects/{hidden}").status_code == 200
        for path in (
            "/search?q=type:indicator&limit=500",
            "/objects?limit=500",
            f"/objects/{green}/relations",
        ):
            assert hidden not in world.ask("low", "GET", path).text
        with world.node.client("low") as client:
            assert hidden not in client.get("/taxii2/node/collections/intel/objects/?limit=1000").text
            assert client.get(f"/taxii2/node/collections/intel/objects/{hidden}/").status_code == 404
        asked = world.ask("low", "GET", f"/objects/{hidden}/explanation?recipient=Friend")
        assert asked.status_code == 404
    counted = world.ask("low", "GET", "/search/counts").json()["tlp"]
    assert set(counted) <= {"clear", "green"}
    hook = {"url": "https://hook.example/", "query": ""}
    assert world.ask("low", "POST", "/webhooks", hook).status_code == 403
    above = world.propose("helper", {"reason": "x", "about": amber, "note": {"content": "amber words"}})
    assert world.ask("low", "GET", f"/proposals/{above}").status_code == 404
    assert above not in world.ask("low", "GET", "/proposals?limit=100").text
    assert world.ask("low", "POST", f"/proposals/{above}/acceptance", {}).status_code == 404
    assert above in world.ask("own", "GET", "/proposals?limit=100").text


def test_a_crash_between_writing_and_saying_so_is_made_good(world: World) -> None:
    """Guard: the comparison of bytes in `Desk._fitting`."""
    made = world.propose(
        "helper", {"reason": "x", "collection": "intel", "object": indicator(70, tlp=TLP.GREEN)}
    )
    assert world.ask("own", "POST", f"/proposals/{made}/acceptance", {}).status_code == 201
    with world.node.store.connection() as connection:
        connection.execute("UPDATE proposal SET status = 'open', decided = NULL WHERE id = %s", (made,))
    again = world.ask("own", "POST", f"/proposals/{made}/acceptance", {})
    assert (again.status_code, again.json()["outcome"]) == (201, "same")


def test_the_proposal_is_a_struct_of_the_table() -> None:
    assert len(msgspec.structs.fields(proposals.Proposal)) == len(proposals._COLUMNS.split(", "))
